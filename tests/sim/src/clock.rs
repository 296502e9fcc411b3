//! Virtual time, and the two ways for a task to wait: for its next turn, and for a time.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// The world's time in milliseconds. Clones share the clock.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Rc<State>);

#[derive(Debug, Default)]
struct State {
    millis: Cell<u64>,
    wakes: RefCell<BTreeSet<u64>>,
    progressed: Cell<bool>,
}

impl VirtualClock {
    /// Milliseconds since the start of the world.
    pub fn millis(&self) -> u64 {
        self.0.millis.get()
    }

    /// Advances to a time.
    pub fn go_to(&self, millis: u64) {
        self.0.millis.set(millis.max(self.millis()));
        self.0.wakes.borrow_mut().retain(|wake| *wake > self.millis());
    }

    /// The earliest wake-up time of the sleeping tasks.
    pub fn next_wake(&self) -> Option<u64> {
        self.0.wakes.borrow().first().copied()
    }

    /// Whether a task made progress since the last call; sleeping and hanging tasks do not.
    pub fn take_progress(&self) -> bool {
        self.0.progressed.replace(false)
    }

    /// Yields to other tasks. A task can be killed here.
    pub async fn step(&self) {
        let mut had_turn = false;
        poll_fn(|_| {
            self.0.progressed.set(true);
            if std::mem::replace(&mut had_turn, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Sleeps for `millis` milliseconds.
    pub async fn sleep(&self, millis: u64) {
        let due = self.millis() + millis;
        poll_fn(|_| {
            if self.millis() >= due {
                self.0.progressed.set(true);
                return Poll::Ready(());
            }
            self.0.wakes.borrow_mut().insert(due);
            Poll::Pending
        })
        .await;
    }

    /// Never returns.
    pub async fn hang(&self) {
        std::future::pending::<()>().await;
    }
}
