//! The server's event stream, which sends a message at every new revision. The windows of a browser share one: over
//! HTTP/1.1 a browser has six connections to a server, and a stream for each window would leave none for requests.

use browser::{LockGuard, WebLock};
use gloo_timers::future::TimeoutFuture;
use sync::{AppNames, Connection, Event, Turn};
use web_sys::VisibilityState;

use super::stream_ears::{Ears, EventStream, Heard, Said};
use crate::engine::Engine;
use crate::host::Host;

/// Wait before a closed or refused stream is opened again. Until then only the interval starts rounds.
const REOPEN_MILLIS: u32 = 30_000;
/// How often a window without the stream looks whether it is free.
const LOOK_MILLIS: u32 = 2_000;
/// Looks at which a visible window asks in vain before it takes the stream: the system may have suspended the window that
/// has it.
const MAX_SILENT_LOOKS: u32 = 2;

/// Sends [`Event::Poked`] for every message, and [`Event::StreamLost`] when the stream breaks. Runs until dropped.
pub(super) async fn follow<H: Host>(engine: &Engine<H>, names: &'static AppNames) {
    let lock = WebLock::of_part(names, "events");
    let mut ears = Ears::open(names);
    let mut link = Link { engine, is_first: true, is_open: false };
    let mut turn = lock.take(false).await;
    loop {
        let held = match turn.take() {
            Some(held) => held,
            None => wait_for_turn(&mut link, &mut ears, &lock).await,
        };
        keep_stream(&mut link, &mut ears, names.events_path).await;
        drop(held);
    }
}

/// Follows this window's own stream, and tells the other windows, until one of them takes it.
async fn keep_stream<H: Host>(link: &mut Link<'_, H>, ears: &mut Ears, path: &str) {
    loop {
        let stream = EventStream::open(path, ears);
        let mut reopening = None;
        loop {
            if reopening.is_none() && stream.as_ref().is_none_or(EventStream::is_closed) {
                reopening = Some(TimeoutFuture::new(REOPEN_MILLIS));
            }
            match ears.next(&mut reopening).await {
                None => break,
                Some(Heard::Message) => {
                    let is_news = link.message();
                    ears.tell(if is_news { Said::News } else { Said::Open });
                }
                Some(Heard::Error) => {
                    link.lost();
                    ears.tell(Said::Lost);
                }
                Some(Heard::Peer(Said::Asks)) => {
                    ears.tell(if link.is_open { Said::Open } else { Said::Lost });
                }
                Some(Heard::Peer(Said::Taken)) => return,
                Some(Heard::Peer(Said::Open | Said::News | Said::Lost)) => {}
            }
        }
    }
}

/// Follows the stream of another window, until that is closed or does not answer any more.
async fn wait_for_turn<H: Host>(link: &mut Link<'_, H>, ears: &mut Ears, lock: &WebLock) -> LockGuard {
    let mut silent_looks = 0;
    ears.tell(Said::Asks);
    loop {
        let mut look = Some(TimeoutFuture::new(LOOK_MILLIS));
        while let Some(heard) = ears.next(&mut look).await {
            match heard {
                Heard::Peer(Said::Open) => link.open(),
                Heard::Peer(Said::News) => {
                    link.is_first = false;
                    link.message();
                }
                Heard::Peer(Said::Lost) => link.lost(),
                Heard::Peer(Said::Taken) => {}
                // Of other windows without the stream, or left over from this window's former stream.
                Heard::Peer(Said::Asks) | Heard::Message | Heard::Error => continue,
            }
            silent_looks = 0;
        }
        if let Some(turn) = lock.take(false).await {
            return turn;
        }
        if !is_visible() {
            continue;
        }
        if silent_looks >= MAX_SILENT_LOOKS
            && let Some(turn) = lock.take(true).await
        {
            ears.tell(Said::Taken);
            return turn;
        }
        silent_looks += 1;
        ears.tell(Said::Asks);
    }
}

fn is_visible() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// The state of the stream as this window knows it.
struct Link<'e, H: Host> {
    engine: &'e Engine<H>,
    /// The first message is the current revision, which the round at start-up pulls anyway.
    is_first: bool,
    is_open: bool,
}

impl<H: Host> Link<'_, H> {
    /// Takes in a message of the stream. Returns whether it tells something new.
    fn message(&mut self) -> bool {
        let was_open = std::mem::replace(&mut self.is_open, true);
        let is_news = !std::mem::take(&mut self.is_first);
        match self.engine.connection() {
            Connection::Online if is_news => self.engine.handle(Event::Poked),
            // The server is back.
            Connection::ServerUnreachable | Connection::SignInPage if !was_open => {
                self.engine.handle(Event::Poked)
            }
            _ => {}
        }
        is_news
    }

    /// The stream of another window is open.
    fn open(&mut self) {
        self.is_first = false;
        self.is_open = true;
    }

    fn lost(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.engine.handle(Event::StreamLost);
        }
    }
}
