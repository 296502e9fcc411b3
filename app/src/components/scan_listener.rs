//! Hears a scanner's keys wherever the focus is, and keeps them out of the field that happens to have it.

use std::cell::RefCell;

use gloo_events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use web_sys::{Event, EventTarget, HtmlInputElement, KeyboardEvent};

use super::scan_burst::{Burst, Step};

/// A field as it was before a scanner typed into it.
struct Untouched {
    field: HtmlInputElement,
    value: String,
}

impl Untouched {
    fn of(target: Option<EventTarget>) -> Option<Self> {
        let field: HtmlInputElement = target?.dyn_into().ok()?;
        let is_text = !matches!(field.type_().as_str(), "button" | "checkbox" | "radio" | "submit" | "date");
        is_text.then(|| Self { value: field.value(), field })
    }

    /// Whether a scan is what this field waits for, as `data-scan="field"` says.
    fn wants_scans(&self) -> bool {
        self.field.get_attribute("data-scan").as_deref() == Some("field")
    }

    fn set(&self, value: &str) {
        self.field.set_value(value);
        if let Ok(event) = Event::new("input") {
            event.init_event_with_bubbles("input", true);
            // It fails only for an event that is under way already.
            let _ = self.field.dispatch_event(&event);
        }
    }
}

#[derive(Default)]
struct Heard {
    burst: Burst,
    before: Option<Untouched>,
}

impl Heard {
    fn key(&mut self, event: &KeyboardEvent, on_scan: &impl Fn(String)) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
            return;
        }
        match self.burst.key(&event.key(), event.time_stamp()) {
            Step::Began => self.before = Untouched::of(event.target()),
            Step::Continued => {}
            Step::Person => self.before = None,
            Step::Scanned { is_certain: false, .. } if self.before.is_some() => self.before = None,
            Step::Scanned { code, .. } => {
                // The terminator must not send the form or press the button that has the focus.
                event.prevent_default();
                event.stop_propagation();
                match self.before.take() {
                    Some(before) if before.wants_scans() => before.set(&code),
                    Some(before) => {
                        before.set(&before.value);
                        on_scan(code);
                    }
                    None => on_scan(code),
                }
            }
        }
    }
}

/// Listens until it is dropped.
pub(crate) struct ScanListener {
    _listener: EventListener,
}

impl ScanListener {
    /// Calls `on_scan` with every code that is scanned.
    pub(crate) fn new(on_scan: impl Fn(String) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let heard = RefCell::new(Heard::default());
        let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
        let listener = EventListener::new_with_options(&window, "keydown", options, move |event| {
            // A key event made by what a scan set off is none of the scanner's.
            if let (Some(event), Ok(mut heard)) = (event.dyn_ref::<KeyboardEvent>(), heard.try_borrow_mut()) {
                heard.key(event, &on_scan);
            }
        });
        Some(Self { _listener: listener })
    }
}
