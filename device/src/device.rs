//! A connected device: its queue, its rounds, its engine.

use std::cell::RefCell;

use client::{Client, Completeness, Engine, EngineConfig, RoundFailure, RoundPorts, sync_once};
use device_store::SqliteStore;
use domain::{Action, CalendarDate, NAMES, Warehouse};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sync::{
    Notice, Outcome, QueueState, RoundLimits, SchedulerConfig, Store as _, Timer as _, UnixMillis, Unsent,
};
use uuid::Uuid;

use crate::error::DeviceError;
use crate::home::{Home, Identity};
use crate::host::{FileTurn, NativeHost, NativeTimer};
use crate::transport::HttpTransport;

/// Tries to take the turn from another process, and the wait between them: some 15 s, as long as a slow exchange.
const MAX_TURN_TRIES: u32 = 60;
const TURN_MILLIS: u64 = 250;
/// Rounds of one call; each exchanges up to a thousand times.
const MAX_ROUNDS: u32 = 100;
/// How often other processes' changes of the queue are looked for.
const LOOK_MILLIS: u64 = 500;
const SECONDS_A_MINUTE: i32 = 60;

/// A connected device of the warehouse. Call it within a `LocalSet`.
#[derive(Debug)]
pub struct Device {
    pub(crate) client: Client<NativeHost<Warehouse>>,
    home: Home,
    identity: Identity,
}

/// An entry of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the queue.
    pub seq: u64,
    /// Its id.
    pub id: Uuid,
    /// The action.
    pub action: Action,
    /// When, by this device's clock.
    pub captured_at: UnixMillis,
    /// For an entry that waits for a person: the server's code and sentence. `None` for one that waits to be sent.
    pub refused: Option<(String, String)>,
}

/// The result of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Changes that the server has booked.
    pub booked: usize,
    /// Changes that now wait for a person.
    pub attention: usize,
    /// Rows and removals received.
    pub received: usize,
    /// The revision of the server that this device has.
    pub rev: u64,
}

impl Device {
    /// Opens the device in `home`.
    ///
    /// # Errors
    /// [`DeviceError::NotConnected`], or an error of its files.
    pub async fn open(home: &Home) -> Result<Self, DeviceError> {
        let not_connected = || DeviceError::NotConnected(home.identity_file());
        let identity = home.identity()?.ok_or_else(not_connected)?;
        let store: SqliteStore<Warehouse> = home.open_store(&identity).await?;
        let transport = HttpTransport::new(&identity.server, Some(&identity.token), &NAMES);
        let transport = transport.map_err(DeviceError::Refused)?;
        let host = NativeHost::new(store, transport, FileTurn::new(home.lock()), &NAMES);
        let client = Client::open(host).await;
        let client = client.map_err(|error| DeviceError::of_store(error, &home.database()))?;
        client.set_author(&identity.name);
        Ok(Self { client, home: home.clone(), identity })
    }

    /// Which device this is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The part of the server's rows that is on this device.
    pub fn completeness(&self) -> Completeness {
        self.client.completeness()
    }

    /// An error of the stock book.
    pub(crate) fn store_fault(&self, error: sync::StoreError) -> DeviceError {
        DeviceError::of_store(error, &self.home.database())
    }

    pub(crate) fn record_fault(&self, error: client::RecordError) -> DeviceError {
        DeviceError::of_record(error, &self.home.database())
    }

    /// Today in this system's time zone, by the server's time as last heard.
    pub fn today(&self) -> CalendarDate {
        let now = self.client.server_now();
        let offset_seconds = Timestamp::from_millisecond(now.0)
            .map_or(0, |timestamp| TimeZone::system().to_offset(timestamp).seconds());
        CalendarDate::of(now, offset_seconds / SECONDS_A_MINUTE)
    }

    /// Sends the queue and fetches what is new. `on_progress` gets a notice of every exchange.
    ///
    /// # Errors
    /// [`DeviceError`]; what was exchanged before stays.
    pub async fn sync(&self, on_progress: impl Fn(&Notice)) -> Result<Synced, DeviceError> {
        let host = self.client.host();
        let last = RefCell::new(None);
        let channel = |notice: &Notice| {
            if matches!(notice, Notice::RoundProgress { .. }) {
                last.replace(Some(notice.clone()));
            }
            on_progress(notice);
        };
        let ports = self.ports(&channel);
        let mut synced = Synced::default();
        let mut tries = 0;
        for _ in 0..MAX_ROUNDS + MAX_TURN_TRIES {
            let report = match sync_once(self.client.relay(), &ports, RoundLimits::default(), false).await {
                Err(RoundFailure::Elsewhere) if tries < MAX_TURN_TRIES => {
                    tries += 1;
                    client::Host::timer(host).sleep(TURN_MILLIS).await;
                    continue;
                }
                ended => ended.map_err(|error| DeviceError::of_round(error, &self.home.database()))?,
            };
            synced.booked += report.acknowledged;
            synced.attention += report.attention;
            synced.received += report.received;
            synced.rev = report.rev;
            if report.complete {
                break;
            }
        }
        if let Some(progress) = last.take() {
            self.client.hear(progress).await;
        }
        self.client.hear(Notice::RoundEnded { ok: true }).await;
        Ok(synced)
    }

    fn ports<'a, C>(&'a self, channel: &'a C) -> RoundPorts<'a, HttpTransport, FileTurn, NativeTimer, C> {
        let host = self.client.host();
        RoundPorts {
            transport: client::Host::transport(host),
            turn: client::Host::turn(host),
            timer: client::Host::timer(host),
            channel,
        }
    }

    /// An engine that runs rounds by itself once it gets [`sync::Event::Started`].
    pub fn engine(&self) -> Engine<NativeHost<Warehouse>> {
        let limits = RoundLimits::default();
        let seed = u64::from_le_bytes(*self.identity.client.as_bytes().first_chunk().unwrap_or(&[0; 8]));
        let config = EngineConfig { limits, ..EngineConfig::new(SchedulerConfig::default(), seed) };
        Engine::new(self.client.clone(), config)
    }

    /// The sentence for an engine's error.
    pub fn sentence(&self, error: client::SyncError) -> String {
        DeviceError::of_sync(error, &self.home.database()).to_string()
    }

    /// Follows changes of the queue by other processes. Runs until dropped; begin before [`sync::Event::Started`] is handled.
    pub async fn follow_others(&self) {
        let version = async || Some(self.client.store().read(&[]).await.ok()?.queue_version);
        let mut seen = version().await.unwrap_or_default();
        let mut highest_seq = seen.last_seq;
        loop {
            NativeTimer.sleep(LOOK_MILLIS).await;
            let Some(now) = version().await.filter(|now| *now != seen) else { continue };
            seen = now;
            if now.last_seq > highest_seq {
                highest_seq = now.last_seq;
                self.client.hear(Notice::QueueChanged).await;
            } else {
                // Sent or undone, perhaps by this process. The next look reads a queue that cannot be read now.
                drop(self.client.reload_queue().await);
            }
        }
    }

    /// The queue: what waits to be sent, and what waits for a person.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub async fn queue(&self) -> Result<Vec<Entry>, DeviceError> {
        self.client.reload_queue().await.map_err(|error| self.store_fault(error))?;
        let entry = |record: &std::rc::Rc<sync::QueueRecordOf<Warehouse>>| {
            let refused = match &record.state {
                QueueState::Pending => None,
                QueueState::Attention(Outcome { code, message, .. }) => Some((code.clone(), message.clone())),
            };
            let mutation = &record.mutation;
            let (action, captured_at) = (mutation.action.clone(), mutation.captured_at);
            Entry { seq: mutation.seq, id: mutation.id, action, captured_at, refused }
        };
        Ok(self.client.queue().iter().map(entry).collect())
    }

    /// Number of entries that another version of the program saved. They are sent unchanged.
    pub fn unreadable(&self) -> usize {
        self.client.unreadable()
    }

    /// Number of changes that wait to be sent.
    pub fn pending(&self) -> usize {
        self.client.pending().len() + self.client.unreadable()
    }

    /// Drops an entry: undoes one that waits to be sent, or gives up one that was refused.
    ///
    /// # Errors
    /// [`DeviceError`]; the entry is unchanged.
    pub async fn discard(&self, id: Uuid) -> Result<(), DeviceError> {
        self.client.discard(id).await.map_err(|error| self.record_fault(error))
    }

    /// Sends a refused entry again, as a new one.
    ///
    /// # Errors
    /// [`DeviceError`]; the entry is unchanged.
    pub async fn retry(&self, id: Uuid) -> Result<(), DeviceError> {
        self.client.retry(id).await.map(drop).map_err(|error| self.record_fault(error))
    }

    /// The unsent work, for a file that the server or another device takes in.
    ///
    /// # Errors
    /// [`DeviceError::Store`].
    pub async fn unsent(&self) -> Result<Unsent, DeviceError> {
        Unsent::of(self.client.relay(), NativeTimer.now()).await.map_err(|error| self.store_fault(error))
    }
}
