//! The quantity of the current operation: the largest element on the screen, with steps and a keypad.

use domain::{NUMBER_SIGNS, Quantity, QuantityFault};
use web_sys::{FocusOptions, HtmlInputElement};
use yew::prelude::*;

use super::button::icon_button;
use super::field::typed_into;
use super::icon::Glyph;
use super::keypad::{MAX_QUANTITY_CHARS, PadKey, keypad, press};
use super::use_element::use_element;
use crate::words::format;
use crate::words::language::{t, tf};

/// A quantity field.
#[derive(Properties, PartialEq)]
pub(crate) struct QuantityFieldProps {
    pub(crate) label: AttrValue,
    pub(crate) unit: AttrValue,
    /// The typed text.
    pub(crate) text: AttrValue,
    pub(crate) on_change: Callback<String>,
    /// The text below, such as the quantity left.
    #[prop_or_default]
    pub(crate) note: Html,
    #[prop_or_default]
    pub(crate) fault: Option<AttrValue>,
    /// Whether it gets the focus.
    #[prop_or(true)]
    pub(crate) takes_focus: bool,
}

/// Parses a typed quantity, in a unit with `decimals` decimals.
///
/// # Errors
/// A sentence for the person who typed it.
pub(crate) fn read_quantity(text: &str, decimals: usize) -> Result<Quantity, String> {
    if text.trim().is_empty() {
        return Err(t("Type a quantity.").to_owned());
    }
    let quantity = Quantity::parse(text).map_err(|fault| match fault {
        QuantityFault::NotANumber => {
            tf("\"{text}\" is not a number. Enter one such as 12 or 0.5.", &[("text", &text)])
        }
        QuantityFault::TooFine => t("A quantity has at most three decimals. Shorten it.").to_owned(),
        QuantityFault::TooLarge => t("The quantity is more than 1,000,000,000. Correct it.").to_owned(),
    })?;
    // "1,000" may be one thousand, or one: neither is assumed.
    if decimals == 0 && text.contains(NUMBER_SIGNS) {
        return Err(t("This product is counted, not measured: type a whole number.").to_owned());
    }
    Ok(quantity)
}

/// One step up or down; never below zero.
fn step(text: &str, by: Quantity) -> String {
    let now = Quantity::parse(text).unwrap_or(Quantity::ZERO);
    let next = (now + by).max(Quantity::ZERO);
    if next.in_range() { format::typed(next) } else { text.to_owned() }
}

/// A quantity with its steps and keypad.
#[component]
pub(crate) fn QuantityField(props: &QuantityFieldProps) -> Html {
    let input = use_node_ref();
    let is_edited = use_state(bool::default);
    let proposal = use_memo((), |()| props.text.clone());
    use_element(&input, props.takes_focus, |input| {
        // Scrolling to it would hide the lot and the destination. Without focus the keypad still works. In a sheet,
        // `autofocus` sets the focus when it opens.
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = input.focus_with_options(&options);
    });
    let change = |make: fn(&str, bool) -> String| {
        let (text, is_edited, on_change) = (props.text.clone(), is_edited.clone(), props.on_change.clone());
        Callback::from(move |_: MouseEvent| {
            on_change.emit(make(&text, !*is_edited));
            is_edited.set(true);
        })
    };
    let on_key = {
        let (text, is_edited, on_change) = (props.text.clone(), is_edited.clone(), props.on_change.clone());
        Callback::from(move |key: PadKey| {
            on_change.emit(press(&text, key, !*is_edited));
            is_edited.set(true);
        })
    };
    // A scan into the field does not change the proposal.
    let note_edit = {
        let is_edited = is_edited.clone();
        move |typed: &str| is_edited.set(typed != proposal.as_str())
    };
    let fault_id = props.fault.is_some().then_some("quantity-fault");
    html! {
        <section class={classes!("quantity", props.fault.is_some().then_some("has-fault"))}>
            <label for="quantity">{ &props.label }</label>
            <div class="quantity-line">
                { icon_button("step", Glyph::Minus, t("One less"), change(|text, _| step(text, Quantity::units(-1))), "quantity-less") }
                <span class="quantity-value">
                    { quantity_input(props, &input, note_edit, fault_id) }
                    <span class="unit" translate="no">{ &props.unit }</span>
                </span>
                { icon_button("step", Glyph::Plus, t("One more"), change(|text, _| step(text, Quantity::units(1))), "quantity-more") }
            </div>
            <div class="quantity-note" aria-live="polite">{ props.note.clone() }</div>
            <div class="quantity-fault" role="alert">
                if let Some(fault) = &props.fault {
                    <p class="fault" id="quantity-fault" data-test="quantity-fault">{ fault }</p>
                }
            </div>
            { keypad(&on_key) }
        </section>
    }
}

fn quantity_input(
    props: &QuantityFieldProps,
    input: &NodeRef,
    note_edit: impl Fn(&str) + 'static,
    fault_id: Option<&'static str>,
) -> Html {
    let on_change = props.on_change.clone();
    let oninput = typed_into(&Callback::from(move |typed: String| {
        note_edit(&typed);
        on_change.emit(typed);
    }));
    let onfocus = Callback::from(|event: FocusEvent| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            input.select();
        }
    });
    // On a touch screen, the keypad below replaces the soft keyboard.
    let keyboard = if is_touch() { "none" } else { "decimal" };
    let width = format!("--chars: {}", props.text.chars().count().max(1));
    html! {
        <input ref={input} id="quantity" type="text" inputmode={keyboard} autocomplete="off" style={width}
            maxlength={MAX_QUANTITY_CHARS.to_string()} value={&props.text} {oninput} {onfocus}
            autofocus={props.takes_focus}
            aria-invalid={fault_id.map(|_| "true")} aria-describedby={fault_id} data-test="quantity" />
    }
}

fn is_touch() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(pointer: coarse)").ok().flatten());
    query.is_some_and(|query| query.matches())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_decimal_signs_and_reports_errors() {
        assert_eq!(read_quantity("1,5", 3), Ok(Quantity(1_500)));
        assert_eq!(read_quantity("1.5", 3), Ok(Quantity(1_500)));
        assert_eq!(read_quantity(" ", 3), Err("Type a quantity.".to_owned()));
        assert!(read_quantity("five", 3).is_err_and(|fault| fault.contains("\"five\" is not a number")));
        assert!(read_quantity("1.5", 0).is_err_and(|fault| fault.contains("whole number")));
        assert_eq!(read_quantity("\u{661}\u{662}", 0), Ok(Quantity(12_000)));
        assert_eq!(read_quantity("\u{661}\u{66b}\u{665}", 3), Ok(Quantity(1_500)));
        assert!(
            ["1.0", "1,000", "12.000", "\u{661}\u{66c}\u{660}\u{660}\u{660}", "\u{661}\u{66b}\u{660}"]
                .iter()
                .all(|text| read_quantity(text, 0).is_err())
        );
        assert!(read_quantity("0.0001", 3).is_err_and(|fault| fault.contains("three decimals")));
    }

    #[test]
    fn steps_stay_in_range() {
        assert_eq!(step("1.5", Quantity::units(1)), "2.5");
        assert_eq!(step("", Quantity::units(1)), "1");
        assert_eq!(step("0.5", Quantity::units(-1)), "0");
        assert_eq!(step("1000000000", Quantity::units(1)), "1000000000");
    }
}
