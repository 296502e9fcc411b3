//! Decides when a round is due. A state machine without a clock: its owner tells it what happened and when, and asks
//! when it wants to be woken.
//!
//! It keeps one promise: while something is pending, an attempt is never further away than the retry limit, with no
//! action by the user. `navigator.onLine == false` therefore slows it down but never stops it.

use crate::mutation::UnixMillis;
use crate::transport::TransportError;

/// What the user of the scheduler may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// Time between rounds while all is well; none for no automatic rounds.
    pub interval_millis: Option<u64>,
    /// Whether a round starts when the connection comes back.
    pub on_online: bool,
    /// Whether a round starts when the page becomes visible.
    pub on_visible: bool,
    /// Whether a round starts at start-up.
    pub on_start: bool,
    /// The first wait after a failure; it doubles from there.
    pub min_retry_millis: u64,
    /// The longest wait after a failure.
    pub max_retry_millis: u64,
    /// A round of our own that has said nothing for this long hangs, and is given up.
    pub max_silence_millis: u64,
    /// Somebody else who holds the turn and has said nothing for this long is frozen, and loses it.
    pub max_holder_silence_millis: u64,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            interval_millis: Some(60_000),
            on_online: true,
            on_visible: true,
            on_start: true,
            min_retry_millis: 1_000,
            max_retry_millis: 60_000,
            max_silence_millis: 90_000,
            max_holder_silence_millis: 45_000,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The app or worker started.
    Started,
    /// The browser says that there is a network.
    Online,
    /// The browser says that there is none.
    Offline,
    /// The page became visible.
    Visible,
    /// A mutation was saved.
    Enqueued,
    /// The server has something new, or the browser granted a sync event.
    Poked,
    /// The user asked for a round.
    Manual,
    /// The user chose to work offline, or to end that. Nothing else changes it.
    WorkOffline(bool),
    /// Automatic rounds were switched on or off.
    Automatic(bool),
    /// Somebody signed in.
    SignedIn,
    /// The time asked for by [`Scheduler::poll_timeout`] has come.
    Woken,
    /// The running round made an exchange.
    Progressed,
    /// Somebody else on this device told of a round.
    Heard,
    /// The round ended.
    RoundEnded(Ended),
}

/// How a round ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left, or only what came in since (`more`).
    Done {
        /// Whether another round is due at once.
        more: bool,
    },
    /// Somebody else on this device is running one.
    Elsewhere,
    /// The exchange failed.
    Failed(TransportError),
    /// The device's storage failed.
    StoreFailed,
}

/// What the owner has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start a round.
    StartRound {
        /// Why, for logs.
        reason: &'static str,
        /// Take the turn of whoever holds it: refused again and again, with not a word from there, that one is frozen.
        steal: bool,
    },
    /// Drop the running round, whose end will not be told: it hangs.
    AbandonRound,
    /// Ask the browser for a sync event, in case the app is closed before the next round.
    RegisterBackgroundSync,
}

/// The connection as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The last exchange succeeded, or none has been tried yet.
    Online,
    /// There is a network, but the server does not answer.
    ServerUnreachable,
    /// The browser says that there is no network.
    Offline,
    /// The user chose so.
    WorkingOffline,
    /// The server does not know this device (any more).
    SignInNeeded,
    /// The server needs a newer build of the app.
    UpgradeNeeded,
}

/// The state machine.
#[derive(Clone, Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
    automatic: bool,
    network: bool,
    work_offline: bool,
    running: bool,
    again: bool,
    pending: bool,
    trouble: Option<Trouble>,
    failures: u32,
    next: Option<(UnixMillis, &'static str)>,
    /// When the running round is to be given up, unless it makes progress.
    patience: UnixMillis,
    /// Since when somebody else has held the turn without a word.
    refused_since: Option<UnixMillis>,
    jitter: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Unreachable,
    SignIn,
    Upgrade,
}

impl Scheduler {
    /// A scheduler that has seen nothing yet. `seed` varies its waits, so that a fleet does not retry in step.
    pub fn new(config: SchedulerConfig, seed: u64) -> Self {
        Self {
            config,
            automatic: config.interval_millis.is_some(),
            network: true,
            work_offline: false,
            running: false,
            again: false,
            pending: false,
            trouble: None,
            failures: 0,
            next: None,
            patience: UnixMillis(0),
            refused_since: None,
            jitter: seed | 1,
        }
    }

    /// Takes note of what happened at `now` and says what to do.
    pub fn handle(&mut self, event: Event, now: UnixMillis) -> Vec<Order> {
        self.forgive_clock(now);
        match event {
            Event::Started => {
                let round = self.config.on_start.then_some("start");
                [vec![Order::RegisterBackgroundSync], self.consider(round, now)].concat()
            }
            Event::Online => {
                self.network = true;
                self.failures = 0;
                let round = self.config.on_online.then_some("online");
                self.consider(round, now)
            }
            Event::Offline => {
                self.network = false;
                Vec::new()
            }
            Event::Visible => {
                let round = self.config.on_visible.then_some("visible");
                self.consider(round, now)
            }
            Event::Enqueued => {
                self.pending = true;
                [vec![Order::RegisterBackgroundSync], self.consider(Some("enqueued"), now)].concat()
            }
            Event::Poked => self.consider(Some("poked"), now),
            Event::Manual => self.start("manual", now),
            Event::WorkOffline(chosen) => {
                self.work_offline = chosen;
                self.consider((!chosen).then_some("back online by choice"), now)
            }
            Event::Automatic(on) => {
                self.automatic = on;
                self.consider(on.then_some("automatic sync on"), now)
            }
            Event::SignedIn => {
                self.trouble = None;
                self.failures = 0;
                self.consider(Some("signed in"), now)
            }
            Event::Woken => self.woken(now),
            Event::Progressed => {
                self.patience = now.plus(self.config.max_silence_millis);
                Vec::new()
            }
            Event::Heard => {
                self.refused_since = self.refused_since.map(|_| now);
                Vec::new()
            }
            Event::RoundEnded(ended) => self.round_ended(ended, now),
        }
    }

    /// When the scheduler wants [`Event::Woken`], and why.
    pub fn poll_timeout(&self) -> Option<(UnixMillis, &'static str)> {
        match (self.running, self.work_offline) {
            (true, _) => Some((self.patience, "the round hangs")),
            (false, true) => None,
            (false, false) => self.next,
        }
    }

    /// The connection as far as it is known.
    pub fn connection(&self) -> Connection {
        match (self.work_offline, self.network, self.trouble) {
            (true, _, _) => Connection::WorkingOffline,
            (false, _, Some(Trouble::SignIn)) => Connection::SignInNeeded,
            (false, _, Some(Trouble::Upgrade)) => Connection::UpgradeNeeded,
            (false, false, _) => Connection::Offline,
            (false, true, Some(Trouble::Unreachable)) => Connection::ServerUnreachable,
            (false, true, None) => Connection::Online,
        }
    }

    /// Whether a round is running.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether rounds start by themselves.
    pub fn is_automatic(&self) -> bool {
        self.automatic
    }

    /// A round for a good reason, unless the user works offline, nobody is signed in, or there is no network; then it
    /// is only made sure that an attempt follows.
    fn consider(&mut self, reason: Option<&'static str>, now: UnixMillis) -> Vec<Order> {
        let blocked = self.work_offline
            || !self.network
            || matches!(self.trouble, Some(Trouble::SignIn | Trouble::Upgrade))
            || (self.failures > 0 && reason == Some("enqueued"));
        match reason {
            // What runs may have looked at the queue before this came in.
            Some(_) if self.running => {
                self.again = true;
                Vec::new()
            }
            Some(reason) if !blocked => self.start(reason, now),
            _ => {
                self.next.get_or_insert((now.plus(self.config.max_retry_millis), "retry"));
                Vec::new()
            }
        }
    }

    /// A clock that was set back must not put the next attempt off by as much.
    fn forgive_clock(&mut self, now: UnixMillis) {
        let longest = self.config.interval_millis.unwrap_or(0).max(self.config.max_retry_millis);
        if let Some((due, _)) = &mut self.next {
            *due = (*due).min(now.plus(longest));
        }
        self.patience = self.patience.min(now.plus(self.config.max_silence_millis));
        self.refused_since = self.refused_since.map(|since| since.min(now));
    }

    fn start(&mut self, reason: &'static str, now: UnixMillis) -> Vec<Order> {
        if self.running {
            self.again = true;
            return Vec::new();
        }
        self.running = true;
        self.again = false;
        self.next = None;
        self.patience = now.plus(self.config.max_silence_millis);
        let limit = self.config.max_holder_silence_millis;
        let steal = self.refused_since.is_some_and(|since| now.since(since) > limit);
        vec![Order::StartRound { reason, steal }]
    }

    fn woken(&mut self, now: UnixMillis) -> Vec<Order> {
        match self.poll_timeout() {
            Some((due, _)) if due <= now && self.running => {
                self.running = false;
                [vec![Order::AbandonRound], self.retry_later(TransportError::TimedOut, now)].concat()
            }
            Some((due, reason)) if due <= now => self.start(reason, now),
            _ => Vec::new(),
        }
    }

    fn round_ended(&mut self, ended: Ended, now: UnixMillis) -> Vec<Order> {
        self.running = false;
        self.refused_since = match ended {
            Ended::Elsewhere => self.refused_since.or(Some(now)),
            Ended::Done { .. } | Ended::Failed(_) | Ended::StoreFailed => None,
        };
        match ended {
            Ended::Done { more } => {
                // Whatever the browser says: the server was reached.
                self.network = true;
                self.trouble = None;
                self.failures = 0;
                self.pending = more || self.again;
                if self.pending {
                    return self.consider(Some("more"), now);
                }
                let wait = self.config.interval_millis.filter(|_| self.automatic);
                self.next = wait.map(|millis| (now.plus(millis), "interval"));
                Vec::new()
            }
            Ended::Elsewhere => {
                self.next = Some((now.plus(self.config.min_retry_millis), "another window was syncing"));
                Vec::new()
            }
            Ended::Failed(error) => {
                self.trouble = trouble(&error).or(self.trouble);
                self.retry_later(error, now)
            }
            Ended::StoreFailed => self.retry_later(TransportError::TimedOut, now),
        }
    }

    fn retry_later(&mut self, error: TransportError, now: UnixMillis) -> Vec<Order> {
        self.failures = self.failures.saturating_add(1);
        let doubled = self.config.min_retry_millis.saturating_mul(1 << (self.failures - 1).min(16));
        let wait = match error {
            TransportError::SignInNeeded | TransportError::UpgradeNeeded | TransportError::Refused { .. } => {
                self.config.max_retry_millis
            }
            TransportError::Busy { retry_after_millis: Some(asked) } => {
                asked.min(self.config.max_retry_millis)
            }
            TransportError::Busy { retry_after_millis: None }
            | TransportError::Unreachable
            | TransportError::TimedOut
            | TransportError::Garbled => doubled.min(self.config.max_retry_millis),
        };
        self.next = Some((now.plus(self.jittered(wait)), "retry"));
        Vec::new()
    }

    /// Between half of `wait` and all of it (xorshift64).
    fn jittered(&mut self, wait: u64) -> u64 {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        wait / 2 + self.jitter % (wait / 2 + 1)
    }
}

fn trouble(error: &TransportError) -> Option<Trouble> {
    match error {
        TransportError::SignInNeeded => Some(Trouble::SignIn),
        TransportError::UpgradeNeeded => Some(Trouble::Upgrade),
        TransportError::Unreachable
        | TransportError::TimedOut
        | TransportError::Busy { .. }
        | TransportError::Garbled => Some(Trouble::Unreachable),
        // The server did answer; what it refused is said by the error itself.
        TransportError::Refused { .. } => None,
    }
}
