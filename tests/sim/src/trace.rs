//! What happened in a run, for whoever has to find out why it failed.

use std::cell::RefCell;
use std::rc::Rc;

use crate::clock::VirtualClock;

/// Lines kept: of longer runs, the last.
const MAX_LINES: usize = 4000;

/// Takes lines down, if anybody wants to read them. Clones are the same trace.
#[derive(Clone, Debug)]
pub struct Trace {
    clock: VirtualClock,
    lines: Option<Rc<RefCell<Vec<String>>>>,
}

impl Trace {
    /// A trace of what happens by this clock; nothing is kept unless `is_wanted`.
    pub fn new(clock: VirtualClock, is_wanted: bool) -> Self {
        Self { clock, lines: is_wanted.then(Rc::default) }
    }

    /// Takes a line down.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let mut lines = lines.borrow_mut();
            if lines.len() >= MAX_LINES {
                lines.remove(0);
            }
            let seconds = self.clock.millis() as f64 / 1_000.0;
            lines.push(format!("{seconds:>10.3} s  {}", line()));
        }
    }

    /// The lines.
    pub fn lines(&self) -> Vec<String> {
        self.lines.as_ref().map(|lines| lines.borrow().clone()).unwrap_or_default()
    }
}
