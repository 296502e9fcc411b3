//! What a window hears of the one event stream that the windows of a browser share: from the server, or from the window
//! that has the stream.

use futures::StreamExt;
use futures::channel::mpsc::{Receiver, Sender, channel};
use futures::future::{Either, select};
use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use sync::AppNames;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, EventSource, MessageEvent};

/// Events that wait to be handled; more are dropped, as each of a kind asks for the same as the one before.
const MAX_WAITING_EVENTS: usize = 16;

/// A message between windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// To the window that has the stream: is it open?
    Asks,
    /// By the window that has the stream: it is open.
    Open,
    /// By the window that has the stream: the server has something new.
    News,
    /// By the window that has the stream: it broke, or could not be opened.
    Lost,
    /// By a window that took the stream from another one, which did not answer.
    Taken,
}

impl Said {
    const ALL: [Self; 5] = [Self::Asks, Self::Open, Self::News, Self::Lost, Self::Taken];

    fn word(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Open => "open",
            Self::News => "news",
            Self::Lost => "lost",
            Self::Taken => "taken",
        }
    }

    fn of(event: &web_sys::Event) -> Option<Self> {
        let word = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
        Self::ALL.into_iter().find(|said| said.word() == word)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message of this window's own stream.
    Message,
    /// This window's own stream broke, or could not be opened again.
    Error,
    /// A message of another window.
    Peer(Said),
}

/// This window's end of the channel. In a browser without `BroadcastChannel`, it hears its own stream alone.
pub(super) struct Ears {
    channel: Option<BroadcastChannel>,
    sender: Sender<Heard>,
    heard: Receiver<Heard>,
    _listener: Option<EventListener>,
}

impl Ears {
    pub(super) fn open(names: &AppNames) -> Self {
        let (sender, heard) = channel(MAX_WAITING_EVENTS);
        let channel = BroadcastChannel::new(&format!("{}-events", names.channel())).ok();
        let listener = channel.as_ref().map(|channel| {
            let mut sender = sender.clone();
            EventListener::new(channel, "message", move |event| {
                Said::of(event).into_iter().for_each(|said| drop(sender.try_send(Heard::Peer(said))));
            })
        });
        Self { channel, sender, heard, _listener: listener }
    }

    /// Tells the other windows.
    pub(super) fn tell(&self, said: Said) {
        if let Some(channel) = &self.channel {
            // Fails only once the channel is closed.
            drop(channel.post_message(&JsValue::from_str(said.word())));
        }
    }

    /// What is heard next; none once `until` has passed.
    pub(super) async fn next(&mut self, until: &mut Option<TimeoutFuture>) -> Option<Heard> {
        match until {
            // It never ends, because this end has a sender.
            None => self.heard.next().await,
            Some(until) => match select(self.heard.next(), until).await {
                Either::Left((heard, _)) => heard,
                Either::Right(_) => None,
            },
        }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}

/// An open event source; closed when dropped. gloo-net's does not report the errors after which the browser reconnects.
pub(super) struct EventStream {
    source: EventSource,
    _listeners: [EventListener; 2],
}

impl EventStream {
    pub(super) fn open(path: &str, ears: &Ears) -> Option<Self> {
        let source = EventSource::new(path).ok()?;
        let listeners = [("message", Heard::Message), ("error", Heard::Error)].map(|(name, what)| {
            let mut sender = ears.sender.clone();
            EventListener::new(&source, name, move |_| drop(sender.try_send(what)))
        });
        Some(Self { source, _listeners: listeners })
    }

    /// Whether the browser does not open it again by itself.
    pub(super) fn is_closed(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.close();
    }
}
