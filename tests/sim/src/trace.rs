//! What happened in a run, for whoever has to find out why it failed.

use std::cell::RefCell;
use std::rc::Rc;

use crate::clock::VirtualClock;

/// Lines kept: of longer runs, the last.
const MAX_LINES: usize = 1_000;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// What people, faults and rounds did until it got quiet.
    Work,
    /// That, every body sent, and what happened afterwards.
    Everything,
}

/// Takes lines down, if anybody wants to read them. Clones are the same trace.
#[derive(Clone, Debug)]
pub struct Trace {
    clock: VirtualClock,
    detail: Detail,
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    /// A trace of what happens by this clock.
    pub fn new(clock: VirtualClock, detail: Detail) -> Self {
        Self { clock, detail, lines: Rc::default() }
    }

    /// Takes a line down.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        self.tell_if(true, line);
    }

    /// Takes a line down if it is worth it, or everything is wanted.
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
