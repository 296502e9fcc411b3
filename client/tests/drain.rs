//! The end of a sync event without a server.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::cell::Cell;

use client::{DrainError, RoundFailure, RoundPorts, drain};
use futures::executor::block_on;
use sync::conformance::{Counters, add};
use sync::memory::MemoryStore;
use sync::{Notice, RoundError, RoundLimits, Store as _, Timer, TransportError, UnixMillis};
use uuid::Uuid;

use down::Down;
use free::Free;

#[path = "ports/down.rs"]
mod down;
#[path = "ports/free.rs"]
mod free;

/// A clock that each sleep advances.
#[derive(Default)]
struct Clock(Cell<UnixMillis>);

impl Timer for Clock {
    fn now(&self) -> UnixMillis {
        self.0.get()
    }

    async fn sleep(&self, millis: u64) {
        self.0.set(self.0.get().plus(millis));
    }
}

fn drain_without_server(store: &MemoryStore<Counters>) -> (Result<(), DrainError>, usize) {
    let (transport, timer, channel) = (Down::default(), Clock::default(), |_: &Notice| {});
    let ports = RoundPorts { transport: &transport, turn: &Free, timer: &timer, channel: &channel };
    let drained = block_on(drain(store, &ports, RoundLimits::default(), 1, || false));
    (drained, transport.exchanges.get())
}

/// The page downloads, and a failed event would delay that of the next mutation.
#[test]
fn an_event_without_mutations_runs_no_round_and_does_not_fail() {
    let store = MemoryStore::<Counters>::new(Uuid::from_u128(1), "");
    assert_eq!(drain_without_server(&store), (Ok(()), 0));
}

#[test]
fn an_event_with_mutations_retries_and_fails() {
    let store = MemoryStore::<Counters>::new(Uuid::from_u128(1), "");
    block_on(store.enqueue(add(1, "a", 1))).expect("saved");
    let (drained, exchanges) = drain_without_server(&store);
    let unreachable = RoundFailure::Round(RoundError::Transport(TransportError::Unreachable));
    assert_eq!(drained, Err(DrainError::Round(unreachable)));
    assert!(exchanges > 1, "{exchanges}");
}
