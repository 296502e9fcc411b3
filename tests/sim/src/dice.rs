//! Random decisions, all recorded, so that a run can be repeated, and shrunk.

use std::cell::RefCell;
use std::rc::Rc;

/// Decisions, random or replayed. Clones draw from the same sequence. 0 is always the simplest choice.
#[derive(Clone, Debug)]
pub struct Dice(Rc<RefCell<Rolls>>);

#[derive(Debug)]
struct Rolls {
    made: Vec<u32>,
    at: usize,
    /// `None` during a replay: decisions beyond the recorded ones are 0.
    random: Option<u64>,
}

impl Dice {
    /// Decisions from a seed.
    pub fn seeded(seed: u64) -> Self {
        // Mixed, so that neighbouring seeds do not begin with similar decisions.
        let mixed = (seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Self(Rc::new(RefCell::new(Rolls { made: Vec::new(), at: 0, random: Some(mixed | 1) })))
    }

    /// Replays recorded decisions.
    pub fn repeating(made: Vec<u32>) -> Self {
        Self(Rc::new(RefCell::new(Rolls { made, at: 0, random: None })))
    }

    /// A number below `sides`.
    pub fn roll(&self, sides: u32) -> u32 {
        let rolls = &mut *self.0.borrow_mut();
        let at = rolls.at;
        rolls.at += 1;
        if let Some(made) = rolls.made.get(at) {
            return made % sides.max(1);
        }
        let Some(random) = &mut rolls.random else { return 0 };
        // xorshift64*
        *random ^= *random >> 12;
        *random ^= *random << 25;
        *random ^= *random >> 27;
        let drawn = u32::try_from(random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap_or_default();
        let rolled = drawn % sides.max(1);
        rolls.made.push(rolled);
        rolled
    }

    /// `true` with a probability of 1 in `times`.
    pub fn once_in(&self, times: u32) -> bool {
        self.roll(times) + 1 == times
    }

    /// One of several choices; the first is the simplest.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        let sides = u32::try_from(from.len()).unwrap_or(u32::MAX);
        if sides == 0 { None } else { from.get(self.roll(sides) as usize) }
    }

    /// The decisions so far.
    pub fn made(&self) -> Vec<u32> {
        let rolls = self.0.borrow();
        rolls.made.iter().take(rolls.at).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_can_be_repeated_and_ends_in_the_simplest_choices() {
        let dice = Dice::seeded(7);
        let first: Vec<u32> = (1..50).map(|sides| dice.roll(sides)).collect();
        assert!(first.iter().any(|rolled| *rolled > 5));
        let again = Dice::repeating(dice.made());
        assert_eq!((1..50).map(|sides| again.roll(sides)).collect::<Vec<_>>(), first);
        assert_eq!(again.roll(9), 0);
        assert_ne!((1..50).map(|sides| Dice::seeded(8).roll(sides)).collect::<Vec<_>>(), first);
    }
}
