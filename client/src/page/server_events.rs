//! The server's event stream, which sends a message at every new revision.

use futures::StreamExt;
use futures::channel::mpsc::{Receiver, channel};
use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use sync::{Connection, Event};
use web_sys::EventSource;

use crate::engine::Engine;
use crate::host::Host;

/// Wait before a closed or refused stream is opened again. Until then only the interval starts rounds.
const REOPEN_MILLIS: u32 = 30_000;
/// Events that wait to be handled; more are dropped, as each message and each error asks for the same as the one before.
const MAX_WAITING_EVENTS: usize = 16;

/// Sends [`Event::Poked`] for every message on `path`, and [`Event::StreamLost`] when the stream breaks. Runs until
/// dropped.
pub(super) async fn follow<H: Host>(engine: &Engine<H>, path: &str) {
    loop {
        follow_once(engine, path).await;
        TimeoutFuture::new(REOPEN_MILLIS).await;
    }
}

async fn follow_once<H: Host>(engine: &Engine<H>, path: &str) {
    let Some(mut stream) = EventStream::open(path) else { return };
    // The first message is the current revision, which the round at start-up pulls anyway.
    let (mut is_first, mut is_open) = (true, false);
    while let Some(heard) = stream.heard.next().await {
        let was_open = std::mem::replace(&mut is_open, heard == Heard::Message);
        let is_news = is_open && !std::mem::take(&mut is_first);
        match (is_open, engine.connection()) {
            (true, Connection::Online) if is_news => engine.handle(Event::Poked),
            // The server is back.
            (true, Connection::ServerUnreachable | Connection::SignInPage) if !was_open => {
                engine.handle(Event::Poked)
            }
            (false, _) if was_open => engine.handle(Event::StreamLost),
            _ => {}
        }
        if stream.source.ready_state() == EventSource::CLOSED {
            return;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Message,
    /// The stream broke, or could not be opened again.
    Error,
}

/// An open event source; closed when dropped. gloo-net's does not report the errors after which the browser reconnects.
struct EventStream {
    source: EventSource,
    heard: Receiver<Heard>,
    _listeners: [EventListener; 2],
}

impl EventStream {
    fn open(path: &str) -> Option<Self> {
        let source = EventSource::new(path).ok()?;
        let (sender, heard) = channel(MAX_WAITING_EVENTS);
        let listeners = [("message", Heard::Message), ("error", Heard::Error)].map(|(name, what)| {
            let mut sender = sender.clone();
            EventListener::new(&source, name, move |_| drop(sender.try_send(what)))
        });
        Some(Self { source, heard, _listeners: listeners })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.close();
    }
}
