//! The server's event stream, which sends a message at every new revision.

use client::{Engine, Host};
use sync::{Connection, Event, Timer as _};

use crate::transport::HttpTransport;

/// The first wait before a lost stream is opened again; it doubles from there. Until then, the interval starts rounds.
const MIN_REOPEN_MILLIS: u64 = 2_000;
const MAX_REOPEN_MILLIS: u64 = 60_000;

/// Sends [`Event::Poked`] for every message, and [`Event::StreamLost`] when the stream breaks. Runs until dropped.
pub async fn follow<H: Host<Transport = HttpTransport>>(engine: &Engine<H>) {
    let mut wait_millis = MIN_REOPEN_MILLIS;
    let mut is_first = true;
    loop {
        let host = engine.client().host();
        if let Ok(mut stream) = host.transport().events().await {
            wait_millis = MIN_REOPEN_MILLIS;
            let mut was_open = false;
            while let Ok(Some(chunk)) = stream.chunk().await {
                // A message may arrive in two parts, and has one such line.
                if !chunk.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"data:")) {
                    continue;
                }
                heard(engine, is_first, was_open);
                (is_first, was_open) = (false, true);
            }
            if was_open {
                engine.handle(Event::StreamLost);
            }
        }
        host.timer().sleep(wait_millis).await;
        wait_millis = (wait_millis * 2).min(MAX_REOPEN_MILLIS);
    }
}

/// The first message is the current revision, which the round at start-up pulls anyway.
fn heard<H: Host>(engine: &Engine<H>, is_first: bool, was_open: bool) {
    match engine.connection() {
        Connection::Online if !is_first => engine.handle(Event::Poked),
        // The server is back.
        Connection::ServerUnreachable | Connection::SignInPage if !was_open => engine.handle(Event::Poked),
        _ => {}
    }
}
