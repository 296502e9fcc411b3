//! Hears a scanner's keys wherever the focus is, and keeps them out of the field that happens to have it.

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

/// Keys that were held back are let go, and the page is told of what was typed, when nothing came for so long.
const RELEASE_MILLIS: u32 = 40;
/// What keyboards on the screen send for every key, whatever it is.
const NO_KEY_CODE: u32 = 229;

thread_local! {
    static LAST: RefCell<Option<LastBurst>> = const { RefCell::new(None) };
    static IS_TESTING: Cell<bool> = const { Cell::new(false) };
}

/// The last run of keys that ended.
pub(crate) fn last_burst() -> Option<LastBurst> {
    LAST.with_borrow(Clone::clone)
}

/// While a scanner is tested, slow and short runs of keys are scans, too.
pub(crate) fn set_testing(is_testing: bool) {
    IS_TESTING.set(is_testing);
}

struct Heard {
    burst: Burst,
    limits: Limits,
    place: Place,
    /// Keys that look like a scanner's and have not reached the page.
    held: String,
    timers: [Option<Timeout>; 2],
    on_scan: Rc<dyn Fn(String, Option<HtmlInputElement>)>,
    itself: Weak<RefCell<Self>>,
}

impl Heard {
    fn key(&mut self, event: &KeyboardEvent) {
        // Windows says Ctrl and Alt for AltGr, which types a character.
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
                // Keys that a script makes type nothing, so that nothing could be given back.
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
                // The terminator must not send the form or press the button that has the focus.
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

    /// Types what was held back, and lets the page know of what was typed.
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

/// Listens until it is dropped.
pub(crate) struct ScanListener {
    _listeners: [EventListener; 3],
}

impl ScanListener {
    /// Calls `on_scan` with every code that is scanned, and the field it was for, if it was for one.
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
        // Whoever taps a button has typed what it is about.
        let taps = EventListener::new_with_options(&window, "pointerdown", options, move |_| {
            if let Ok(mut heard) = pressed.try_borrow_mut() {
                heard.release();
            }
        });
        let keys = EventListener::new_with_options(&window, "keydown", options, move |event| {
            // A key event made by what a scan set off is none of the scanner's.
            if let (Some(event), Ok(mut heard)) = (event.dyn_ref::<KeyboardEvent>(), heard.try_borrow_mut()) {
                heard.key(event);
            }
        });
        let inputs = EventListener::new_with_options(&window, "input", options, move |event| {
            // What a script does is what the page does.
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
