//! The server's time between two answers, for decisions that must not depend on a device's own date.

use std::fmt;
use std::str::FromStr;

use crate::mutation::UnixMillis;

/// Differences between a device's clock and its running time up to this are drift, and not a jump.
const MAX_DRIFT_MILLIS: u64 = 60_000;
/// A clock that jumps ahead by at most this was not read for as long: the device slept, or the app was closed. One that
/// jumps further was rather set.
const MAX_GAP_MILLIS: u64 = 14 * 24 * 3_600_000;
/// A longer wait for an answer, by the device's clock, means that the device slept or its clock was set meanwhile.
const MAX_ANSWER_MILLIS: u64 = 60_000;

/// The server's time at one moment, and the device's clock then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeardTime {
    /// The server's clock.
    pub server: UnixMillis,
    /// The device's clock.
    pub device: UnixMillis,
}

impl HeardTime {
    /// The time of an answer. `None` if the device's clock cannot tell when the answer was given.
    pub fn of_answer(server: UnixMillis, sent_at: UnixMillis, answered_at: UnixMillis) -> Option<Self> {
        let is_prompt = answered_at >= sent_at && answered_at.since(sent_at) <= MAX_ANSWER_MILLIS;
        is_prompt.then_some(Self { server, device: answered_at })
    }

    /// The server's time when the device's clock shows `device_now`. `None` for a clock that was set back.
    fn later(self, device_now: UnixMillis) -> Option<UnixMillis> {
        (device_now >= self.device).then(|| self.server.plus(device_now.since(self.device)))
    }
}

/// What a device stores of the server's time. As text, its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredTime {
    /// The last answer.
    heard: HeardTime,
    /// The last time at which the device's clock was found to be set; the last answer if it was not.
    since: HeardTime,
}

impl From<HeardTime> for StoredTime {
    fn from(heard: HeardTime) -> Self {
        Self { heard, since: heard }
    }
}

impl StoredTime {
    /// The server's time when the device's clock shows `device_now`, at the start of the app. Never before the time
    /// that is stored.
    pub fn corrected(self, device_now: UnixMillis) -> UnixMillis {
        let Self { heard, since } = self;
        let by_answer = heard.later(device_now).filter(|time| *time >= since.server);
        match since.later(device_now) {
            Some(time) if time.since(since.server) <= MAX_GAP_MILLIS => time,
            // A clock that was set may have been set right again.
            time => by_answer.or(time).unwrap_or(since.server),
        }
    }

    /// Whether the device's clock was set since, so that a start has to store where it continues.
    pub fn is_broken(self, device_now: UnixMillis) -> bool {
        self.since.later(device_now) != Some(self.corrected(device_now))
    }
}

impl fmt::Display for StoredTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heard, since } = self;
        write!(f, "{} {} {} {}", heard.server.0, heard.device.0, since.server.0, since.device.0)
    }
}

/// The text is not a [`StoredTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not four times in milliseconds")]
pub struct StoredTimeFault;

impl FromStr for StoredTime {
    type Err = StoredTimeFault;

    fn from_str(text: &str) -> Result<Self, StoredTimeFault> {
        let mut parts = text.split(' ');
        let mut next = || {
            let part = parts.next().ok_or(StoredTimeFault)?;
            part.parse().map(UnixMillis).map_err(|_| StoredTimeFault)
        };
        let heard = HeardTime { server: next()?, device: next()? };
        let since = HeardTime { server: next()?, device: next()? };
        if parts.next().is_some() { Err(StoredTimeFault) } else { Ok(Self { heard, since }) }
    }
}

/// A device's clock and its running time, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The clock, which people and networks set.
    pub device: UnixMillis,
    /// A counter that nobody can set, but that may stand still while the device sleeps.
    pub running_millis: u64,
}

/// The server's time during one run of a page, whatever happens to the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    stored: StoredTime,
    /// The running time at `stored.since`.
    running_millis: u64,
}

impl ServerClock {
    /// Continues from a stored time.
    #[must_use]
    pub fn resume(stored: StoredTime, now: ClockReading) -> Self {
        let server = stored.corrected(now.device);
        Self { stored, running_millis: 0 }.relative_to_here(server, now)
    }

    /// The server's time.
    pub fn time(&self, now: ClockReading) -> UnixMillis {
        let (ran, shown) = (self.ran_millis(now), now.device.since(self.stored.since.device));
        let elapsed = match shown.checked_sub(ran) {
            // The device slept.
            Some(MAX_DRIFT_MILLIS..=MAX_GAP_MILLIS) => shown,
            _ => ran,
        };
        self.stored.since.server.plus(elapsed)
    }

    /// The clock to use from now on, if the device slept or its clock was set. It goes on from the same time.
    #[must_use]
    pub fn after_jump(&self, now: ClockReading) -> Option<Self> {
        let expected = self.stored.since.device.plus(self.ran_millis(now));
        let jump = expected.0.abs_diff(now.device.0);
        (jump >= MAX_DRIFT_MILLIS).then(|| self.relative_to_here(self.time(now), now))
    }

    /// The time to store, so that the next run continues from here.
    pub fn stored(&self) -> StoredTime {
        self.stored
    }

    fn relative_to_here(self, server: UnixMillis, now: ClockReading) -> Self {
        let since = HeardTime { server, device: now.device };
        let stored = StoredTime { heard: self.stored.heard, since };
        Self { stored, running_millis: now.running_millis }
    }

    fn ran_millis(&self, now: ClockReading) -> u64 {
        now.running_millis.saturating_sub(self.running_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;
    const YEAR: u64 = 365 * DAY;
    const YEAR_MILLIS: i64 = 365 * 24 * 3_600_000;
    /// 2026-11-29 in the middle of the day.
    const NOON: UnixMillis = UnixMillis(1_795_953_600_000);

    fn back(time: UnixMillis, millis: u64) -> UnixMillis {
        UnixMillis(time.0 - i64::try_from(millis).expect("a time"))
    }

    fn read(device: UnixMillis, running_millis: u64) -> ClockReading {
        ClockReading { device, running_millis }
    }

    /// What a device stores that hears at noon, by its own clock at `device`.
    fn heard(device: UnixMillis) -> StoredTime {
        HeardTime { server: NOON, device }.into()
    }

    /// A device whose clock is right, an hour after its page started.
    fn right() -> ServerClock {
        ServerClock::resume(heard(NOON), read(NOON, HOUR))
    }

    #[test]
    fn a_device_with_a_wrong_date_has_the_servers_time_plus_its_own_running_time() {
        for device in
            [back(NOON, 9 * YEAR), back(NOON, 6 * 60_000), NOON, NOON.plus(DAY), NOON.plus(3 * YEAR)]
        {
            for days in [0, 5, 400] {
                let now = device.plus(days * DAY);
                assert_eq!(heard(device).corrected(now), NOON.plus(days * DAY), "{device:?}");
                assert!(!heard(device).is_broken(now));
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_while_the_app_was_closed_never_shows_less_than_was_heard() {
        for by in [1, HOUR, DAY, 20 * YEAR] {
            assert_eq!(heard(NOON).corrected(back(NOON, by)), NOON, "{by}");
            assert!(heard(NOON).is_broken(back(NOON, by)));
        }
        let set_back = back(NOON, 20 * YEAR);
        let run = ServerClock::resume(heard(NOON), read(set_back, 0));
        assert_eq!(run.time(read(set_back.plus(2 * HOUR), 2 * HOUR)), NOON.plus(2 * HOUR));
        // What is stored then lets the next run go on from there.
        assert_eq!(run.stored().corrected(set_back.plus(3 * DAY)), NOON.plus(3 * DAY));
    }

    #[test]
    fn a_clock_that_is_set_right_again_while_the_app_is_closed_does_not_add_years() {
        for wrong in [back(NOON, 12 * YEAR), back(NOON, 90 * DAY), NOON.plus(3 * YEAR)] {
            let run = right().after_jump(read(wrong, HOUR)).expect("a jump");
            assert_eq!(run.stored().corrected(wrong.plus(2 * DAY)), NOON.plus(2 * DAY), "still wrong");
            assert_eq!(run.stored().corrected(NOON.plus(2 * DAY)), NOON.plus(2 * DAY), "set right");
            assert!(run.stored().is_broken(NOON.plus(2 * DAY)));
        }
    }

    #[test]
    fn a_clock_that_is_set_while_the_page_is_open_changes_nothing() {
        for wrong in [back(NOON, 9 * YEAR), back(NOON, HOUR), NOON.plus(3 * YEAR), NOON.plus(15 * DAY)] {
            let set = read(wrong.plus(60_000), HOUR + 60_000);
            assert_eq!(right().time(set), NOON.plus(60_000), "{wrong:?}");
            let after = right().after_jump(set).expect("a jump");
            assert_eq!(
                after.time(read(set.device.plus(DAY), set.running_millis + DAY)),
                NOON.plus(DAY + 60_000)
            );
            assert_eq!(
                after.stored().corrected(set.device.plus(DAY)),
                NOON.plus(DAY + 60_000),
                "after a restart"
            );
        }
    }

    #[test]
    fn a_device_that_slept_has_the_time_at_which_it_woke_and_keeps_it() {
        // The counter stood still for the night.
        let woken = read(NOON.plus(10 * HOUR), HOUR + 5_000);
        assert_eq!(right().time(woken), NOON.plus(10 * HOUR));
        let after = right().after_jump(woken).expect("a jump");
        let set_back = read(back(NOON, YEAR), woken.running_millis + HOUR);
        assert_eq!(after.time(set_back), NOON.plus(11 * HOUR));
    }

    #[test]
    fn small_differences_are_no_jump() {
        for device in [back(NOON.plus(DAY), 59_000), NOON.plus(DAY), NOON.plus(DAY + 59_000)] {
            let now = read(device, HOUR + DAY);
            assert_eq!((right().time(now), right().after_jump(now)), (NOON.plus(DAY), None), "{device:?}");
        }
    }

    #[test]
    fn time_never_runs_backwards_however_often_the_clock_is_set() {
        let sets: [i64; 7] = [-YEAR_MILLIS, -59_000, -1, 0, 61_000, 8 * 3_600_000, YEAR_MILLIS];
        for start in 0..sets.len() {
            let (mut clock, mut last, mut now) = (right(), NOON, read(NOON, HOUR));
            for at in 0..40 {
                let (set_by, ran) = (sets[(start + at * at) % sets.len()], (at as u64 % 5) * 40_000);
                now = read(UnixMillis(now.device.0 + set_by).plus(ran), now.running_millis + ran);
                clock = clock.after_jump(now).unwrap_or(clock);
                let time = clock.time(now);
                assert!(time >= last.plus(ran), "{time:?} after {last:?} and {ran} at {at}");
                last = time;
            }
        }
    }

    #[test]
    fn only_a_prompt_answer_tells_the_time() {
        let of = |sent, answered| HeardTime::of_answer(NOON, UnixMillis(sent), UnixMillis(answered));
        assert_eq!(of(1_000, 1_400), Some(HeardTime { server: NOON, device: UnixMillis(1_400) }));
        assert_eq!(of(1_000, 61_000).map(|heard| heard.device), Some(UnixMillis(61_000)));
        assert_eq!(of(1_000, 61_001), None, "the device slept");
        assert_eq!(of(1_000, 999), None, "its clock was set back");
    }

    #[test]
    fn is_read_as_it_was_written() {
        let since = HeardTime { server: NOON, device: UnixMillis(-5) };
        let stored = StoredTime { heard: HeardTime { server: UnixMillis(1), device: UnixMillis(2) }, since };
        assert_eq!(stored.to_string().parse(), Ok(stored));
        for bad in ["", "1 2", "1 2 3 ", "1 2 3 4 5", "a b c d"] {
            assert_eq!(bad.parse::<StoredTime>(), Err(StoredTimeFault), "{bad}");
        }
    }
}
