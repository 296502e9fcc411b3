//! Lines that say how far the devices are.

use std::cell::Cell;
use std::time::Instant;

use tests::Patience;

/// Time between two lines.
const INTERVAL_SECONDS: u64 = 5;

/// Counts the devices that are done with something.
#[derive(Debug)]
pub(super) struct Progress {
    what: String,
    of: usize,
    done: Cell<usize>,
    refusals: Cell<usize>,
    began: Instant,
    told_at: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(what: String, of: usize) -> Self {
        let now = Instant::now();
        eprintln!("  {what}: {of} begin");
        Self { what, of, done: Cell::new(0), refusals: Cell::new(0), began: now, told_at: Cell::new(now) }
    }

    /// Counts one, and says so now and then.
    pub(super) fn step(&self, patience: &Patience) {
        self.done.set(self.done.get() + 1);
        self.refusals.set(self.refusals.get() + patience.refusals);
        if self.done.get() == self.of || self.told_at.get().elapsed().as_secs() >= INTERVAL_SECONDS {
            self.told_at.set(Instant::now());
            eprintln!(
                "  {}: {} of {} after {:.1} s, told to wait {} times",
                self.what,
                self.done.get(),
                self.of,
                self.began.elapsed().as_secs_f64(),
                self.refusals.get()
            );
        }
    }
}
