//! The server's time on a device whose clock is wrong, or is set while the app is open or closed.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::{Client, HEARD_TIME_SETTING, Host, RoundPorts, sync_once};
use futures::executor::block_on;
use futures::future::LocalBoxFuture;
use sync::conformance::{Add, CounterRow, Counters};
use sync::memory::MemoryStore;
use sync::{
    AuditRequest, AuditResponse, Channel, Cursor, Notice, PROTOCOL_VERSION, RoundLimits, Store as _,
    SyncRequest, SyncResponse, Timer, Transport, TransportError, UnixMillis,
};
use uuid::Uuid;

use free::Free;

#[path = "ports/free.rs"]
mod free;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// The server's time at the beginning: 2026-11-29.
const NOON: UnixMillis = UnixMillis(1_795_953_600_000);

/// The time in the world, and by how much the device's clock is ahead.
#[derive(Clone, Default)]
struct Clock {
    passed: Rc<Cell<i64>>,
    ahead: Rc<Cell<i64>>,
    /// The time at which the page was opened.
    opened: Cell<i64>,
}

impl Clock {
    fn server(&self) -> UnixMillis {
        UnixMillis(NOON.0 + self.passed.get())
    }

    fn pass(&self, millis: i64) {
        self.passed.set(self.passed.get() + millis);
    }

    /// The clock of a page that is opened now.
    fn reopened(&self) -> Self {
        Self { opened: Cell::new(self.passed.get()), ..self.clone() }
    }
}

impl Timer for Clock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.server().0 + self.ahead.get())
    }

    fn running_millis(&self) -> u64 {
        u64::try_from(self.passed.get() - self.opened.get()).expect("time passes")
    }

    async fn sleep(&self, millis: u64) {
        self.pass(millis.cast_signed());
    }
}

struct Server(Clock);

impl Transport<Counters> for Server {
    async fn exchange(&self, request: &SyncRequest<Add>) -> Result<SyncResponse<CounterRow>, TransportError> {
        assert_eq!(request.sent_at, Some(self.0.now()), "the request has the device's clock");
        Ok(SyncResponse {
            protocol: PROTOCOL_VERSION,
            site: None,
            epoch: Uuid::from_u128(9),
            server_time: self.0.server(),
            receipts: Vec::new(),
            known_seq: 0,
            rows: Vec::new(),
            removed: Vec::new(),
            replaced: None,
            cursor: Cursor::Live { rev: 1 },
            more: false,
            tables: Vec::new(),
        })
    }

    async fn audit(&self, _: &AuditRequest) -> Result<AuditResponse<CounterRow>, TransportError> {
        Err(TransportError::Unreachable)
    }
}

struct Nobody;

impl Channel for Nobody {
    fn tell(&self, _: &Notice) {}
}

struct Window {
    store: MemoryStore<Counters>,
    server: Server,
    timer: Clock,
    tasks: Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>,
}

impl Host for Window {
    type Model = Counters;
    type Wire = Counters;
    type Store = MemoryStore<Counters>;
    type Transport = Server;
    type Turn = Free;
    type Timer = Clock;
    type Channel = Nobody;

    fn store(&self) -> &MemoryStore<Counters> {
        &self.store
    }

    fn transport(&self) -> &Server {
        &self.server
    }

    fn turn(&self) -> &Free {
        &Free
    }

    fn timer(&self) -> &Clock {
        &self.timer
    }

    fn channel(&self) -> &Nobody {
        &Nobody
    }

    fn scope(&self) -> &str {
        ""
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        self.tasks.borrow_mut().push(task);
    }

    fn request_background_sync(&self) {}
}

/// A device, and the tasks that its window has spawned.
struct Device {
    store: MemoryStore<Counters>,
    clock: Clock,
    tasks: Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>,
}

impl Device {
    fn new(ahead: i64) -> Self {
        let clock = Clock { ahead: Rc::new(Cell::new(ahead)), ..Clock::default() };
        Self { store: MemoryStore::new(Uuid::from_u128(1), ""), clock, tasks: Rc::default() }
    }

    /// Opens the app.
    fn open(&self) -> Client<Window> {
        let timer = self.clock.reopened();
        let window = Window {
            store: self.store.clone(),
            server: Server(timer.clone()),
            timer,
            tasks: Rc::clone(&self.tasks),
        };
        let client = block_on(Client::open(window)).expect("open");
        self.finish();
        client
    }

    /// Runs the spawned tasks.
    fn finish(&self) {
        loop {
            let Some(task) = self.tasks.borrow_mut().pop() else { return };
            block_on(task);
        }
    }

    /// A round of the worker, of which a window hears.
    fn sync(&self, client: &Client<Window>) {
        let (server, channel) = (Server(self.clock.clone()), Nobody);
        let ports = RoundPorts { transport: &server, turn: &Free, timer: &self.clock, channel: &channel };
        block_on(sync_once(&self.store, &ports, RoundLimits::default(), false)).expect("a round");
        block_on(client.hear(Notice::RoundEnded { ok: true }));
        self.finish();
    }
}

#[test]
fn a_device_has_the_servers_time_from_the_first_answer_on() {
    for ahead in [-2_000 * DAY, -DAY, 6 * MINUTE, 0, 400 * DAY] {
        let device = Device::new(ahead);
        let client = device.open();
        assert_eq!((client.server_now(), client.clock_ahead_minutes()), (device.clock.now(), None));
        device.sync(&client);
        device.clock.pass(3 * DAY);
        assert_eq!(client.server_now(), device.clock.server(), "{ahead}");
        assert_eq!(client.clock_ahead_minutes(), Some(ahead / MINUTE));
        // Offline, after a restart.
        device.clock.pass(DAY);
        let client = device.open();
        assert_eq!(client.server_now(), device.clock.server(), "{ahead} after a restart");
        assert_eq!(client.clock_ahead_minutes(), Some(ahead / MINUTE));
    }
}

#[test]
fn a_clock_that_is_off_by_five_minutes_is_right_enough() {
    for (ahead, told) in [(5 * MINUTE, 0), (-5 * MINUTE, 0), (6 * MINUTE, 6), (-6 * MINUTE, -6)] {
        let device = Device::new(ahead);
        let client = device.open();
        device.sync(&client);
        assert_eq!(client.clock_ahead_minutes(), Some(told), "{ahead}");
    }
}

#[test]
fn a_clock_that_is_set_while_the_app_is_open_is_told_of_and_changes_no_date() {
    for set_by in [-3_000 * DAY, 700 * DAY] {
        let device = Device::new(0);
        let client = device.open();
        device.sync(&client);
        device.clock.ahead.set(set_by);
        device.clock.pass(2 * DAY);
        assert_eq!(client.server_now(), device.clock.server(), "{set_by}");
        device.finish();
        assert_eq!(client.clock_ahead_minutes(), Some(set_by / MINUTE));
        // The next run continues from here, although it has heard nothing since.
        device.clock.pass(DAY);
        assert_eq!(device.open().server_now(), device.clock.server(), "{set_by} after a restart");
        device.clock.ahead.set(0);
        let client = device.open();
        assert_eq!(client.server_now(), device.clock.server(), "{set_by} and set right again");
        assert_eq!(client.clock_ahead_minutes(), Some(0));
    }
}

#[test]
fn a_clock_that_was_set_back_while_the_app_was_closed_never_shows_less_than_was_heard() {
    let device = Device::new(0);
    device.sync(&device.open());
    device.clock.pass(DAY);
    device.clock.ahead.set(-3_000 * DAY);
    let client = device.open();
    assert_eq!(client.server_now(), NOON);
    device.clock.pass(2 * DAY);
    assert_eq!(client.server_now(), NOON.plus((2 * DAY).cast_unsigned()));
    // Another restart loses nothing of that.
    device.clock.pass(DAY);
    assert_eq!(device.open().server_now(), NOON.plus((3 * DAY).cast_unsigned()));
}

#[test]
fn a_window_keeps_what_another_has_heard_in_the_meantime() {
    let device = Device::new(0);
    let client = device.open();
    device.sync(&client);
    // The worker hears the server after the clock was set, and this window misses the notice.
    device.clock.ahead.set(-900 * DAY);
    device.clock.pass(DAY);
    device.sync(&device.open());
    let heard = block_on(device.store.setting(HEARD_TIME_SETTING)).expect("a setting");
    assert_eq!(client.server_now(), device.clock.server());
    device.finish();
    assert_eq!(block_on(device.store.setting(HEARD_TIME_SETTING)).expect("a setting"), heard);
    assert_eq!(client.server_now(), device.clock.server());
}
