//! Listens for a scanner's keys anywhere on the page, and keeps them out of the focused field.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::scan_burst::{Burst, Step};
use super::scan_key::{Focus, Key, LastBurst, Limits, named};
use super::scan_place::Place;
use crate::device::preferences::Preferences;

/// After this pause, held keys are released, and the page receives the input event.
const RELEASE_MILLIS: u32 = 40;
/// A timer of a page that was busy may run before the keys that came meanwhile: they get this time.
const SETTLE_MILLIS: u32 = 40;
/// The key code that on-screen keyboards send for every key.
const NO_KEY_CODE: u32 = 229;

thread_local! {
    static LAST: RefCell<Option<LastBurst>> = const { RefCell::new(None) };
    static IS_TESTING: Cell<bool> = const { Cell::new(false) };
}

/// The last run of keys that ended.
pub(crate) fn last_burst() -> Option<LastBurst> {
    LAST.with_borrow(Clone::clone)
}

/// During a scanner test, slow and short runs of keys count as scans, too.
pub(crate) fn set_testing(is_testing: bool) {
    IS_TESTING.set(is_testing);
}

/// What a listener does with scans.
pub(crate) struct Outcomes {
    /// Receives a code, and the field it is meant for, if there is one.
    pub(crate) on_scan: Box<dyn Fn(String, Option<HtmlInputElement>)>,
    /// A part of a scan was dropped.
    pub(crate) on_torn: Box<dyn Fn()>,
}

struct Heard {
    burst: Burst,
    limits: Limits,
    place: Place,
    /// The place of the run before, if this one may be its tail.
    earlier: Option<Place>,
    /// Keys that may be a scanner's, and were not passed to the page.
    held: String,
    /// Keys that were typed after the focus had moved from `place`, and where. They are typed there once it is known that
    /// a person typed them.
    moved: Vec<(Place, String)>,
    release_timer: Option<Timeout>,
    pause_timer: Option<Timeout>,
    outcomes: Outcomes,
    itself: Weak<RefCell<Self>>,
}

impl Heard {
    fn key(&mut self, event: &KeyboardEvent) {
        // Windows reports Ctrl and Alt for AltGr, which types a character.
        let is_graph = event.get_modifier_state("AltGraph");
        if event.is_composing() || event.meta_key() || (event.alt_key() && !is_graph) {
            return;
        }
        if self.burst.is_over(event.time_stamp(), &self.limits) {
            self.pause();
        }
        if self.burst.is_idle() {
            let limits = Limits::of(&Preferences::load().scanner);
            self.limits = if IS_TESTING.get() { limits.lenient() } else { limits };
        }
        let place = Place::of(event.target());
        let name = name_of(event, &place);
        let key = Key {
            name: &name,
            place: &event.code(),
            is_control: event.ctrl_key() && !is_graph,
            is_caps_lock: event.get_modifier_state("CapsLock"),
            focus: match (&place, self.burst.is_idle() || self.place.is_same(&place)) {
                (Place::Page, true) => Focus::Page,
                (_, true) => Focus::Field,
                (_, false) => Focus::Elsewhere,
            },
            at_millis: event.time_stamp(),
        };
        let step = self.burst.key(key, &self.limits);
        LAST.set(self.burst.last().cloned());
        if step == Step::Began {
            self.begin(place, event.time_stamp());
        } else {
            self.follow(step, event, place, if key.is_modifier() { "" } else { &name });
        }
    }

    fn begin(&mut self, mut place: Place, at_millis: f64) {
        self.release();
        self.release_moved(at_millis);
        if let Some(earlier) = self.earlier.take().filter(|_| self.burst.may_be_tail(at_millis)) {
            place.after(earlier);
        }
        self.place = place;
        self.wait();
    }

    fn follow(&mut self, step: Step, event: &KeyboardEvent, place: Place, name: &str) {
        match step {
            Step::Continued if name.is_empty() => {}
            // A scan begins in one place, such as the page, and the app focuses a field meanwhile.
            Step::Continued | Step::Rushed if event.is_trusted() && !self.place.is_same(&place) => {
                if place.is_held() {
                    withhold(event);
                    self.hold_moved(place, name);
                }
                self.wait();
            }
            Step::Began | Step::Continued => {
                self.release();
                self.wait();
            }
            Step::Rushed => {
                // Synthetic key events type nothing, so there would be nothing to restore.
                if event.is_trusted() && self.place.is_held() {
                    withhold(event);
                    self.held.push_str(character(name));
                }
                self.wait();
            }
            Step::Echo => withhold(event),
            Step::Person => self.give_up(event.time_stamp()),
            Step::Scanned { is_certain: false, .. } if self.place.is_field() => {
                self.give_up(event.time_stamp())
            }
            Step::Scanned { codes, .. } => {
                // The terminator must not submit the form or press the focused button.
                withhold(event);
                self.scanned(codes);
            }
            Step::Torn => {
                withhold(event);
                self.torn();
            }
        }
    }

    /// Holds a key that was typed at `place`, to which the focus has moved.
    fn hold_moved(&mut self, place: Place, name: &str) {
        match self.moved.last_mut().filter(|(last, _)| last.is_same(&place)) {
            Some((_, text)) => text.push_str(character(name)),
            None => self.moved.push((place, character(name).to_owned())),
        }
    }

    /// Types the keys that were held since the focus moved, unless they are a scanner's.
    fn release_moved(&mut self, at_millis: f64) {
        let is_scanner = self.burst.may_be_tail(at_millis);
        for (mut place, text) in std::mem::take(&mut self.moved) {
            if !is_scanner {
                place.insert(&text);
            }
        }
    }

    fn scanned(&mut self, codes: Vec<String>) {
        let field = self.take_back();
        for code in codes {
            (self.outcomes.on_scan)(code, field.clone());
        }
        remember_ending(&self.burst, &self.limits);
    }

    fn torn(&mut self) {
        self.take_back();
        (self.outcomes.on_torn)();
        remember_ending(&self.burst, &self.limits);
    }

    /// Takes the keys out of the field that they were typed into. Returns it if it accepts scans.
    fn take_back(&mut self) -> Option<HtmlInputElement> {
        (self.release_timer, self.pause_timer) = (None, None);
        self.held.clear();
        self.moved.clear();
        std::mem::replace(&mut self.place, Place::Page).without_scan()
    }

    fn give_up(&mut self, at_millis: f64) {
        self.pause_timer = None;
        self.release();
        self.release_moved(at_millis);
        self.place = Place::Page;
    }

    /// Types the held keys, and sends the page the input event.
    fn release(&mut self) {
        self.release_timer = None;
        self.place.tell();
        if !self.held.is_empty() {
            self.place.insert(&std::mem::take(&mut self.held));
        }
    }

    fn wait(&mut self) {
        let is_due = !self.held.is_empty() || self.place.is_field();
        self.release_timer = is_due.then(|| self.after(RELEASE_MILLIS, Self::release));
        self.pause_timer = Some(self.after(self.limits.pause_millis(), Self::settle));
    }

    fn after(&self, millis: u32, act: fn(&mut Self)) -> Timeout {
        let itself = self.itself.clone();
        Timeout::new(millis, move || {
            if let Some(heard) = itself.upgrade()
                && let Ok(mut heard) = heard.try_borrow_mut()
            {
                act(&mut heard);
            }
        })
    }

    fn settle(&mut self) {
        self.pause_timer = Some(self.after(SETTLE_MILLIS, Self::pause));
    }

    fn pause(&mut self) {
        let is_field = self.place.is_field();
        let step = self.burst.pause(&self.limits);
        LAST.set(self.burst.last().cloned());
        match step {
            Step::Scanned { codes, .. } if !is_field => self.scanned(codes),
            Step::Torn if !is_field => self.torn(),
            _ => {
                self.release();
                self.earlier = Some(std::mem::replace(&mut self.place, Place::Page));
                self.give_up(self.burst.head_millis());
            }
        }
    }
}

/// The DOM's name of a key. On-screen keyboards name none, and scanners that act as one are heard only where
/// no field takes their input.
fn name_of(event: &KeyboardEvent, place: &Place) -> String {
    match (event.key_code(), place) {
        (NO_KEY_CODE, Place::Page) => named(&event.key(), &event.code(), event.shift_key()),
        (NO_KEY_CODE, _) => "Process".to_owned(),
        _ => event.key(),
    }
}

/// Keeps for the next visit whether scans end with a key.
fn remember_ending(burst: &Burst, limits: &Limits) {
    if let Some(ends_with_key) = burst.ends_with_key()
        && ends_with_key != limits.ends_with_key
    {
        Preferences::change(|preferences| preferences.scanner.ends_with_key = ends_with_key);
    }
}

/// The character of a key; empty for a named key, such as `Shift`.
fn character(name: &str) -> &str {
    if name.chars().count() == 1 { name } else { "" }
}

fn withhold(event: &KeyboardEvent) {
    event.prevent_default();
    event.stop_propagation();
}

/// Listens until dropped.
pub(crate) struct ScanListener {
    _listeners: [EventListener; 4],
}

impl ScanListener {
    /// Listens on the whole page.
    pub(crate) fn new(outcomes: Outcomes) -> Option<Self> {
        let window = web_sys::window()?;
        let heard = Rc::new_cyclic(|itself| {
            RefCell::new(Heard {
                burst: Burst::default(),
                limits: Limits::of(&Preferences::load().scanner),
                place: Place::Page,
                earlier: None,
                held: String::new(),
                moved: Vec::new(),
                release_timer: None,
                pause_timer: None,
                outcomes,
                itself: itself.clone(),
            })
        });
        let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
        let (pressed, released, heard_typing) = (heard.clone(), heard.clone(), heard.clone());
        // Keys typed before a tap belong to the tapped form, so they are released first.
        let taps = EventListener::new_with_options(&window, "pointerdown", options, move |_| {
            if let Ok(mut heard) = pressed.try_borrow_mut() {
                heard.release();
            }
        });
        let keys = EventListener::new_with_options(&window, "keydown", options, move |event| {
            // A key event dispatched while a scan is handled is not from the scanner.
            if let (Some(event), Ok(mut heard)) = (event.dyn_ref::<KeyboardEvent>(), heard.try_borrow_mut()) {
                heard.key(event);
            }
        });
        let releases = EventListener::new_with_options(&window, "keyup", options, move |event| {
            if let (Some(event), Ok(mut heard)) =
                (event.dyn_ref::<KeyboardEvent>(), released.try_borrow_mut())
            {
                heard.burst.released(&event.code(), event.time_stamp());
            }
        });
        let inputs = EventListener::new_with_options(&window, "input", options, move |event| {
            // Input events of scripts are the page's own.
            if let (true, Ok(mut heard)) = (event.is_trusted(), heard_typing.try_borrow_mut())
                && heard.release_timer.is_some()
                && heard.place.keep_quiet(event.target())
            {
                event.stop_immediate_propagation();
            }
        });
        Some(Self { _listeners: [taps, keys, releases, inputs] })
    }
}
