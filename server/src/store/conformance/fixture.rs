//! Fixtures of the cases: stores on one database, devices that send and hold rows, and some goods.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use domain::{
    Action, InventoryLot, LotRef, Order, OrderLine, Product, ProductPatch, Quantity, Row, Warehouse,
};
use futures::future::try_join_all;
use sync::{Cursor, Digest, Mutation, Records as _, RowKey, UnixMillis, Verdict, Versioned};
use tokio::time::sleep;
use uuid::Uuid;

use super::super::{Import, LotRecord, OnRow, ProductRecord, Pull, Pulled, Pushed, Site, Store, StoreFault};
use crate::booking::{Batch, Scope};

/// The result of a case. A failed check panics.
pub type Checked = Result<()>;

/// The site of most cases.
pub(super) const SITE: &str = "main";
/// The server's clock.
pub(super) const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
pub(super) const DAY_MILLIS: u64 = 86_400_000;
/// Pulls of a device until it has all rows; more mean that it never ends.
const MAX_PULLS: usize = 100_000;
/// How often, and how long apart, a site that an import closes is asked.
const MAX_ASKS: u32 = 6_000;
const ASK_MILLIS: u64 = 10;

/// Opens stores of the engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// A store on the engine's database. It is empty at the first call; every further store is another server's, on the
    /// same data.
    ///
    /// # Errors
    /// If it cannot be opened.
    async fn open(&self) -> Result<Arc<dyn Store>>;
}

/// Two stores on one database with the site [`SITE`], as of two servers.
pub(super) fn days_ago(days: u64) -> UnixMillis {
    UnixMillis(NOW.0 - i64::try_from(days * DAY_MILLIS).unwrap_or(0))
}

pub(super) async fn two_stores(engine: &dyn Engine) -> Result<[Arc<dyn Store>; 2]> {
    let first = engine.open().await?;
    first.ensure_site(SITE).await?;
    let second = engine.open().await?;
    Ok([first, second])
}

/// One store with the site [`SITE`].
pub(super) async fn one_store(engine: &dyn Engine) -> Result<Arc<dyn Store>> {
    let store = engine.open().await?;
    store.ensure_site(SITE).await?;
    Ok(store)
}

/// Runs futures as tasks of their own, all at once. Returns their values in order.
pub(super) async fn at_once<T: Send + 'static>(
    work: impl IntoIterator<Item = impl Future<Output = Result<T>> + Send + 'static>,
) -> Result<Vec<T>> {
    let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    try_join_all(tasks).await?.into_iter().collect()
}

/// Asks again, as devices do, while a large import closes the site.
pub(super) async fn open<T, F: Future<Output = Result<T, StoreFault>>>(ask: impl Fn() -> F) -> Result<T> {
    for _ in 0..MAX_ASKS {
        match ask().await {
            Err(StoreFault::Importing) => sleep(Duration::from_millis(ASK_MILLIS)).await,
            answer => return Ok(answer?),
        }
    }
    anyhow::bail!("an import closes the site for ever")
}

/// A product whose id is made of `number`.
pub(super) fn product(number: u128) -> Product {
    Product {
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes()),
        sku: format!("SKU-{number}"),
        barcode: String::new(),
        name: format!("Product {number}"),
        unit: "each".into(),
        price_minor: 295,
        currency: "EUR".into(),
        family: String::new(),
        variant: String::new(),
    }
}

pub(super) fn lot_of(product: &Product, location: &str) -> LotRef {
    LotRef::new(product.id, "L1", location)
}

pub(super) fn create(number: u128) -> Action {
    Action::CreateProduct(product(number))
}

pub(super) fn receive(lot: &LotRef, quantity: Quantity) -> Action {
    Action::ReceiveLot { lot: lot.clone(), quantity, expires_on: None, received_on: None, delivery: None }
}

pub(super) fn pick(lot: &LotRef, units: i64) -> Action {
    Action::PickLot { lot: lot.clone(), quantity: Quantity::units(units), reason: String::new() }
}

/// An order with one line for each lot.
pub(super) fn order(id: u128, number: &str, lots: &[LotRef]) -> Action {
    let line =
        |lot: &LotRef| OrderLine { lot: lot.clone(), quantity: Quantity::units(1), unit_price_minor: 295 };
    let lines = lots.iter().map(line).collect();
    let id = Uuid::from_u128(id);
    Action::PlaceOrder(Order { id, number: number.into(), currency: "EUR".into(), lines, to_site: None })
}

pub(super) fn renamed(number: u128, sku: &str) -> Action {
    let patch = ProductPatch { sku: Some(sku.into()), ..ProductPatch::default() };
    Action::UpdateProduct { id: product(number).id, patch }
}

/// One life of a device's database, which sends mutations.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) site: String,
    pub(super) device: Uuid,
    pub(super) client: Uuid,
    pub(super) author: String,
    /// The revision that its mutations are based on.
    pub(super) base: u64,
    /// The server's clock at its pushes.
    pub(super) now: UnixMillis,
    seq: u64,
}

impl Sender {
    pub(super) fn new(site: &str, number: u128) -> Self {
        let id = |of: &str| Uuid::new_v5(&Uuid::from_u128(number), [site, of].concat().as_bytes());
        let (device, client) = (id("device"), id("client"));
        Self { site: site.into(), device, client, author: "Ada".into(), base: 0, now: NOW, seq: 0 }
    }

    pub(super) fn batch(&mut self, actions: impl IntoIterator<Item = Action>) -> Batch {
        let mutations = actions.into_iter().map(|action| self.mutation(action)).collect();
        self.batch_of(mutations)
    }

    pub(super) fn mutation(&mut self, action: Action) -> Mutation<Result<Action, sync::Refusal>> {
        self.seq += 1;
        Mutation {
            seq: self.seq,
            id: Uuid::new_v5(&self.client, &self.seq.to_be_bytes()),
            action: Ok(action),
            base: self.base,
            author: self.author.clone(),
            signed_by: None,
            captured_at: self.now,
            schema: Warehouse::SCHEMA,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        }
    }

    pub(super) fn batch_of(&self, mutations: Vec<Mutation<Result<Action, sync::Refusal>>>) -> Batch {
        Batch {
            site: self.site.clone(),
            device: self.device,
            device_name: None,
            client: self.client,
            mutations,
            scope: Scope::EVERYTHING,
            last_outcome_seq: 0,
            now: self.now,
        }
    }

    pub(super) async fn push(
        &mut self,
        store: &dyn Store,
        actions: impl IntoIterator<Item = Action>,
    ) -> Result<Pushed> {
        let batch = self.batch(actions);
        open(|| store.push(batch.clone())).await
    }

    /// Like [`Self::push`], of which every mutation must be booked as sent.
    pub(super) async fn book(
        &mut self,
        store: &dyn Store,
        actions: impl IntoIterator<Item = Action>,
    ) -> Result<Pushed> {
        let pushed = self.push(store, actions).await?;
        for receipt in &pushed.receipts {
            ensure!(receipt.outcome.verdict == Verdict::Applied, "{receipt:?}");
        }
        Ok(pushed)
    }
}

/// The decisions of a push, with their codes.
pub(super) fn verdicts(pushed: &Pushed) -> Vec<(Verdict, &str)> {
    pushed.receipts.iter().map(|receipt| (receipt.outcome.verdict, receipt.outcome.code.as_str())).collect()
}

/// The rows of a device, as it stores the answers to its pulls.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) site: String,
    pub(super) epoch: Option<Uuid>,
    pub(super) cursor: Cursor,
    pub(super) scope: Scope,
    pub(super) rows: BTreeMap<RowKey, Versioned<Row>>,
}

impl Holder {
    pub(super) fn new(site: &str) -> Self {
        let (scope, rows) = (Scope::EVERYTHING, BTreeMap::new());
        Self { site: site.into(), epoch: None, cursor: Cursor::Start, scope, rows }
    }

    /// Stores the answer to one request.
    pub(super) async fn pull(&mut self, store: &dyn Store, max_rows: usize) -> Result<Pulled> {
        let (site, epoch, cursor) = (self.site.clone(), self.epoch, self.cursor.clone());
        let pull = Pull { site, epoch, cursor, scope: self.scope, max_rows, now: NOW };
        let pulled = open(|| store.pull(pull.clone())).await?;
        if let Some(range) = &pulled.replaced {
            let is_within = |key: &str| {
                key > range.after.as_str() && range.through.as_ref().is_none_or(|last| key <= last.as_str())
            };
            self.rows.retain(|key, _| key.table != range.table || !is_within(&key.key));
        }
        for row in &pulled.rows {
            self.rows.insert(Warehouse::key(&row.row), row.clone());
        }
        for removal in &pulled.removed {
            self.rows.remove(&RowKey { table: removal.table.clone(), key: removal.key.clone() });
        }
        (self.epoch, self.cursor) = (Some(pulled.epoch), pulled.cursor.clone());
        Ok(pulled)
    }

    /// Pulls until there is nothing more.
    pub(super) async fn pull_all(&mut self, store: &dyn Store, max_rows: usize) -> Result<()> {
        for _ in 0..MAX_PULLS {
            if !self.pull(store, max_rows).await?.more {
                return Ok(());
            }
        }
        anyhow::bail!("{MAX_PULLS} pulls have no end")
    }

    /// All rows of a site, by one snapshot.
    pub(super) async fn all_of(store: &dyn Store, site: &str) -> Result<Self> {
        let mut held = Self::new(site);
        held.pull_all(store, usize::MAX / 4).await?;
        Ok(held)
    }

    /// The digest of a range of its rows, as devices compute it.
    pub(super) fn digest(&self, table: &str, after: &str, through: Option<&str>) -> Result<u64> {
        let mut digest = Digest::default();
        for (key, held) in self.rows.iter().filter(|(key, _)| key.table == table) {
            if key.key.as_str() > after && through.is_none_or(|last| key.key.as_str() <= last) {
                digest.add(&key.key, held.rev, &serde_json::to_string(&held.row)?);
            }
        }
        Ok(digest.value())
    }
}

/// The state of a site.
pub(super) async fn site(store: &dyn Store, name: &str) -> Result<Site> {
    let sites = store.sites().await?;
    sites.into_iter().find(|site| site.site == name).with_context(|| format!("there is no site {name}"))
}

/// The quantity of a lot; none without a row.
pub(super) async fn on_hand(store: &dyn Store, lot: &LotRef) -> Result<Option<Quantity>> {
    let found = store.product(SITE, super::super::ProductQuery::Id(lot.product_id)).await?;
    let lots = found.map(|(_, lots)| lots).unwrap_or_default();
    Ok(lots.into_iter().find(|held| held.row.lot == *lot).map(|held| held.row.quantity))
}

pub(super) fn products_of(rows: &BTreeMap<RowKey, Versioned<Row>>) -> Vec<&Product> {
    rows.values().filter_map(|held| held.row.product()).collect()
}

pub(super) fn lots_of(rows: &BTreeMap<RowKey, Versioned<Row>>) -> Vec<&InventoryLot> {
    rows.values().filter_map(|held| held.row.lot()).collect()
}

/// An import of products and of quantities.
pub(super) fn import(products: Vec<Product>, lots: Vec<(LotRef, Quantity)>) -> Import {
    let product = |product| ProductRecord { product, has_family: true, has_variant: true };
    let lot =
        |(lot, quantity)| LotRecord { lot, quantity, status: None, expires_on: None, received_on: None };
    Import {
        site: SITE.into(),
        products: products.into_iter().map(product).collect(),
        lots: lots.into_iter().map(lot).collect(),
        deliveries: Vec::new(),
        now: NOW,
    }
}

/// A callback that ignores the progress of an import.
pub(super) fn quietly() -> OnRow {
    Arc::new(|_| ())
}
