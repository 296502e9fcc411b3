//! Sounds and vibrations for scans, so that people need not look at the screen.

use std::cell::{Cell, OnceCell};

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AudioContext, AudioContextState, OscillatorType};

use super::preferences::Preferences;

/// A sound that starts later than this after its scan would be mistaken for the next scan's.
const STALE_MILLIS: f64 = 400.0;
/// Fade-in and fade-out of a tone; a hard edge clicks.
const EDGE_SECONDS: f64 = 0.008;

/// A kind of feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback {
    /// A correct scan.
    Right,
    /// A wrong scan.
    Wrong,
    /// An unknown code.
    Unknown,
    /// Saved on this device.
    Saved,
}

/// One of a sound's tones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tone {
    hertz: f32,
    at_seconds: f64,
    lasts_seconds: f64,
    volume: f32,
}

const fn tone(hertz: f32, at_seconds: f64, lasts_seconds: f64, volume: f32) -> Tone {
    Tone { hertz, at_seconds, lasts_seconds, volume }
}

const RIGHT: [Tone; 1] = [tone(1_760.0, 0.0, 0.12, 0.5)];
const WRONG: [Tone; 2] = [tone(175.0, 0.0, 0.22, 0.5), tone(131.0, 0.27, 0.32, 0.5)];
const UNKNOWN: [Tone; 3] =
    [tone(587.0, 0.0, 0.09, 0.5), tone(587.0, 0.15, 0.09, 0.5), tone(587.0, 0.3, 0.09, 0.5)];
const SAVED: [Tone; 2] = [tone(880.0, 0.0, 0.1, 0.2), tone(1_175.0, 0.12, 0.16, 0.2)];

impl Feedback {
    pub(crate) const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Unknown, Self::Saved];

    /// Number, pitch and duration of the tones: each alone distinguishes the sounds.
    const fn tones(self) -> &'static [Tone] {
        match self {
            Self::Right => &RIGHT,
            Self::Wrong => &WRONG,
            Self::Unknown => &UNKNOWN,
            Self::Saved => &SAVED,
        }
    }

    /// Low tones need overtones: a handheld's speaker hardly reproduces the fundamental.
    const fn wave(self) -> OscillatorType {
        match self {
            Self::Wrong => OscillatorType::Square,
            Self::Unknown => OscillatorType::Triangle,
            Self::Right | Self::Saved => OscillatorType::Sine,
        }
    }

    /// Durations in milliseconds, alternately on and off.
    const fn vibration(self) -> &'static [u32] {
        match self {
            Self::Right => &[60],
            Self::Wrong => &[250, 100, 250],
            Self::Unknown => &[90, 70, 90, 70, 90],
            Self::Saved => &[30, 40, 30],
        }
    }
}

/// Plays the sound, and vibrates if the device can, unless the user has switched them off.
pub(crate) fn give(feedback: Feedback) {
    if Preferences::load().sounds {
        play_now(feedback);
    }
}

/// Plays regardless of the preferences, because the user asked for it.
pub(crate) fn play_now(feedback: Feedback) {
    play(feedback);
    vibrate(feedback);
}

thread_local! {
    /// Browsers allow only a few of them, and only after a key or a tap; so it is created for the first
    /// sound.
    static CONTEXT: OnceCell<Option<AudioContext>> = const { OnceCell::new() };
    static IS_WAKING: Cell<bool> = const { Cell::new(false) };
}

fn play(feedback: Feedback) {
    let Some(context) = CONTEXT.with(|context| context.get_or_init(|| AudioContext::new().ok()).clone())
    else {
        return;
    };
    if context.state() == AudioContextState::Running {
        return schedule(&context, feedback);
    }
    // The browser keeps it suspended until the user touches the page. Sounds that waited for that are stale.
    let Ok(waking) = context.resume() else { return };
    if IS_WAKING.replace(true) {
        return;
    }
    let asked_at = js_sys::Date::now();
    spawn_local(async move {
        let woken = JsFuture::from(waking).await;
        IS_WAKING.set(false);
        if woken.is_ok() && js_sys::Date::now() - asked_at <= STALE_MILLIS {
            schedule(&context, feedback);
        }
    });
}

fn schedule(context: &AudioContext, feedback: Feedback) {
    for tone in feedback.tones() {
        // Without the sound, colour, text and vibration remain.
        drop(schedule_tone(context, feedback.wave(), *tone));
    }
}

fn schedule_tone(context: &AudioContext, wave: OscillatorType, tone: Tone) -> Result<(), JsValue> {
    let (oscillator, gain) = (context.create_oscillator()?, context.create_gain()?);
    oscillator.set_type(wave);
    oscillator.frequency().set_value(tone.hertz);
    let begins = context.current_time() + tone.at_seconds;
    let ends = begins + tone.lasts_seconds;
    let volume = gain.gain();
    volume.set_value_at_time(0.0, begins)?;
    volume.linear_ramp_to_value_at_time(tone.volume, begins + EDGE_SECONDS)?;
    volume.set_value_at_time(tone.volume, ends - EDGE_SECONDS)?;
    volume.linear_ramp_to_value_at_time(0.0, ends)?;
    oscillator.connect_with_audio_node(&gain)?;
    gain.connect_with_audio_node(&context.destination())?;
    oscillator.start_with_when(begins)?;
    oscillator.stop_with_when(ends)
}

/// Available on Android phones; the bindings would trap if it is missing.
fn vibrate(feedback: Feedback) {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else { return };
    let Ok(vibrate) = Reflect::get(&navigator, &"vibrate".into()) else { return };
    if let Some(vibrate) = vibrate.dyn_ref::<Function>() {
        let pattern: Array = feedback.vibration().iter().map(|millis| JsValue::from(*millis)).collect();
        // The browser may ignore it.
        drop(vibrate.call1(&navigator, &pattern));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sounds_differ() {
        let number = |feedback: Feedback| feedback.tones().len();
        assert_eq!(Feedback::ALL.map(number), [1, 2, 3, 2]);
        for (first, second) in [(Feedback::Wrong, Feedback::Saved), (Feedback::Right, Feedback::Unknown)] {
            assert!((first.tones()[0].hertz / second.tones()[0].hertz).log2().abs() > 1.0, "an octave apart");
        }
        for (nth, one) in Feedback::ALL.into_iter().enumerate() {
            assert!(Feedback::ALL[nth + 1..].iter().all(|other| other.vibration() != one.vibration()));
        }
    }

    #[test]
    fn every_tone_has_room_for_its_fades_and_ends_before_the_next_begins() {
        for tones in Feedback::ALL.map(Feedback::tones) {
            assert!(tones.iter().all(|tone| tone.lasts_seconds > 2.0 * EDGE_SECONDS));
            assert!(
                tones.windows(2).all(|two| two[0].at_seconds + two[0].lasts_seconds <= two[1].at_seconds)
            );
        }
    }
}
