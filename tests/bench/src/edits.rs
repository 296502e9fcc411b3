//! Changes by another device: a native client changes random rows on the server over the same protocol.

use anyhow::{Context, Result, ensure};
use domain::{Action, LotRef, ProductPatch, Quantity, Warehouse};
use fastrand::Rng;
use sync::{
    Cursor, MAX_BATCH_MUTATIONS, Mutation, PROTOCOL_VERSION, Records as _, SyncRequest, Transport as _,
    UnixMillis,
};
use tests::NativeTransport;
use uuid::{Builder, Uuid};

use crate::server_process::ServerProcess;

const SEED: u64 = 0x10_7B00C;
/// Any fixed time: it is only the device's claim.
const CAPTURED_AT: UnixMillis = UnixMillis(1_795_000_000_000);
/// Characters kept of a product's name, so that the added suffix fits.
const MAX_KEPT_NAME_CHARS: usize = 80;

/// A row that can be changed.
enum Target {
    Product { id: Uuid, sku: String, name: String },
    Lot(LotRef),
}

/// A renamed product, to be looked up afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Renamed {
    /// The SKU.
    pub(crate) sku: String,
    /// The new name.
    pub(crate) name: String,
}

/// The other device.
pub(crate) struct Editor {
    transport: NativeTransport,
    client: Uuid,
    targets: Vec<Target>,
    rng: Rng,
    last_seq: u64,
    rounds: u32,
}

impl Editor {
    /// Enrols a device that knows every row.
    ///
    /// # Errors
    /// When the server refuses it, or its database cannot be read.
    pub(crate) async fn new(server: &ServerProcess) -> Result<Self> {
        let mut targets = server
            .query("SELECT product_id, sku, name FROM products ORDER BY product_id", |row| {
                Ok(Target::Product { id: uuid(row.get(0)?)?, sku: row.get(1)?, name: row.get(2)? })
            })?;
        targets.extend(lots(server, u32::MAX)?.into_iter().map(Target::Lot));
        let transport = NativeTransport::new(&server.origin(), &server.enrol_device("editor").await?)?;
        let mut rng = Rng::with_seed(SEED);
        let client = random_id(&mut rng);
        Ok(Self { transport, client, targets, rng, last_seq: 0, rounds: 0 })
    }

    /// Changes `count` different rows, chosen among all products and lots. Returns one of the renamed
    /// products, if any.
    ///
    /// # Errors
    /// When there are too few rows, or the server does not book every change.
    pub(crate) async fn change(&mut self, server: &ServerProcess, count: usize) -> Result<Option<Renamed>> {
        ensure!(
            count <= self.targets.len(),
            "{count} rows cannot be changed: there are {}",
            self.targets.len()
        );
        self.rounds += 1;
        let base = server.number("SELECT max(rev) FROM sites")?.unsigned_abs();
        let chosen = self.rng.choose_multiple(0..self.targets.len(), count);
        let mut renamed = None;
        let mut mutations = Vec::with_capacity(count);
        for at in chosen {
            let action = match self.targets.get(at).context("a row")? {
                Target::Product { id, sku, name } => {
                    let kept: String = name.chars().take(MAX_KEPT_NAME_CHARS).collect();
                    let name = format!("{kept} ({})", self.rounds);
                    renamed = Some(Renamed { sku: sku.clone(), name: name.clone() });
                    Action::UpdateProduct {
                        id: *id,
                        patch: ProductPatch { name: Some(name), ..ProductPatch::default() },
                    }
                }
                Target::Lot(lot) => Action::AdjustLot {
                    lot: lot.clone(),
                    delta: Quantity::units(1),
                    reason: "Found".to_owned(),
                    delivery: None,
                },
            };
            mutations.push(self.mutation(action, base));
        }
        for batch in mutations.chunks(MAX_BATCH_MUTATIONS) {
            self.push(batch.to_vec()).await?;
        }
        Ok(renamed)
    }

    /// Sends one action, based on the current revision.
    ///
    /// # Errors
    /// When the server does not book it.
    pub(crate) async fn act(&mut self, server: &ServerProcess, action: Action) -> Result<()> {
        let base = server.number("SELECT max(rev) FROM sites")?.unsigned_abs();
        let mutation = self.mutation(action, base);
        self.push(vec![mutation]).await
    }

    fn mutation(&mut self, action: Action, base: u64) -> Mutation<Action> {
        self.last_seq += 1;
        Mutation {
            seq: self.last_seq,
            id: random_id(&mut self.rng),
            action,
            base,
            author: "editor".to_owned(),
            signed_by: None,
            captured_at: CAPTURED_AT,
            schema: Warehouse::SCHEMA,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        }
    }

    async fn push(&self, mutations: Vec<Mutation<Action>>) -> Result<()> {
        let sent = mutations.len();
        let request = SyncRequest {
            protocol: PROTOCOL_VERSION,
            client: self.client,
            site: None,
            epoch: None,
            last_outcome_seq: 0,
            mutations,
            cursor: Cursor::Start,
            scope: "all".to_owned(),
            tables: sync::tables_of::<Warehouse>(),
            max_rows: 1,
            sent_at: None,
        };
        let response = self.transport.exchange(&request).await.context("the changes cannot be sent")?;
        let booked = response.receipts.iter().filter(|receipt| receipt.outcome.verdict.is_booked()).count();
        ensure!(booked == sent, "the server booked {booked} of {sent} changes");
        Ok(())
    }
}

/// The first `count` lots by id.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn lots(server: &ServerProcess, count: u32) -> Result<Vec<LotRef>> {
    let sql =
        format!("SELECT product_id, lot_code, location FROM inventory_lots ORDER BY lot_id LIMIT {count}");
    server.query(&sql, |row| {
        Ok(LotRef { product_id: uuid(row.get(0)?)?, lot_code: row.get(1)?, location: row.get(2)? })
    })
}

/// Reads an id from its bytes in the database.
///
/// # Errors
/// When there are not 16 bytes.
pub(crate) fn uuid(bytes: Vec<u8>) -> rusqlite::Result<Uuid> {
    Uuid::from_slice(&bytes).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, error.into())
    })
}

fn random_id(rng: &mut Rng) -> Uuid {
    Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}
