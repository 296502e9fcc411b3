//! A seeded generator that many tasks of one test share. Failures are reproducible except for the timing of the processes.

use std::cell::RefCell;

use fastrand::Rng;

pub(crate) struct Dice(RefCell<Rng>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(RefCell::new(Rng::with_seed(seed)))
    }

    /// A random number less than `below`.
    pub(crate) fn roll(&self, below: u64) -> u64 {
        self.0.borrow_mut().u64(..below)
    }

    /// A random number in `from..to`; `from` if the range is empty.
    pub(crate) fn between(&self, from: usize, to: usize) -> usize {
        if from < to { self.0.borrow_mut().usize(from..to) } else { from }
    }

    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.borrow_mut().fill(&mut bytes);
        bytes
    }
}
