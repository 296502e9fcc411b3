//! A seeded generator (xorshift). Failures are reproducible except for the timing of the processes.

use std::cell::Cell;

pub(crate) struct Dice(Cell<u64>);

impl Dice {
    /// The seed must not be zero.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// A random number less than `below`.
    pub(crate) fn roll(&self, below: u64) -> u64 {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        state % below
    }

    /// A random number in `from..to`; `from` if the range is empty.
    pub(crate) fn between(&self, from: usize, to: usize) -> usize {
        let span = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        if span == 0 { from } else { from + usize::try_from(self.roll(span)).unwrap_or(0) }
    }

    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.roll(256)).unwrap_or(0)).collect()
    }
}
