//! Decides when a round is due. A state machine without a clock: its owner passes in events with their time,
//! and asks for the next wake-up time.
//!
//! One guarantee: while mutations are pending, the next attempt is never further away than the retry limit,
//! without any action by the user. `navigator.onLine == false` therefore delays attempts but never stops
//! them.

use crate::mutation::UnixMillis;
use crate::transport::TransportError;

/// Settings of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchedulerConfig {
    /// Interval between rounds without failures; `None` disables automatic rounds.
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
    /// While a round of this window waits longer than this for an answer, the server counts as unreachable.
    pub max_answer_millis: u64,
    /// A round of this window without progress for this long is hung, and is abandoned.
    pub max_silence_millis: u64,
    /// Another holder of the turn without a notice for this long is frozen, and loses the turn.
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
            max_answer_millis: 5_000,
            max_silence_millis: 90_000,
            max_holder_silence_millis: 45_000,
        }
    }
}

/// The longest wait before the round that tries a server whose stream was lost: all its devices lose theirs at the same
/// time.
const MAX_PROBE_MILLIS: u64 = 3_000;

/// The reason of rounds that the interval starts.
const INTERVAL: &str = "interval";

/// An event that the scheduler reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The app or worker started.
    Started,
    /// The browser reports a network.
    Online,
    /// The browser reports no network.
    Offline,
    /// The page became visible.
    Visible,
    /// A mutation was saved.
    Enqueued,
    /// The server has changes, or the browser granted a sync event.
    Poked,
    /// The user asked for a round.
    Manual,
    /// The user switched *work offline* on or off. No other event changes it.
    WorkOffline(bool),
    /// Automatic rounds were switched on or off.
    Automatic(bool),
    /// A user signed in.
    SignedIn,
    /// The time from [`Scheduler::poll_timeout`] has come.
    Woken,
    /// The running round made an exchange.
    Progressed,
    /// Another window or the worker sent a notice about a round. Only the notice of an exchange or of a
    /// successful end proves that the server answers.
    Heard {
        /// Whether it does.
        from_server: bool,
    },
    /// A connection that the server had kept open was lost: an event stream.
    StreamLost,
    /// The round ended.
    RoundEnded(Ended),
}

/// The result of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was exchanged, except for changes since then (`more`).
    Done {
        /// Whether another round is due at once.
        more: bool,
    },
    /// Another window or the worker is running a round.
    Elsewhere,
    /// The exchange failed.
    Failed(TransportError),
    /// The device's storage failed.
    StoreFailed,
}

/// A command for the owner of the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start a round.
    StartRound {
        /// The reason, for logs.
        reason: &'static str,
        /// Take the turn from its holder: it was refused repeatedly without any notice from the holder, so
        /// the holder is frozen.
        steal: bool,
    },
    /// Drop the running round, which is hung and will not report an end.
    AbandonRound,
    /// Ask the browser for a sync event, in case the app is closed before the next round.
    RegisterBackgroundSync,
}

/// The state of the connection, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// There is a network; no exchange has ended yet.
    Connecting,
    /// The last exchange succeeded.
    Online,
    /// There is a network, but the server does not answer.
    ServerUnreachable,
    /// The browser reports no network.
    Offline,
    /// The user chose *work offline*.
    WorkingOffline,
    /// The server does not know this device (or no longer).
    SignInNeeded,
    /// A sign-in page stands between this device and the server.
    SignInPage,
    /// The server needs a newer build of the app.
    UpgradeNeeded,
    /// The device holds the data of another site than it is signed in at.
    OtherSite,
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
    /// Whether the server has answered.
    is_reached: bool,
    trouble: Option<Trouble>,
    failures: u32,
    /// Whether the server has said when to come again: nothing that it tells meanwhile is a reason to come earlier.
    must_wait: bool,
    next: Option<(UnixMillis, &'static str)>,
    /// The time at which the running round is abandoned, unless it makes progress.
    patience: UnixMillis,
    /// The time at which the running round has waited too long for an answer; `None` once it has.
    answer_due: Option<UnixMillis>,
    /// The time since which another holder has had the turn without sending a notice.
    refused_since: Option<UnixMillis>,
    jitter: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Unreachable,
    SignIn,
    SignInPage,
    Upgrade,
    OtherSite,
}

impl Scheduler {
    /// A scheduler before its first event. `seed` varies its waits, so that many devices do not retry at the
    /// same time.
    pub fn new(config: SchedulerConfig, seed: u64) -> Self {
        Self {
            config,
            automatic: config.interval_millis.is_some(),
            network: true,
            work_offline: false,
            running: false,
            again: false,
            pending: false,
            is_reached: false,
            trouble: None,
            failures: 0,
            must_wait: false,
            next: None,
            patience: UnixMillis(0),
            answer_due: None,
            refused_since: None,
            jitter: seed | 1,
        }
    }

    /// Handles an event at `now` and returns the resulting orders.
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
                self.next = self.next.filter(|(_, reason)| on || *reason != INTERVAL);
                // Nothing is due any more when they go off; a retry that was due stays.
                if on { self.consider(Some("automatic sync on"), now) } else { Vec::new() }
            }
            Event::SignedIn => {
                self.trouble = None;
                self.failures = 0;
                self.consider(Some("signed in"), now)
            }
            Event::Woken => self.woken(now),
            Event::Progressed => {
                self.wait_for_answer(now);
                self.is_reached = true;
                Vec::new()
            }
            Event::Heard { from_server } => {
                self.is_reached |= from_server;
                self.refused_since = self.refused_since.map(|_| now);
                Vec::new()
            }
            Event::StreamLost => {
                if self.connection() == Connection::Online && !self.running {
                    let due = now.plus(self.jittered(MAX_PROBE_MILLIS));
                    let is_earlier = self.next.is_some_and(|(next, _)| next <= due);
                    self.next = self.next.filter(|_| is_earlier).or(Some((due, "stream lost")));
                }
                Vec::new()
            }
            Event::RoundEnded(ended) => self.round_ended(ended, now),
        }
    }

    /// The time of the next [`Event::Woken`], and its reason.
    pub fn poll_timeout(&self) -> Option<(UnixMillis, &'static str)> {
        match (self.running, self.work_offline) {
            (true, _) => Some(match self.answer_due {
                Some(due) => (due.min(self.patience), "no answer yet"),
                None => (self.patience, "the round hangs"),
            }),
            (false, true) => None,
            (false, false) => self.next,
        }
    }

    /// The state of the connection, as far as known.
    pub fn connection(&self) -> Connection {
        match (self.work_offline, self.network, self.trouble) {
            (true, _, _) => Connection::WorkingOffline,
            (false, _, Some(Trouble::SignIn)) => Connection::SignInNeeded,
            (false, _, Some(Trouble::Upgrade)) => Connection::UpgradeNeeded,
            (false, _, Some(Trouble::OtherSite)) => Connection::OtherSite,
            (false, false, _) => Connection::Offline,
            (false, true, Some(Trouble::Unreachable)) => Connection::ServerUnreachable,
            (false, true, Some(Trouble::SignInPage)) => Connection::SignInPage,
            (false, true, None) if self.running && self.answer_due.is_none() => Connection::ServerUnreachable,
            (false, true, None) if self.is_reached => Connection::Online,
            (false, true, None) => Connection::Connecting,
        }
    }

    /// Whether a round is running.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether automatic rounds are on.
    pub fn is_automatic(&self) -> bool {
        self.automatic
    }

    /// Starts a round if `reason` is given and one is possible. If the user works offline, nobody is signed
    /// in, or there is no network, it only makes sure that an attempt is scheduled.
    fn consider(&mut self, reason: Option<&'static str>, now: UnixMillis) -> Vec<Order> {
        let blocked = self.work_offline
            || !self.network
            || matches!(self.trouble, Some(Trouble::SignIn | Trouble::Upgrade | Trouble::OtherSite))
            || (self.failures > 0 && reason == Some("enqueued"))
            || (self.must_wait && reason == Some("poked"));
        match reason {
            // The running round may have read the queue before this event.
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

    /// A clock that was set back must not delay the next attempt by the same amount.
    fn forgive_clock(&mut self, now: UnixMillis) {
        let longest = self.config.interval_millis.unwrap_or(0).max(self.config.max_retry_millis);
        if let Some((due, _)) = &mut self.next {
            *due = (*due).min(now.plus(longest));
        }
        self.patience = self.patience.min(now.plus(self.config.max_silence_millis));
        self.answer_due = self.answer_due.map(|due| due.min(now.plus(self.config.max_answer_millis)));
        self.refused_since = self.refused_since.map(|since| since.min(now));
    }

    fn start(&mut self, reason: &'static str, now: UnixMillis) -> Vec<Order> {
        if self.running {
            self.again = true;
            return Vec::new();
        }
        self.running = true;
        self.again = false;
        self.must_wait = false;
        self.next = None;
        self.wait_for_answer(now);
        let limit = self.config.max_holder_silence_millis;
        let steal = self.refused_since.is_some_and(|since| now.since(since) > limit);
        vec![Order::StartRound { reason, steal }]
    }

    fn wait_for_answer(&mut self, now: UnixMillis) {
        self.patience = now.plus(self.config.max_silence_millis);
        self.answer_due = Some(now.plus(self.config.max_answer_millis));
    }

    fn woken(&mut self, now: UnixMillis) -> Vec<Order> {
        self.answer_due = self.answer_due.filter(|due| *due > now);
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
                // The server was reached, so there is a network even if the browser reports none.
                self.network = true;
                self.is_reached = true;
                self.trouble = None;
                self.failures = 0;
                self.pending = more || self.again;
                if self.pending {
                    return self.consider(Some("more"), now);
                }
                let wait = self.config.interval_millis.filter(|_| self.automatic);
                self.next = wait.map(|millis| (now.plus(millis), INTERVAL));
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
            TransportError::SignInNeeded
            | TransportError::SignInPage
            | TransportError::UpgradeNeeded
            | TransportError::OtherSite(_)
            | TransportError::Refused { .. } => self.config.max_retry_millis,
            TransportError::Busy { retry_after_millis: Some(asked) } => {
                // Not before that, unless somebody asks for it.
                self.must_wait = true;
                let asked = asked.min(self.config.max_retry_millis);
                self.next = Some((now.plus(asked + self.jittered(asked) / 2), "retry"));
                return Vec::new();
            }
            TransportError::Busy { retry_after_millis: None }
            | TransportError::Unreachable
            | TransportError::TimedOut
            | TransportError::Garbled => doubled.min(self.config.max_retry_millis),
        };
        self.next = Some((now.plus(self.jittered(wait)), "retry"));
        Vec::new()
    }

    /// A random time between half of `wait` and `wait` (xorshift64).
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
        TransportError::SignInPage => Some(Trouble::SignInPage),
        TransportError::UpgradeNeeded => Some(Trouble::Upgrade),
        TransportError::OtherSite(_) => Some(Trouble::OtherSite),
        TransportError::Unreachable
        | TransportError::TimedOut
        | TransportError::Busy { .. }
        | TransportError::Garbled => Some(Trouble::Unreachable),
        // The server answered; the error itself contains the refusal.
        TransportError::Refused { .. } => None,
    }
}
