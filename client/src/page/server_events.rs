//! The server's event stream: it sends a message whenever there is something new to pull.

use futures::StreamExt;
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use gloo_timers::future::TimeoutFuture;
use sync::{Connection, Event};

use crate::engine::Engine;
use crate::host::Host;

/// The wait before a stream that ended, or was refused, is opened again. Until then only the interval starts rounds.
const REOPEN_MILLIS: u32 = 30_000;

/// Sends [`Event::Poked`] for every message on `path`. Runs until it is dropped.
pub(super) async fn follow<H: Host>(engine: &Engine<H>, path: &str) {
    loop {
        follow_once(engine, path).await;
        TimeoutFuture::new(REOPEN_MILLIS).await;
    }
}

async fn follow_once<H: Host>(engine: &Engine<H>, path: &str) {
    let Ok(mut source) = EventSource::new(path) else { return };
    let Ok(mut revisions) = source.subscribe("message") else { return };
    let mut is_first = true;
    while let Some(revision) = revisions.next().await {
        // The first message holds the present revision, which the round at start-up asks for anyway.
        if revision.is_ok() && !std::mem::take(&mut is_first) && engine.connection() == Connection::Online {
            engine.handle(Event::Poked);
        }
        if source.state() == State::Closed {
            return;
        }
    }
}
