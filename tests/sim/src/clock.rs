//! Virtual time, and the two ways a task waits: for its next turn, and for a moment.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// The world's time in milliseconds. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Rc<State>);

#[derive(Debug, Default)]
struct State {
    millis: Cell<u64>,
    wakes: RefCell<BTreeSet<u64>>,
    progressed: Cell<bool>,
}

impl VirtualClock {
    /// Milliseconds since the world began.
    pub fn millis(&self) -> u64 {
        self.0.millis.get()
    }

    /// Goes forward to a moment.
    pub fn go_to(&self, millis: u64) {
        self.0.millis.set(millis.max(self.millis()));
        self.0.wakes.borrow_mut().retain(|wake| *wake > self.millis());
    }

    /// When the first of the sleeping tasks wants to go on.
    pub fn next_wake(&self) -> Option<u64> {
        self.0.wakes.borrow().first().copied()
    }

    /// Whether a task got on since this was last asked; one that waits for a moment, or for ever, did not.
    pub fn take_progress(&self) -> bool {
        self.0.progressed.replace(false)
    }

    /// Gives the others a turn. A task can be killed here.
    pub async fn step(&self) {
        let mut had_turn = false;
        poll_fn(|_| {
            self.0.progressed.set(true);
            if std::mem::replace(&mut had_turn, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Waits.
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

    /// Never goes on.
    pub async fn hang(&self) {
        std::future::pending::<()>().await;
    }
}
