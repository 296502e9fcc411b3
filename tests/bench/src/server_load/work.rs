//! The pushed work: stock movements on lots of the catalogue, the same for every run.

use anyhow::{Context as _, Result};
use domain::{Action, LotRef, Quantity, Warehouse};
use fastrand::Rng;
use sync::{MAX_BATCH_MUTATIONS, Mutation, Records as _, UnixMillis};
use uuid::{Builder, Uuid};

const SEED: u64 = 20_260_301;
const CAPTURED_AT_MILLIS: u64 = 1_795_000_000_000;
/// A mix about like a day's work: mostly picks, then moves, receipts and cycle counts.
const PICKS_PERCENT: u64 = 60;
const MOVES_PERCENT: u64 = 20;
const RECEIPTS_PERCENT: u64 = 10;

/// A lot and its quantity before the pushes.
pub(crate) type LotOnHand = (LotRef, Quantity);

/// A device as the server knows it.
#[derive(Clone, Debug)]
pub(crate) struct Enrolled {
    /// The number of its site.
    pub(crate) site: usize,
    /// The revision of its site before the pushes.
    pub(crate) rev: u64,
    /// Its token.
    pub(crate) token: String,
}

/// One device's work.
#[derive(Debug)]
pub(super) struct DeviceWork {
    /// Who does it.
    pub(super) enrolled: Enrolled,
    /// The client id.
    pub(super) client: Uuid,
    /// Full batches, to be sent in order.
    pub(super) batches: Vec<Vec<Mutation<Action>>>,
}

/// The work of all devices.
#[derive(Debug)]
pub(super) struct Work {
    /// The work of each device.
    pub(super) devices: Vec<DeviceWork>,
}

impl Work {
    /// Generates work for each device; each mutation draws one of its site's lots.
    pub(super) fn seeded(
        lots_of_sites: &[Vec<LotOnHand>],
        enrolled: &[Enrolled],
        batches_per_device: usize,
    ) -> Result<Self> {
        let mut random = Rng::with_seed(SEED);
        let devices = enrolled.iter().map(|enrolled| {
            let lots = lots_of_sites.get(enrolled.site).filter(|lots| !lots.is_empty());
            let lots = lots.context("a site of the imported database holds no lots to work on")?;
            Ok(device(lots, enrolled, batches_per_device, &mut random))
        });
        Ok(Self { devices: devices.collect::<Result<_>>()? })
    }

    fn all(&self) -> impl Iterator<Item = &Action> {
        self.devices
            .iter()
            .flat_map(|device| device.batches.iter().flatten())
            .map(|mutation| &mutation.action)
    }

    /// Number of mutations.
    pub(super) fn mutations(&self) -> usize {
        self.all().count()
    }

    /// Number of ledger entries that the mutations make.
    pub(super) fn ledger_entries(&self) -> usize {
        self.all().map(|action| if matches!(action, Action::MoveLot { .. }) { 2 } else { 1 }).sum()
    }

    /// Change of the total stock, in thousandths.
    pub(super) fn stock_change(&self) -> i64 {
        let change = |action: &Action| match action {
            Action::PickLot { quantity, .. } => -quantity.0,
            Action::ReceiveLot { quantity, .. } => quantity.0,
            Action::CountLot { counted, basis, .. } => counted.0 - basis.0,
            _ => 0,
        };
        self.all().map(change).sum()
    }
}

fn device(lots: &[LotOnHand], enrolled: &Enrolled, batches: usize, random: &mut Rng) -> DeviceWork {
    let mut seqs = 1_u64..;
    let mut batch = || {
        let seqs = seqs.by_ref().take(MAX_BATCH_MUTATIONS);
        seqs.map(|seq| mutation(seq, action(lots, random), random)).collect()
    };
    let batches = (0..batches).map(|_| batch()).collect();
    let client = Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid();
    DeviceWork { enrolled: enrolled.clone(), client, batches }
}

fn mutation(seq: u64, action: Action, random: &mut Rng) -> Mutation<Action> {
    let mut random_bytes = [0; 10];
    random.fill(&mut random_bytes);
    Mutation {
        seq,
        id: Builder::from_unix_timestamp_millis(CAPTURED_AT_MILLIS + seq, &random_bytes).into_uuid(),
        action,
        base: 0,
        author: "Ada Picker".to_owned(),
        signed_by: None,
        captured_at: UnixMillis(0).plus(CAPTURED_AT_MILLIS + seq),
        schema: Warehouse::SCHEMA,
        depends_on: None,
        replaces: None,
        withdrawn: false,
    }
}

fn action(lots: &[LotOnHand], random: &mut Rng) -> Action {
    let at = random.usize(..lots.len());
    let (lot, on_hand) =
        lots.get(at).cloned().unwrap_or_else(|| (LotRef::new(Uuid::nil(), "", ""), Quantity::ZERO));
    let quantity = Quantity::units(random.i64(1..=12));
    match random.u64(..100) {
        kind if kind < PICKS_PERCENT => Action::PickLot { lot, quantity, reason: String::new() },
        kind if kind < PICKS_PERCENT + MOVES_PERCENT => {
            let to = format!("M-{:02}-{}", random.u8(1..=40), random.u8(1..=6));
            Action::MoveLot { lot, to, quantity }
        }
        kind if kind < PICKS_PERCENT + MOVES_PERCENT + RECEIPTS_PERCENT => {
            Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None }
        }
        _ => Action::CountLot { lot, counted: Quantity(on_hand.0.max(0)) + quantity, basis: on_hand },
    }
}

/// Converts a count, which is far below the 2^53 up to which `f64` is exact.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn count(of: usize) -> f64 {
    of as f64
}
