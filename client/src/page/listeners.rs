//! The browser's events about network and page, as the scheduler's events.

use gloo_events::EventListener;
use js_sys::Reflect;
use sync::Event;

use crate::engine::Engine;
use crate::host::Host;

/// Feeds `online`, `offline`, `visibilitychange`, `pageshow` and `resume` to the engine until the listeners are dropped.
pub(super) fn listen<H: Host>(engine: &Engine<H>) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let Some(document) = window.document() else { return Vec::new() };
    if !window.navigator().on_line() {
        engine.handle(Event::Offline);
    }
    let on =
        |target: &web_sys::EventTarget, name: &'static str, event: fn(&web_sys::Event) -> Option<Event>| {
            let engine = engine.clone();
            EventListener::new(target, name, move |heard| {
                event(heard).into_iter().for_each(|event| engine.handle(event));
            })
        };
    vec![
        on(&window, "online", |_| Some(Event::Online)),
        on(&window, "offline", |_| Some(Event::Offline)),
        // A page that comes out of the back/forward cache, or is thawed: its timers stood still.
        on(&window, "pageshow", |shown| {
            let is_persisted = Reflect::get(shown, &"persisted".into());
            is_persisted.is_ok_and(|persisted| persisted.is_truthy()).then_some(Event::Visible)
        }),
        on(&document, "resume", |_| Some(Event::Visible)),
        on(&document, "visibilitychange", |_| {
            let document = web_sys::window().and_then(|window| window.document());
            document.is_some_and(|document| !document.hidden()).then_some(Event::Visible)
        }),
    ]
}
