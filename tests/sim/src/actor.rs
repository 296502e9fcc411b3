//! A window or the worker: the client's code that it runs, and the work that its person is just saving.

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

/// A task of the world: polled now and then, and killed by dropping it.
pub type Task<T> = Pin<Box<dyn Future<Output = T>>>;

/// A person's act at a window.
#[derive(Debug)]
pub enum Kept {
    /// A mutation was saved, in the place of another that was refused if there is one.
    Saved(Box<Mutation<Action>>, Option<Uuid>),
    /// A pending mutation was undone.
    Undone(Uuid),
    /// A refused mutation was given up.
    Discarded(Uuid),
    /// The screen showed these rows.
    Looked(View<Row>),
}

/// Where an actor runs.
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
    /// The window's page, once it has opened the storage.
    pub page: Page,
    /// The window's tasks.
    pub tasks: Tasks,
    /// The worker's sync event.
    pub drain: Option<Task<Result<(), DrainError>>>,
    /// What is just being saved or looked at.
    pub work: Option<Task<Result<Kept, RecordError>>>,
    /// Whether it runs at all.
    pub is_alive: bool,
    /// Whether the browser lets it run.
    pub is_frozen: bool,
    /// When it was started.
    pub begun: u64,
    /// Exchanges of the round that it runs.
    pub exchanges: usize,
}

/// A page, once it is open.
pub type Page = std::rc::Rc<std::cell::RefCell<Option<Engine<WindowHost>>>>;

impl Actor {
    /// One that does not run yet.
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

    /// Whether it can do anything.
    pub fn can_run(&self) -> bool {
        self.is_alive && !self.is_frozen
    }

    /// The page of a window that can do something and is open.
    pub fn open_page(&self) -> Option<Engine<WindowHost>> {
        self.page.borrow().clone().filter(|_| self.can_run())
    }

    /// Ends it as a killed process does: whatever it was doing is dropped where it stands.
    pub fn kill(&mut self) {
        self.tasks.borrow_mut().clear();
        self.page.borrow_mut().take();
        *self = Self::new(self.kind);
    }

    /// Lets every task go on until it waits again.
    pub fn poll_tasks(&self) {
        let mut running = std::mem::take(&mut *self.tasks.borrow_mut());
        let mut context = Context::from_waker(Waker::noop());
        running.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        // Tasks that were spawned meanwhile.
        let spawned = std::mem::replace(&mut *self.tasks.borrow_mut(), running);
        self.tasks.borrow_mut().extend(spawned);
    }
}

/// When a window syncs; variants break that.
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
