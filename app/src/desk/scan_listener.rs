//! Listens for a scanner's keys anywhere on the page, and keeps them out of the focused field.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::scan_burst::{Burst, Step};
use super::scan_key::{Key, LastBurst, Limits};
use super::scan_place::Place;
use crate::device::preferences::Preferences;

/// After this pause, held keys are released, and the page receives the input event.
const RELEASE_MILLIS: u32 = 40;
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

struct Heard {
    burst: Burst,
    limits: Limits,
    place: Place,
    /// Keys that may be a scanner's, and were not passed to the page.
    held: String,
    timers: [Option<Timeout>; 2],
    on_scan: Rc<dyn Fn(String, Option<HtmlInputElement>)>,
    itself: Weak<RefCell<Self>>,
}

impl Heard {
    fn key(&mut self, event: &KeyboardEvent) {
        // Windows reports Ctrl and Alt for AltGr, which types a character.
        let is_graph = event.get_modifier_state("AltGraph");
        if event.is_composing() || event.meta_key() || (event.alt_key() && !is_graph) {
            return;
        }
        let name = if event.key_code() == NO_KEY_CODE { "Process".to_owned() } else { event.key() };
        let key = Key {
            name: &name,
            place: &event.code(),
            is_control: event.ctrl_key() && !is_graph,
            at_millis: event.time_stamp(),
        };
        if self.burst.is_idle() {
            let limits = Limits::of(&Preferences::load().scanner);
            self.limits = if IS_TESTING.get() { limits.lenient() } else { limits };
        }
        let step = self.burst.key(key, &self.limits);
        LAST.set(self.burst.last().cloned());
        self.follow(step, event, if key.is_modifier() { "" } else { &name });
    }

    fn follow(&mut self, step: Step, event: &KeyboardEvent, name: &str) {
        match step {
            Step::Began => {
                self.release();
                self.place = Place::of(event.target());
                self.wait();
            }
            Step::Continued if name.is_empty() => {}
            Step::Continued => {
                self.release();
                self.wait();
            }
            Step::Rushed => {
                // Synthetic key events type nothing, so there would be nothing to restore.
                if event.is_trusted() && self.place.is_held() {
                    withhold(event);
                    self.held.extend(name.chars().filter(|_| name.chars().count() == 1));
                }
                self.wait();
            }
            Step::Echo => withhold(event),
            Step::Person => self.give_up(),
            Step::Scanned { is_certain: false, .. } if self.place.is_field() => self.give_up(),
            Step::Scanned { code, .. } => {
                // The terminator must not submit the form or press the focused button.
                withhold(event);
                self.scanned(code);
            }
        }
    }

    fn scanned(&mut self, code: String) {
        self.timers = [None, None];
        self.held.clear();
        let place = std::mem::replace(&mut self.place, Place::Page);
        (self.on_scan)(code, place.without_scan());
    }

    fn give_up(&mut self) {
        self.timers = [None, None];
        self.release();
        self.place = Place::Page;
    }

    /// Types the held keys, and sends the page the input event.
    fn release(&mut self) {
        self.place.tell();
        if !self.held.is_empty() {
            self.place.insert(&std::mem::take(&mut self.held));
        }
    }

    fn wait(&mut self) {
        let after = |millis, act: fn(&mut Self)| {
            let itself = self.itself.clone();
            Timeout::new(millis, move || {
                if let Some(heard) = itself.upgrade()
                    && let Ok(mut heard) = heard.try_borrow_mut()
                {
                    act(&mut heard);
                }
            })
        };
        let is_due = !self.held.is_empty() || self.place.is_field();
        let release = is_due.then(|| after(RELEASE_MILLIS, Self::release));
        self.timers = [release, Some(after(self.limits.pause_millis(), Self::pause))];
    }

    fn pause(&mut self) {
        let is_field = self.place.is_field();
        let step = self.burst.pause(&self.limits);
        LAST.set(self.burst.last().cloned());
        match step {
            Step::Scanned { code, .. } if !is_field => self.scanned(code),
            _ => self.give_up(),
        }
    }
}

fn withhold(event: &KeyboardEvent) {
    event.prevent_default();
    event.stop_propagation();
}

/// Listens until dropped.
pub(crate) struct ScanListener {
    _listeners: [EventListener; 3],
}

impl ScanListener {
    /// Calls `on_scan` with every scanned code, and with the field it is meant for, if there is one.
    pub(crate) fn new(on_scan: impl Fn(String, Option<HtmlInputElement>) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let heard = Rc::new_cyclic(|itself| {
            RefCell::new(Heard {
                burst: Burst::default(),
                limits: Limits::of(&Preferences::load().scanner),
                place: Place::Page,
                held: String::new(),
                timers: [None, None],
                on_scan: Rc::new(on_scan),
                itself: itself.clone(),
            })
        });
        let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
        let (pressed, heard_typing) = (heard.clone(), heard.clone());
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
        let inputs = EventListener::new_with_options(&window, "input", options, move |event| {
            // Input events of scripts are the page's own.
            if let (true, Ok(mut heard)) = (event.is_trusted(), heard_typing.try_borrow_mut())
                && !heard.burst.is_idle()
                && heard.place.keep_quiet(event.target())
            {
                event.stop_immediate_propagation();
            }
        });
        Some(Self { _listeners: [taps, keys, inputs] })
    }
}
