//! The limit of writes that wait for an engine, and when whoever comes beyond it is to come again.
//!
//! Those that are sent away get turns, one after the other, at the rate at which the engine has written since there were too
//! many. So thousands that come back at once are spread over the time that their writes need, and few are sent away twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::StoreFault;

/// Devices' writes that wait for a transaction; further ones are sent away. So many full batches take some seconds.
pub const MAX_WAITING_WRITES: usize = 1_024;
/// The longest time that a device is sent away for.
const MAX_RETRY_AFTER_MILLIS: u64 = 60_000;
/// The rate before any was measured, and the lowest one that turns are given at.
const FIRST_WRITES_A_SECOND: u64 = 500;
const MIN_WRITES_A_SECOND: u64 = 20;
/// The time over which the rate is measured.
const RATE_MILLIS: u64 = 1_000;
/// Turns are later by a random part of the wait, up to one in so many.
const JITTER_PARTS: u64 = 4;
const MILLIS_A_SECOND: u64 = 1_000;
const MICROS_A_SECOND: u64 = 1_000_000;

/// Any number, for jitter.
type Random = fn() -> Result<u64, StoreFault>;

/// The writes that wait for an engine. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    state: Arc<Mutex<State>>,
    random: Random,
}

#[derive(Debug)]
struct State {
    max_waiting: usize,
    waiting: usize,
    writes_a_second: u64,
    /// Since when the rate is being measured, and the writes since; none unless there are too many.
    measured: Option<(Instant, u64)>,
    /// The last turn that was given.
    last_turn: Option<Instant>,
}

impl Backlog {
    pub(crate) fn new(random: Random) -> Self {
        let state = State {
            max_waiting: MAX_WAITING_WRITES,
            waiting: 0,
            writes_a_second: FIRST_WRITES_A_SECOND,
            measured: None,
            last_turn: None,
        };
        Self { state: Arc::new(Mutex::new(state)), random }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the limit.
    pub(crate) fn limit(&self, max_waiting: usize) {
        self.state().max_waiting = max_waiting;
    }

    /// Counts a write that is about to wait. The server's own are never sent away.
    ///
    /// # Errors
    /// [`StoreFault::Overloaded`] if too many wait.
    pub(crate) fn enter(&self, is_of_a_device: bool, now: Instant) -> Result<(), StoreFault> {
        let mut state = self.state();
        if is_of_a_device && state.waiting >= state.max_waiting {
            let wait = state.turn(now);
            drop(state);
            let later = (self.random)()? % (wait / JITTER_PARTS + 1);
            let seconds = (wait + later).min(MAX_RETRY_AFTER_MILLIS).div_ceil(MILLIS_A_SECOND).max(1);
            let retry_after_seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            return Err(StoreFault::Overloaded { retry_after_seconds });
        }
        state.waiting += 1;
        Ok(())
    }

    /// Counts a write that waits no longer.
    pub(crate) fn leave(&self, now: Instant) {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_sub(1);
        state.wrote(now);
    }
}

impl State {
    /// Gives the next turn. Returns the time until then, in milliseconds.
    fn turn(&mut self, now: Instant) -> u64 {
        self.measured.get_or_insert((now, 0));
        let gap = Duration::from_micros(MICROS_A_SECOND / self.writes_a_second);
        let last = self.last_turn.filter(|last| *last > now).unwrap_or(now);
        // Later turns than that are all alike, but for their jitter.
        let latest = now + Duration::from_millis(MAX_RETRY_AFTER_MILLIS);
        let turn = (last + gap).min(latest);
        self.last_turn = Some(turn);
        u64::try_from(turn.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX)
    }

    /// Measures the rate while there are always writes that wait.
    fn wrote(&mut self, now: Instant) {
        let Some((since, writes)) = &mut self.measured else { return };
        *writes += 1;
        let millis = u64::try_from(now.saturating_duration_since(*since).as_millis()).unwrap_or(u64::MAX);
        if millis >= RATE_MILLIS {
            self.writes_a_second = (*writes * MILLIS_A_SECOND / millis).max(MIN_WRITES_A_SECOND);
            self.measured = Some((now, 0));
        }
        if self.waiting == 0 {
            self.measured = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(max_waiting: usize, random: Random, now: Instant) -> Backlog {
        let backlog = Backlog::new(random);
        backlog.limit(max_waiting);
        for _ in 0..max_waiting {
            assert!(backlog.enter(true, now).is_ok());
        }
        backlog
    }

    fn seconds(backlog: &Backlog, now: Instant) -> u32 {
        match backlog.enter(true, now) {
            Err(StoreFault::Overloaded { retry_after_seconds }) => retry_after_seconds,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn writes_beyond_the_limit_get_turns_at_the_rate_of_writing() {
        let now = Instant::now();
        let backlog = full(10, || Ok(0), now);
        let told: Vec<u32> = (0..2_000).map(|_| seconds(&backlog, now)).collect();
        for second in 1..=4 {
            let so_many = told.iter().filter(|told| **told == second).count();
            assert!((499..=501).contains(&so_many), "{so_many} are told {second}");
        }
        assert!(told.is_sorted());
        assert!(backlog.enter(false, now).is_ok(), "the server's own writes are not sent away");
        backlog.leave(now);
        backlog.leave(now);
        assert!(backlog.enter(true, now).is_ok(), "there is room again");
    }

    #[test]
    fn the_rate_is_the_one_at_which_it_has_written_since() {
        let now = Instant::now();
        let backlog = full(200, || Ok(0), now);
        assert_eq!(seconds(&backlog, now), 1);
        for write in 0..101 {
            backlog.leave(now + Duration::from_millis(write * 10));
        }
        let later = now + Duration::from_millis(1_010);
        for _ in 0..101 {
            assert!(backlog.enter(true, later).is_ok());
        }
        let told: Vec<u32> = (0..300).map(|_| seconds(&backlog, later)).collect();
        assert_eq!(told.iter().filter(|told| **told == 2).count(), 101, "{told:?}");
    }

    #[test]
    fn nobody_is_sent_away_for_longer_than_a_minute() {
        let now = Instant::now();
        let backlog = full(1, || Ok(0), now);
        let told: Vec<u32> = (0..100_000).map(|_| seconds(&backlog, now)).collect();
        assert_eq!(told.last(), Some(&60));
        let random = full(1, || Ok(u64::MAX), now);
        assert!((0..100_000).all(|_| (1..=60).contains(&seconds(&random, now))));
    }

    #[test]
    fn turns_are_scattered() {
        let now = Instant::now();
        let (even, scattered) = (full(1, || Ok(0), now), full(1, || Ok(999), now));
        let last = |backlog: &Backlog| (0..2_000).map(|_| seconds(backlog, now)).reduce(|_, later| later);
        assert_eq!((last(&even), last(&scattered)), (Some(4), Some(5)));
    }
}
