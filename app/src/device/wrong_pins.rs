//! Wrong PINs of each person on this device: they slow down the next try, and are told of at the next sign-in. They are kept, so
//! that a reload does not clear them.

use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use crate::words::local_storage;

const KEY: &str = "lotbook.wrong_pins";
/// Wrong PINs without a pause.
const FREE_TRIES: u32 = 3;
/// The pause after the last free try. Each further wrong PIN doubles it.
const FIRST_PAUSE_MILLIS: u64 = 5_000;
/// The longest pause.
const MAX_PAUSE_MILLIS: u64 = 5 * 60_000;
/// Maximum number of people whose wrong PINs are kept; those of the longest ago are dropped.
const MAX_PEOPLE_KEPT: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wrong {
    person: Uuid,
    times: u32,
    /// The last one.
    at: UnixMillis,
}

/// By time, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct WrongPins(Vec<Wrong>);

impl WrongPins {
    fn load() -> Self {
        local_storage::read(KEY).unwrap_or_default()
    }

    fn of(&self, person: Uuid) -> Option<&Wrong> {
        self.0.iter().find(|wrong| wrong.person == person)
    }

    fn take(&mut self, person: Uuid) -> u32 {
        let times = self.of(person).map_or(0, |wrong| wrong.times);
        self.0.retain(|wrong| wrong.person != person);
        times
    }

    fn note(&mut self, person: Uuid, at: UnixMillis) {
        let times = self.take(person).saturating_add(1);
        self.0.push(Wrong { person, times, at });
        let surplus = self.0.len().saturating_sub(MAX_PEOPLE_KEPT);
        self.0.drain(..surplus);
    }

    fn pause_millis(&self, person: Uuid, now: UnixMillis) -> u64 {
        let Some(wrong) = self.of(person) else { return 0 };
        let Some(doublings) = wrong.times.checked_sub(FREE_TRIES) else { return 0 };
        let pause = FIRST_PAUSE_MILLIS.saturating_mul(1 << doublings.min(u32::BITS)).min(MAX_PAUSE_MILLIS);
        // After a clock was set back, the whole pause is left.
        pause.saturating_sub(now.since(wrong.at))
    }
}

/// Notes a wrong PIN.
pub(crate) fn note(person: Uuid, now: UnixMillis) {
    let mut wrong = WrongPins::load();
    wrong.note(person, now);
    local_storage::keep(KEY, &wrong);
}

/// Milliseconds until the next try.
pub(crate) fn pause_millis(person: Uuid, now: UnixMillis) -> u64 {
    WrongPins::load().pause_millis(person, now)
}

/// Forgets the wrong PINs of a person, and returns their number.
pub(crate) fn take(person: Uuid) -> u32 {
    let mut wrong = WrongPins::load();
    let times = wrong.take(person);
    if times > 0 {
        local_storage::keep(KEY, &wrong);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Uuid = Uuid::from_u128(1);
    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn after(times: u32) -> WrongPins {
        let mut wrong = WrongPins::default();
        (0..times).for_each(|_| wrong.note(ADA, NOW));
        wrong
    }

    #[test]
    fn the_pause_grows_from_the_third_wrong_pin_on() {
        let pause = |times| after(times).pause_millis(ADA, NOW);
        assert_eq!([0, 1, 2, 3, 4, 5].map(pause), [0, 0, 0, 5_000, 10_000, 20_000]);
        assert_eq!((pause(9), pause(10), pause(500)), (300_000, 300_000, 300_000));
        assert_eq!(after(3).pause_millis(ADA, NOW.plus(4_999)), 1);
        assert_eq!(after(3).pause_millis(ADA, NOW.plus(5_000)), 0);
        assert_eq!(after(3).pause_millis(ADA, UnixMillis(0)), 5_000, "a clock that was set back");
        assert_eq!(after(9).pause_millis(Uuid::nil(), NOW), 0, "each person has their own");
    }

    #[test]
    fn they_are_counted_until_they_are_told_of() {
        let mut wrong = after(4);
        assert_eq!((wrong.take(ADA), wrong.take(ADA)), (4, 0));
        for person in 0..=MAX_PEOPLE_KEPT as u128 {
            wrong.note(Uuid::from_u128(person), NOW);
        }
        assert_eq!((wrong.0.len(), wrong.take(Uuid::nil())), (MAX_PEOPLE_KEPT, 0));
    }
}
