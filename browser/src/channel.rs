//! Notices between tabs and worker, over a `BroadcastChannel`. A message may be lost: notices only reduce
//! waiting.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::Reflect;
use sync::{AppNames, Changed, Channel, Notice, RoundProgress};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, EventTarget, MessageEvent};

/// Notices buffered for a frozen page.
const MAX_HELD_NOTICES: usize = 100;

/// An end of the app's `BroadcastChannel`. It does not receive its own messages.
pub struct BroadcastEnd {
    channel: Option<BroadcastChannel>,
    _listeners: Vec<EventListener>,
}

/// Notices received while the page was frozen. Browsers may deliver messages to a frozen page; a transaction
/// begun then would block every other window until the page resumes.
#[derive(Default)]
struct Freezer {
    is_frozen: Cell<bool>,
    held: RefCell<Vec<Received>>,
}

/// A received notice, still as text: the code that parses it may not be loaded yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// One notice.
    Text(String),
    /// Too many to pass on one by one.
    Overflow,
}

impl Received {
    /// Parses it. `None` for notices of other builds that this one does not know.
    pub fn parse(&self) -> Option<Notice> {
        match self {
            Self::Text(text) => serde_json::from_str(text).ok(),
            // Treat everything as changed.
            Self::Overflow => {
                let everything =
                    RoundProgress { changed: Changed::Many, queue: true, ..RoundProgress::default() };
                Some(everything.into())
            }
        }
    }
}

impl Freezer {
    /// Returns the notice if it may be handled now.
    fn pass(&self, notice: Received) -> Option<Received> {
        if !self.is_frozen.get() {
            return Some(notice);
        }
        let mut held = self.held.borrow_mut();
        if held.len() == MAX_HELD_NOTICES {
            held.clear();
            held.push(Received::Overflow);
        }
        held.push(notice);
        None
    }

    fn thaw(&self) -> Vec<Received> {
        self.is_frozen.set(false);
        self.held.take()
    }
}

impl fmt::Debug for BroadcastEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastEnd").field("open", &self.channel.is_some()).finish()
    }
}

impl BroadcastEnd {
    /// Opens an end that passes received notices to `on_notice`. In a browser without `BroadcastChannel`, it
    /// receives nothing.
    pub fn open(names: &AppNames, on_notice: impl Fn(Received) + 'static) -> Self {
        let channel = BroadcastChannel::new(names.channel()).ok();
        let (freezer, on_notice) = (Rc::new(Freezer::default()), Rc::new(on_notice));
        let mut listeners = Vec::new();
        if let Some(channel) = &channel {
            let (freezer, on_notice) = (Rc::clone(&freezer), Rc::clone(&on_notice));
            listeners.push(EventListener::new(channel, "message", move |event| {
                let data = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
                if let Some(notice) = data.and_then(|text| freezer.pass(Received::Text(text))) {
                    on_notice(notice);
                }
            }));
        }
        if let Some(document) = document() {
            let frozen = Rc::clone(&freezer);
            listeners.push(EventListener::new(&document, "freeze", move |_| frozen.is_frozen.set(true)));
            let thawed = move |_: &web_sys::Event| freezer.thaw().into_iter().for_each(&*on_notice);
            listeners.push(EventListener::new(&document, "resume", thawed));
        }
        Self { channel, _listeners: listeners }
    }

    /// Opens an end that only sends.
    pub fn to_tell(names: &AppNames) -> Self {
        Self { channel: BroadcastChannel::new(names.channel()).ok(), _listeners: Vec::new() }
    }
}

impl Channel for BroadcastEnd {
    fn tell(&self, notice: &Notice) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(notice)) {
            // Fails only once the channel is closed.
            drop(channel.post_message(&JsValue::from_str(&text)));
        }
    }
}

impl Drop for BroadcastEnd {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}

/// The document; `None` in a worker.
fn document() -> Option<EventTarget> {
    Reflect::get(&js_sys::global(), &"document".into()).ok()?.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_page_receives_notices_when_it_resumes() {
        let freezer = Freezer::default();
        let queue_changed = || Received::Text(serde_json::to_string(&Notice::QueueChanged).expect("JSON"));
        assert_eq!(freezer.pass(queue_changed()), Some(queue_changed()));
        freezer.is_frozen.set(true);
        for _ in 0..MAX_HELD_NOTICES {
            assert_eq!(freezer.pass(queue_changed()), None);
        }
        assert_eq!(freezer.thaw().len(), MAX_HELD_NOTICES);
        freezer.is_frozen.set(true);
        for _ in 0..=MAX_HELD_NOTICES {
            assert_eq!(freezer.pass(queue_changed()), None);
        }
        let told: Vec<Notice> = freezer.thaw().iter().filter_map(Received::parse).collect();
        assert!(
            matches!(told[..], [Notice::RoundProgress { changed: None, .. }, Notice::QueueChanged]),
            "{told:?}"
        );
        assert_eq!(freezer.pass(queue_changed()), Some(queue_changed()));
        assert_eq!(Received::Text("{\"unknown\":1}".to_owned()).parse(), None);
    }
}
