//! Asks a person for their PIN.

use domain::{MAX_PIN_DIGITS, MIN_PIN_DIGITS, Person};
use gloo_timers::callback::Interval;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::desk::badge::is_right_pin;
use crate::device::feedback::{self, Feedback};
use crate::device::wrong_pins;
use crate::ui::button::button;
use crate::ui::keypad::{PadKey, keypad_of_digits};
use crate::ui::use_element::use_element;
use crate::words::language::{t, tf, tn};

/// How often the seconds of a pause are drawn.
const TICK_MILLIS: u32 = 500;
const MILLIS_A_SECOND: u64 = 1_000;

/// The person, and what follows.
#[derive(Properties, PartialEq)]
pub(super) struct PinPadProps {
    pub(super) person: Person,
    /// The word on the button.
    pub(super) word: AttrValue,
    /// Called with the person when the PIN is right.
    pub(super) on_right: Callback<Person>,
    pub(super) on_back: Callback<()>,
}

/// The state of the pad.
#[derive(Clone, Debug, Default, PartialEq)]
struct Pad {
    pin: String,
    is_busy: bool,
    fault: Option<AttrValue>,
}

/// The pad.
#[component]
pub(super) fn PinPad(props: &PinPadProps) -> Html {
    let pad = use_state(Pad::default);
    let input = use_node_ref();
    use_element(&input, true, |input| {
        // Without focus, the keypad works.
        let _ = input.focus();
    });
    let pause = use_pause_seconds(&props.person);
    let rests = pad.is_busy || pause > 0;
    let on_key = {
        let pad = pad.clone();
        Callback::from(move |key| {
            if !pad.is_busy {
                pad.set(Pad { pin: pressed(&pad.pin, key), fault: None, ..Pad::default() });
            }
        })
    };
    let oninput = {
        let pad = pad.clone();
        Callback::from(move |event: InputEvent| {
            let typed =
                event.target_dyn_into::<HtmlInputElement>().map_or_else(String::new, |input| input.value());
            pad.set(Pad { pin: digits(&typed), fault: None, ..(*pad).clone() });
        })
    };
    let onsubmit = submitting(props, &pad, rests);
    let back = props.on_back.reform(|_: MouseEvent| ());
    let fault = match pause {
        0 => pad.fault.clone(),
        _ => Some(
            tn(pause, "Too many wrong PINs. Wait {n} second.", "Too many wrong PINs. Wait {n} seconds.")
                .into(),
        ),
    };
    html! {
        <form class="pin-pad" {onsubmit} novalidate={true} data-test="pin-pad">
            <label for="pin">{ tf("PIN of {name}", &[("name", &props.person.name)]) }</label>
            // The soft keyboard stays away, because the pad is there.
            <input id="pin" ref={input} class="pin" type="password" inputmode="none" autocomplete="one-time-code"
                value={pad.pin.clone()} {oninput} aria-invalid={fault.is_some().then_some("true")}
                aria-describedby="pin-fault" data-test="pin" />
            <p class="field-note" role="alert" id="pin-fault">
                if let Some(fault) = fault {
                    <span class="fault" data-test="pin-fault">{ fault }</span>
                }
            </p>
            { keypad_of_digits(&on_key) }
            <div class="sheet-actions">
                { button("button", t("Back").into(), back, "pin-back") }
                <button class="button primary" type="submit" disabled={rests} data-test="pin-confirm">{ &props.word }</button>
            </div>
        </form>
    }
}

/// The seconds until the next try, redrawn while there are some.
#[hook]
fn use_pause_seconds(person: &Person) -> usize {
    let ticks = use_force_update();
    let millis = wrong_pins::pause_millis(person.id, browser::now());
    use_effect_with(millis > 0, move |is_pause| {
        let tick = is_pause.then(|| Interval::new(TICK_MILLIS, move || ticks.force_update()));
        move || drop(tick)
    });
    usize::try_from(millis.div_ceil(MILLIS_A_SECOND)).unwrap_or(usize::MAX)
}

fn submitting(props: &PinPadProps, pad: &UseStateHandle<Pad>, rests: bool) -> Callback<SubmitEvent> {
    let PinPadProps { person, on_right, .. } = props;
    let (person, on_right, pad) = (person.clone(), on_right.clone(), pad.clone());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        if rests || pad.pin.len() < MIN_PIN_DIGITS {
            return;
        }
        let (person, on_right, setter, pin) =
            (person.clone(), on_right.clone(), pad.setter(), pad.pin.clone());
        setter.set(Pad { is_busy: true, ..(*pad).clone() });
        spawn_local(async move {
            let fault = match is_right_pin(&person, &pin).await {
                Ok(true) => return on_right.emit(person),
                Ok(false) => {
                    wrong_pins::note(person.id, browser::now());
                    t("Wrong PIN. Try again, or scan your badge.").to_owned()
                }
                Err(sentence) => sentence,
            };
            feedback::give(Feedback::Wrong);
            setter.set(Pad { fault: Some(fault.into()), ..Pad::default() });
        });
    })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).take(MAX_PIN_DIGITS).collect()
}

fn pressed(pin: &str, key: PadKey) -> String {
    match key {
        PadKey::Digit(digit) => digits(&format!("{pin}{digit}")),
        PadKey::Backspace => pin.chars().take(pin.len().saturating_sub(1)).collect(),
        PadKey::Point => pin.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_make_a_pin_of_at_most_twelve_digits() {
        let typed = |keys: &[PadKey]| keys.iter().fold(String::new(), |pin, key| pressed(&pin, *key));
        assert_eq!(typed(&[PadKey::Digit(0), PadKey::Digit(0), PadKey::Point, PadKey::Digit(7)]), "007");
        assert_eq!(typed(&[PadKey::Digit(4), PadKey::Backspace, PadKey::Backspace]), "");
        assert_eq!(typed(&[PadKey::Digit(9); 20]).len(), MAX_PIN_DIGITS);
        assert_eq!(digits("1a٣2"), "12");
    }
}
