//! A device without a screen: a memory store that syncs over HTTP.

use std::cell::Cell;

use anyhow::Result;
use domain::{
    Action, Delivery, InventoryLot, LOTS, LotRef, PRODUCTS, Product, Row, StockException, Warehouse,
    lot_prefix,
};
use sync::memory::MemoryStore;
use sync::{
    Draft, Mutation, Outcome, QueueState, Records as _, RoundLimits, RoundReport, RowKey, Rows, Store as _,
    Transport, UnixMillis, Versioned, dependency, fold, run_round,
};
use uuid::Uuid;

use crate::TestServer;

/// Most rows read from a table.
const MAX_SCAN_ROWS: usize = 1_000_000;

/// A device: a store, a token, and the name that its mutations carry.
#[derive(Debug)]
pub struct TestDevice {
    store: MemoryStore<Warehouse>,
    client: Uuid,
    token: String,
    author: String,
    recorded: Cell<u64>,
}

impl TestDevice {
    /// Creates a device with an empty store. Names must be unique, because client and mutation ids are
    /// derived from them.
    pub fn new(name: &str, scope: &str, token: String) -> Self {
        let client = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        let author = name.to_owned();
        Self { store: MemoryStore::new(client, scope), client, token, author, recorded: Cell::new(0) }
    }

    /// The device's store.
    pub fn store(&self) -> &MemoryStore<Warehouse> {
        &self.store
    }

    /// The client id, which stands for one life of the store.
    pub fn client(&self) -> Uuid {
        self.client
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The number of actions recorded.
    pub fn recorded(&self) -> u64 {
        self.recorded.get()
    }

    /// Records an action, based on the revision of the edited row that the device holds, or of the site.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn record(&self, action: Action) -> Result<Mutation<Action>> {
        let base = match edited_row(&action) {
            Some(key) => self.store.get(&key).await?.map_or(0, |held| held.rev),
            None => self.store.outbox(0).await?.cursor.rev(),
        };
        self.recorded.set(self.recorded.get() + 1);
        let draft = Draft {
            id: Uuid::new_v5(&self.client, &self.recorded.get().to_be_bytes()),
            depends_on: dependency::<Warehouse>(&action, &self.store.queue().await?.records),
            action,
            base,
            author: self.author.clone(),
            signed_by: None,
            captured_at: UnixMillis(1_795_000_000_000),
            replaces: None,
        };
        Ok(self.store.enqueue(draft).await?)
    }

    /// Runs a round with `server`.
    ///
    /// # Errors
    /// If the round fails.
    pub async fn sync(&self, server: &TestServer) -> Result<RoundReport> {
        self.sync_by(&server.transport(&self.token)?, RoundLimits::default()).await
    }

    /// Runs a round over `transport`, within `limits`.
    ///
    /// # Errors
    /// If the round fails.
    pub async fn sync_by(
        &self,
        transport: &impl Transport<Warehouse>,
        limits: RoundLimits,
    ) -> Result<RoundReport> {
        Ok(run_round(&self.store, transport, limits, || UnixMillis(0), |_| ()).await?)
    }

    /// The outcomes that wait for a person, each with its `seq`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn attention(&self) -> Result<Vec<(u64, Outcome<Row>)>> {
        let queue = self.store.queue().await?.records;
        let waiting = queue.into_iter().filter_map(|record| match record.state {
            QueueState::Attention(outcome) => Some((record.mutation.seq, outcome)),
            QueueState::Pending => None,
        });
        Ok(waiting.collect())
    }

    /// The product row from the server, without pending work.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn product(&self, id: Uuid) -> Result<Option<Versioned<Product>>> {
        let held = self.store.get(&RowKey::new(PRODUCTS, id.to_string())).await?;
        Ok(held.and_then(|held| Some(Versioned { rev: held.rev, row: held.row.product()?.clone() })))
    }

    /// The lot row from the server, without pending work.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn lot(&self, lot: &LotRef) -> Result<Option<Versioned<InventoryLot>>> {
        let held = self.store.get(&lot_key(lot)).await?;
        Ok(held.and_then(|held| Some(Versioned { rev: held.rev, row: held.row.lot()?.clone() })))
    }

    /// All rows from the server, table by table and in key order.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn rows(&self) -> Result<Vec<Versioned<Row>>> {
        let mut rows = Vec::new();
        for table in Warehouse::TABLES {
            rows.extend(self.store.scan(table, "", "", MAX_SCAN_ROWS).await?);
        }
        Ok(rows)
    }

    /// The open deliveries from the server.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        Ok(self.rows().await?.into_iter().filter_map(|held| held.row.delivery().cloned()).collect())
    }

    /// The exceptions from the server.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn exceptions(&self) -> Result<Vec<StockException>> {
        Ok(self.rows().await?.into_iter().filter_map(|held| held.row.exception().cloned()).collect())
    }

    /// All rows with pending work folded in, as the app would show them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn view(&self) -> Result<Vec<Row>> {
        let base: Rows<Row> =
            self.rows().await?.into_iter().map(|held| (Warehouse::key(&held.row), held.row)).collect();
        let queue = self.store.queue().await?.records;
        let pending = queue.iter().filter(|record| record.is_pending()).map(|record| &record.mutation);
        Ok(fold::<Warehouse>(base, pending, |_| true).rows.into_values().collect())
    }
}

fn edited_row(action: &Action) -> Option<RowKey> {
    match action {
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => {
            Some(RowKey::new(PRODUCTS, id.to_string()))
        }
        Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => Some(lot_key(lot)),
        _ => None,
    }
}

fn lot_key(lot: &LotRef) -> RowKey {
    RowKey::new(LOTS, format!("{}{}", lot_prefix(lot.product_id), lot.id()))
}
