//! The ports of a process, for the client of any model.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client::Host;
use device_store::SqliteStore;
use futures::future::LocalBoxFuture;
use sync::{AppNames, Model, Notice, Relay, Timer, Turn, UnixMillis};
use uuid::{Builder, Uuid};

use crate::transport::HttpTransport;

/// Lets one process of a device run rounds at a time.
#[derive(Clone, Debug)]
pub struct FileTurn(PathBuf);

impl FileTurn {
    /// The turn of the device with this lock file.
    pub fn new(lock: PathBuf) -> Self {
        Self(lock)
    }
}

impl Turn for FileTurn {
    /// The locked file; `None` where files cannot be locked, and for a stolen turn: the holder keeps its lock.
    type Guard = Option<File>;

    async fn take(&self, steal: bool) -> Option<Option<File>> {
        let Ok(file) = File::options().create(true).truncate(false).write(true).open(&self.0) else {
            return Some(None);
        };
        match file.try_lock() {
            Ok(()) => Some(Some(file)),
            Err(TryLockError::WouldBlock) => steal.then_some(None),
            Err(TryLockError::Error(_)) => Some(None),
        }
    }
}

/// The system's clock, and tokio's timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeTimer;

impl Timer for NativeTimer {
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn running_millis(&self) -> u64 {
        static BEGUN: OnceLock<Instant> = OnceLock::new();
        u64::try_from(BEGUN.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// A process's ports. Other processes of the device look at the store for changes.
#[derive(Debug)]
pub struct NativeHost<M: Model> {
    store: SqliteStore<M>,
    transport: HttpTransport,
    turn: FileTurn,
    names: &'static AppNames,
}

impl<M: Model> NativeHost<M> {
    /// The ports of a device.
    pub fn new(
        store: SqliteStore<M>,
        transport: HttpTransport,
        turn: FileTurn,
        names: &'static AppNames,
    ) -> Self {
        Self { store, transport, turn, names }
    }
}

/// A new UUIDv7.
pub(crate) fn new_id() -> Uuid {
    let millis = u64::try_from(NativeTimer.now().0).unwrap_or_default();
    let mut random = [0; 10];
    if getrandom::fill(&mut random).is_err() {
        // Without the system's randomness: moments of two counters, and the process.
        let seed = format!("{:?} {:?} {}", Instant::now(), SystemTime::now(), std::process::id());
        let made = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.as_bytes());
        random.copy_from_slice(made.as_bytes().get(..10).unwrap_or(&[0; 10]));
    }
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

impl<M: Model> Host for NativeHost<M>
where
    M: Send + Sync,
{
    type Model = M;
    type Wire = Relay<M>;
    type Store = SqliteStore<M>;
    type Transport = HttpTransport;
    type Turn = FileTurn;
    type Timer = NativeTimer;
    type Channel = fn(&Notice);

    fn store(&self) -> &SqliteStore<M> {
        &self.store
    }

    fn transport(&self) -> &HttpTransport {
        &self.transport
    }

    fn turn(&self) -> &FileTurn {
        &self.turn
    }

    fn timer(&self) -> &NativeTimer {
        &NativeTimer
    }

    fn channel(&self) -> &fn(&Notice) {
        const NOBODY: fn(&Notice) = |_| ();
        &NOBODY
    }

    fn scope(&self) -> &str {
        self.names.scope
    }

    fn new_id(&self) -> Uuid {
        new_id()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        tokio::task::spawn_local(task);
    }

    fn request_background_sync(&self) {}
}
