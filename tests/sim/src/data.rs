//! A device's data: in the memory store, as the model of a browser's, or in the SQLite store of native devices.

use std::collections::BTreeMap;

use device_store::SqliteStore;
use domain::{Action, Row, Warehouse};
use futures::executor::block_on;
use sync::memory::MemoryStore;
use sync::{
    Commit, Committed, Draft, JournalRecordOf, Mutation, Outbox, Queue, QueueRecordOf, Read, Reading, RowKey,
    Store, StoreError, Versioned,
};
use uuid::Uuid;

/// The data of one device. Clones are handles on it.
#[derive(Clone, Debug)]
pub enum DeviceData {
    /// Maps. Broken variants tamper with them.
    Memory(MemoryStore<Warehouse>),
    /// A database in memory.
    Sqlite(SqliteStore<Warehouse>),
}

type Records = BTreeMap<u64, QueueRecordOf<Warehouse>>;
type Journal = BTreeMap<u64, JournalRecordOf<Warehouse>>;

impl DeviceData {
    /// An empty store; maps also where there is no database.
    pub fn new(client: Uuid, scope: &str, is_native: bool) -> Self {
        let database = is_native.then(|| SqliteStore::in_memory(client, scope).ok()).flatten();
        database.map_or_else(|| Self::Memory(MemoryStore::new(client, scope)), Self::Sqlite)
    }

    /// Changes queue and journal directly. Only the maps can be changed; variants that need it have no other devices.
    pub fn tamper(&self, change: impl FnOnce(&mut Records, &mut Journal)) {
        if let Self::Memory(store) = self {
            store.tamper(change);
        }
    }

    /// Number of pending mutations.
    pub fn pending(&self) -> usize {
        block_on(self.outbox(0)).map_or(0, |outbox| outbox.pending)
    }
}

/// The same call on either store.
macro_rules! on {
    ($kept:expr, $store:ident => $call:expr) => {
        match $kept {
            DeviceData::Memory($store) => $call.await,
            DeviceData::Sqlite($store) => $call.await,
        }
    };
}

impl Store for DeviceData {
    type Records = Warehouse;
    type Relay = Self;

    fn relay(&self) -> Self {
        self.clone()
    }

    async fn enqueue(&self, draft: Draft<Action>) -> Result<Mutation<Action>, StoreError> {
        on!(self, store => store.enqueue(draft))
    }

    async fn queue(&self) -> Result<Queue<Warehouse>, StoreError> {
        on!(self, store => store.queue())
    }

    async fn outbox(&self, max_mutations: usize) -> Result<Outbox<Action>, StoreError> {
        on!(self, store => store.outbox(max_mutations))
    }

    async fn commit(&self, commit: Commit<Row>) -> Result<Committed, StoreError> {
        on!(self, store => store.commit(commit))
    }

    async fn withdraw(&self, seq: u64) -> Result<(), StoreError> {
        on!(self, store => store.withdraw(seq))
    }

    async fn settle(
        &self,
        seq: u64,
        replacement: Option<Draft<Action>>,
    ) -> Result<Option<Mutation<Action>>, StoreError> {
        on!(self, store => store.settle(seq, replacement))
    }

    async fn journal(&self, limit: usize) -> Result<Vec<JournalRecordOf<Warehouse>>, StoreError> {
        on!(self, store => store.journal(limit))
    }

    async fn read(&self, reads: &[Read]) -> Result<Reading<Row>, StoreError> {
        on!(self, store => store.read(reads))
    }

    async fn get(&self, key: &RowKey) -> Result<Option<Versioned<Row>>, StoreError> {
        on!(self, store => store.get(key))
    }

    async fn scan(
        &self,
        table: &'static str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<Row>>, StoreError> {
        on!(self, store => store.scan(table, prefix, after, limit))
    }

    async fn find(&self, table: &'static str, index_key: &str) -> Result<Vec<Versioned<Row>>, StoreError> {
        on!(self, store => store.find(table, index_key))
    }

    async fn restart(&self, scope: &str) -> Result<(), StoreError> {
        on!(self, store => store.restart(scope))
    }

    async fn drop_rows(&self, scope: &str) -> Result<(), StoreError> {
        on!(self, store => store.drop_rows(scope))
    }

    async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        on!(self, store => store.next_number(name))
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        on!(self, store => store.setting(name))
    }

    async fn put_setting(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        on!(self, store => store.put_setting(name, value))
    }
}
