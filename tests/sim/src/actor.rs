//! A window or the worker: a scheduler, the round it runs, and what its person is just saving.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use domain::Action;
use sync::{Ended, Mutation, RoundReport, Scheduler, SchedulerConfig, StoreError};
use uuid::Uuid;

use crate::variant::Variant;

const NEVER_MILLIS: u64 = 365 * 24 * 3_600_000;
/// As the worker has it: the first seconds after a reconnect break many a request.
const WORKER_MAX_RETRY_MILLIS: u64 = 8_000;

/// A task of the world: polled now and then, and killed by dropping it.
pub type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a round came to.
#[derive(Debug)]
pub struct RoundEnd {
    /// For the scheduler.
    pub ended: Ended,
    /// For the world.
    pub report: Option<RoundReport>,
}

/// What a person asked the device to keep.
#[derive(Debug)]
pub enum Kept {
    /// A mutation was saved, in the place of another that was refused if there is one.
    Saved(Box<Mutation<Action>>, Option<Uuid>),
    /// A pending mutation was undone.
    Undone(Uuid),
    /// A refused mutation was given up.
    Discarded(Uuid),
}

/// What it runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A window.
    Window,
    /// The service worker.
    Worker,
}

/// A window or the worker.
pub struct Actor {
    /// Which.
    pub kind: Kind,
    /// Decides when it syncs.
    pub scheduler: Scheduler,
    /// The running round.
    pub round: Option<Task<RoundEnd>>,
    /// What is just being saved.
    pub work: Option<Task<Result<Kept, StoreError>>>,
    /// When its timer fires, in the world's milliseconds.
    pub timer: Option<u64>,
    /// Whether it runs at all.
    pub is_alive: bool,
    /// Whether the browser lets it run.
    pub is_frozen: bool,
    /// When it was started.
    pub begun: u64,
}

impl Actor {
    /// One that does not run yet.
    pub fn new(kind: Kind, variant: Variant, seed: u64) -> Self {
        Self {
            kind,
            scheduler: Scheduler::new(config(kind, variant), seed),
            round: None,
            work: None,
            timer: None,
            is_alive: false,
            is_frozen: false,
            begun: 0,
        }
    }

    /// Whether it can do anything.
    pub fn can_run(&self) -> bool {
        self.is_alive && !self.is_frozen
    }

    /// Ends it as a killed process does: whatever it was doing is dropped where it stands.
    pub fn kill(&mut self) {
        self.round = None;
        self.work = None;
        self.timer = None;
        self.is_alive = false;
        self.is_frozen = false;
    }
}

fn config(kind: Kind, variant: Variant) -> SchedulerConfig {
    let mut config = SchedulerConfig::default();
    if kind == Kind::Worker {
        (config.interval_millis, config.max_retry_millis) = (None, WORKER_MAX_RETRY_MILLIS);
    }
    match variant {
        Variant::NoSteal => config.max_holder_silence_millis = NEVER_MILLIS,
        Variant::NoWatchdog => config.max_silence_millis = NEVER_MILLIS,
        Variant::NoRetry => {
            (config.min_retry_millis, config.max_retry_millis) = (NEVER_MILLIS, NEVER_MILLIS);
            config.interval_millis = None;
        }
        _ => {}
    }
    config
}

/// Lets a task go on until it waits again.
pub fn poll<T>(task: &mut Option<Task<T>>) -> Option<T> {
    let running = task.as_mut()?;
    match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => {
            *task = None;
            Some(value)
        }
        Poll::Pending => None,
    }
}

/// Lets a task that waits for nobody go on to its end; none if it never comes.
pub fn finish<T>(task: impl Future<Output = T>) -> Option<T> {
    const MAX_POLLS: usize = 100_000;
    let mut task = std::pin::pin!(task);
    let mut context = Context::from_waker(Waker::noop());
    (0..MAX_POLLS).find_map(|_| match task.as_mut().poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    })
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actor")
            .field("kind", &self.kind)
            .field("is_alive", &self.is_alive)
            .finish_non_exhaustive()
    }
}
