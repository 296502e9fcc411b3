//! A trace of a run, to find the cause of a failure.

use std::cell::RefCell;
use std::rc::Rc;

use crate::clock::VirtualClock;

/// Maximum number of lines; the first ones are dropped.
const MAX_LINES: usize = 1_000;

/// The level of detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// People, faults and rounds while faults happen.
    Work,
    /// Also every body sent, and everything after the faults.
    Everything,
}

/// Records lines, if the level requires it. Clones share the trace.
#[derive(Clone, Debug)]
pub struct Trace {
    clock: VirtualClock,
    detail: Detail,
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    /// A trace with the times of this clock.
    pub fn new(clock: VirtualClock, detail: Detail) -> Self {
        Self { clock, detail, lines: Rc::default() }
    }

    /// Adds a line.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        self.tell_if(true, line);
    }

    /// Adds a line if `is_worth_it`, or if the level is [`Detail::Everything`].
    pub fn tell_if(&self, is_worth_it: bool, line: impl FnOnce() -> String) {
        let needed = if is_worth_it { Detail::Work } else { Detail::Everything };
        if self.detail < needed {
            return;
        }
        let mut lines = self.lines.borrow_mut();
        if lines.len() >= MAX_LINES {
            lines.remove(0);
        }
        let (seconds, millis) = (self.clock.millis() / 1_000, self.clock.millis() % 1_000);
        lines.push(format!("{seconds:>6}.{millis:03} s  {}", line()));
    }

    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }
}
