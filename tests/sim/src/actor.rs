//! A window or the worker: its client code, and the mutation that its person is currently saving.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use client::{DrainError, Engine, RecordError};
use domain::{Action, Row};
use sync::{Mutation, SchedulerConfig, View};
use uuid::Uuid;

use crate::host::{Tasks, WindowHost};
use crate::variant::Variant;

const NEVER_MILLIS: u64 = 365 * 24 * 3_600_000;

/// A simulated task: polled from time to time, and killed by dropping it.
pub type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// The result of a person's action in a window.
#[derive(Debug)]
pub enum Kept {
    /// A mutation was saved, possibly as the replacement of a refused one.
    Saved(Box<Mutation<Action>>, Option<Uuid>),
    /// A pending mutation was withdrawn.
    Undone(Uuid),
    /// A refused mutation was dropped.
    Discarded(Uuid),
    /// The screen showed these rows.
    Looked(View<Row>),
}

/// The kind of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A window.
    Window,
    /// The service worker.
    Worker,
}

/// A window or the worker.
pub struct Actor {
    /// Its kind.
    pub kind: Kind,
    /// The window's page, once it has opened the storage.
    pub page: Page,
    /// The window's tasks.
    pub tasks: Tasks,
    /// The worker's sync event.
    pub drain: Option<Task<Result<(), DrainError>>>,
    /// The save or read in progress.
    pub work: Option<Task<Result<Kept, RecordError>>>,
    /// Whether its process is running.
    pub is_alive: bool,
    /// Whether the browser has not frozen it.
    pub is_frozen: bool,
    /// The time at which it was started.
    pub begun: u64,
    /// Exchanges of its current round.
    pub exchanges: usize,
}

/// A page, once it is open.
pub type Page = std::rc::Rc<std::cell::RefCell<Option<Engine<WindowHost>>>>;

impl Actor {
    /// An actor that is not running yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            page: Page::default(),
            tasks: Tasks::default(),
            drain: None,
            work: None,
            is_alive: false,
            is_frozen: false,
            begun: 0,
            exchanges: 0,
        }
    }

    /// Whether it is running and not frozen.
    pub fn can_run(&self) -> bool {
        self.is_alive && !self.is_frozen
    }

    /// The page of a window that can run and has opened the storage.
    pub fn open_page(&self) -> Option<Engine<WindowHost>> {
        self.page.borrow().clone().filter(|_| self.can_run())
    }

    /// Kills it like a process: all its tasks are dropped at once.
    pub fn kill(&mut self) {
        self.tasks.borrow_mut().clear();
        self.page.borrow_mut().take();
        *self = Self::new(self.kind);
    }

    /// Polls every task once.
    pub fn poll_tasks(&self) {
        let mut running = std::mem::take(&mut *self.tasks.borrow_mut());
        let mut context = Context::from_waker(Waker::noop());
        running.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        // Tasks that were spawned meanwhile.
        let spawned = std::mem::replace(&mut *self.tasks.borrow_mut(), running);
        self.tasks.borrow_mut().extend(spawned);
    }
}

/// The sync schedule of a window; variants break it.
pub fn window_schedule(variant: Variant) -> SchedulerConfig {
    let mut config = SchedulerConfig::default();
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

/// Polls a task once.
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

/// Runs a task that never has to wait to its end; `None` if it does not end.
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
