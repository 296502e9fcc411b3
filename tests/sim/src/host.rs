//! The ports of a window or a worker in a simulated device, under the client as it is shipped.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::Host;
use domain::Warehouse;
use futures::future::LocalBoxFuture;
use sync::{Channel, Notice, Timer, Turn, UnixMillis};
use uuid::Uuid;

use crate::actor::Task;
use crate::network::{Air, Link};
use crate::store::DeviceStore;

/// When the worlds begin, by every clock.
const BEGINNING: i64 = 1_795_000_000_000;

/// The turn that a device's windows and its worker share.
#[derive(Clone, Debug, Default)]
pub struct DeviceTurn(Rc<TurnState>);

#[derive(Debug, Default)]
struct TurnState {
    holder: Cell<Option<u64>>,
    given: Cell<u64>,
}

/// Gives the turn back when dropped, unless it was stolen.
#[derive(Debug)]
pub struct TurnGuard(Rc<TurnState>, u64);

impl Drop for TurnGuard {
    fn drop(&mut self) {
        if self.0.holder.get() == Some(self.1) {
            self.0.holder.set(None);
        }
    }
}

impl Turn for DeviceTurn {
    type Guard = TurnGuard;

    async fn take(&self, steal: bool) -> Option<TurnGuard> {
        if self.0.holder.get().is_some() && !steal {
            return None;
        }
        let number = self.0.given.get() + 1;
        self.0.given.set(number);
        self.0.holder.set(Some(number));
        Some(TurnGuard(Rc::clone(&self.0), number))
    }
}

/// A device's clock: the world's, and how far it is off.
#[derive(Clone, Debug)]
pub struct DeviceTimer {
    /// The world.
    pub air: Rc<Air>,
    /// Milliseconds ahead of the world.
    pub ahead: Rc<Cell<i64>>,
}

impl Timer for DeviceTimer {
    fn now(&self) -> UnixMillis {
        let millis = i64::try_from(self.air.clock.millis()).unwrap_or(i64::MAX);
        UnixMillis(BEGINNING.saturating_add(millis).saturating_add(self.ahead.get()))
    }

    async fn sleep(&self, millis: u64) {
        self.air.clock.sleep(millis).await;
    }
}

/// Notices on their way, each with the actor that sent it.
pub type Mail = Rc<RefCell<Vec<(usize, Notice)>>>;

/// An actor's end of the device's channel.
#[derive(Clone, Debug)]
pub struct DeviceChannel {
    /// The actor.
    pub from: usize,
    /// Notices on their way.
    pub mail: Mail,
}

impl Channel for DeviceChannel {
    fn tell(&self, notice: &Notice) {
        self.mail.borrow_mut().push((self.from, notice.clone()));
    }
}

/// Ids that a device gives, in order.
#[derive(Debug)]
pub struct Ids {
    client: Uuid,
    given: Cell<u128>,
}

impl Ids {
    /// Ids of one life of a device's storage.
    pub fn new(client: Uuid) -> Self {
        Self { client, given: Cell::default() }
    }

    /// How many were given.
    pub fn given(&self) -> u128 {
        self.given.get()
    }

    fn next(&self, link: &Link) -> Uuid {
        let number = self.given.get();
        self.given.set(number + 1);
        let id =
            Uuid::from_u128((self.client.as_u128() << 64) | number << 8 | u128::from(link.air.dice.roll(2)));
        if link.air.has_faults.get() && link.air.dice.once_in(40) {
            link.poison.borrow_mut().insert(id);
        }
        id
    }
}

/// Tasks of an actor that nobody waits for.
pub type Tasks = Rc<RefCell<Vec<Task<()>>>>;

/// A window's ports.
#[derive(Clone)]
pub struct WindowHost {
    /// The device's storage.
    pub store: DeviceStore,
    /// The way to the server.
    pub link: Rc<Link>,
    /// One round at a time.
    pub turn: DeviceTurn,
    /// The clock.
    pub timer: DeviceTimer,
    /// The way to the other actors.
    pub channel: DeviceChannel,
    /// Ids for mutations.
    pub ids: Rc<Ids>,
    /// How many this window gave.
    pub drafts: Rc<Cell<u128>>,
    /// The window's tasks.
    pub tasks: Tasks,
    /// Whether a sync event was asked for.
    pub wants_event: Rc<Cell<bool>>,
    /// The rows this device asks for.
    pub scope: Rc<str>,
}

impl WindowHost {
    /// Ids that the window has given to drafts.
    pub fn drafts(&self) -> u128 {
        self.drafts.get()
    }
}

impl Host for WindowHost {
    type Model = Warehouse;
    type Wire = Warehouse;
    type Store = DeviceStore;
    type Transport = Link;
    type Turn = DeviceTurn;
    type Timer = DeviceTimer;
    type Channel = DeviceChannel;

    fn store(&self) -> &DeviceStore {
        &self.store
    }

    fn transport(&self) -> &Link {
        &self.link
    }

    fn turn(&self) -> &DeviceTurn {
        &self.turn
    }

    fn timer(&self) -> &DeviceTimer {
        &self.timer
    }

    fn channel(&self) -> &DeviceChannel {
        &self.channel
    }

    fn scope(&self) -> &str {
        &self.scope
    }

    fn new_id(&self) -> Uuid {
        self.drafts.set(self.drafts.get() + 1);
        self.ids.next(&self.link)
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        self.tasks.borrow_mut().push(task);
    }

    fn request_background_sync(&self) {
        self.wants_event.set(true);
    }
}

impl std::fmt::Debug for WindowHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WindowHost").field("from", &self.channel.from).finish_non_exhaustive()
    }
}
