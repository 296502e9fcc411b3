//! The ports of a window or a worker on a simulated device, for the client code as shipped.

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

/// The start time of all clocks.
const BEGINNING: i64 = 1_795_000_000_000;

/// The sync turn shared by a device's windows and its worker.
#[derive(Clone, Debug, Default)]
pub struct DeviceTurn(Rc<TurnState>);

#[derive(Debug, Default)]
struct TurnState {
    holder: Cell<Option<u64>>,
    given: Cell<u64>,
}

/// Releases the turn when dropped, unless it was stolen.
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

/// A device's clock: the world's clock with an offset.
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

/// Notices in transit, each with the actor that sent it.
pub type Mail = Rc<RefCell<Vec<(usize, Notice)>>>;

/// An actor's end of the device's channel.
#[derive(Clone, Debug)]
pub struct DeviceChannel {
    /// The actor.
    pub from: usize,
    /// Notices in transit.
    pub mail: Mail,
}

impl Channel for DeviceChannel {
    fn tell(&self, notice: &Notice) {
        self.mail.borrow_mut().push((self.from, notice.clone()));
    }
}

/// Sequential ids of a device.
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

    /// Number of ids given.
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

/// Background tasks of an actor.
pub type Tasks = Rc<RefCell<Vec<Task<()>>>>;

/// A window's ports.
#[derive(Clone)]
pub struct WindowHost {
    /// The device's storage.
    pub store: DeviceStore,
    /// The link to the server.
    pub link: Rc<Link>,
    /// One round at a time.
    pub turn: DeviceTurn,
    /// The clock.
    pub timer: DeviceTimer,
    /// The channel to the other actors.
    pub channel: DeviceChannel,
    /// Ids for mutations.
    pub ids: Rc<Ids>,
    /// Number of ids that this window gave to drafts.
    pub drafts: Rc<Cell<u128>>,
    /// The window's tasks.
    pub tasks: Tasks,
    /// Whether a sync event was registered.
    pub wants_event: Rc<Cell<bool>>,
    /// The scope of this device.
    pub scope: Rc<str>,
}

impl WindowHost {
    /// Number of ids that the window gave to drafts.
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
