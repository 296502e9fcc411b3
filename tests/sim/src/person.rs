//! People's actions on a device, and their diary of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use client::{Client, RecordError};

use domain::{
    Action, CodeSighting, Conflict, Delivery, InventoryLot, LotPatch, LotRef, LotStatus, Order, OrderLine,
    Product, ProductPatch, Quantity, Row, StockException, UnknownCode, Warehouse, reversal_of,
};
use futures::executor::block_on;

use sync::{
    Model as _, Mutation, QueueState, Read, Records as _, Rows, SignedBy, Store as _, UnixMillis, View, fold,
};
use uuid::Uuid;

use crate::actor::{Kept, Task};
use crate::data::DeviceData;
use crate::device::Device;
use crate::dice::Dice;
use crate::host::WindowHost;
use crate::staff;
use crate::trace::Trace;
use crate::variant::Variant;

/// Limit of the rows of a world; far fewer are created.
const MAX_ROWS: usize = 10_000;
const BINS: [&str; 3] = ["A-1", "B-2", "C-3"];
const LOT_CODES: [&str; 2] = ["L1", "L2"];
/// Some become barcodes of products.
const CODES: [&str; 3] = ["X.1", "96385074", "04006381333931"];
const BARCODES: [&str; 3] = ["", "96385074", "4006381333931"];
/// Number of possible products: few, so that devices conflict.
pub const PRODUCTS_POSSIBLE: u32 = 5;

/// A person's record of their actions.
#[derive(Debug, Default)]
pub struct Diary {
    /// Every draft that was to be saved, by its id.
    pub drafted: BTreeMap<Uuid, Action>,
    /// The revision that each draft was based on.
    pub bases: BTreeMap<Uuid, u64>,
    /// The people who signed each draft, if any.
    pub signed: BTreeMap<Uuid, SignedBy>,
    /// The mutation that each draft replaces, if any.
    pub replaces: BTreeMap<Uuid, Uuid>,
    /// Ids of mutations that the screen reported as saved.
    pub saved: BTreeSet<Uuid>,
    /// Ids of mutations to withdraw, and whether the screen reported success.
    pub undone: BTreeMap<Uuid, bool>,
    /// Ids of refused mutations to drop.
    pub discarded: BTreeSet<Uuid>,
}

impl Diary {
    /// Records the device's result.
    pub fn keep(&mut self, kept: Result<Kept, RecordError>, trace: &Trace, name: &str) {
        match kept {
            Ok(Kept::Saved(mutation, replaced)) => {
                trace.tell(|| format!("{name} saved {} {}", mutation.seq, description(&mutation.action)));
                self.saved.insert(mutation.id);
                self.discarded.extend(replaced);
            }
            Ok(Kept::Undone(id)) => {
                trace.tell(|| format!("{name} undid {id}"));
                self.undone.insert(id, true);
            }
            Ok(Kept::Looked(view)) => trace.tell(|| format!("{name} sees {} rows", view.rows.len())),
            Ok(Kept::Discarded(id)) => trace.tell(|| format!("{name} gave up {id}")),
            Err(error) => trace.tell(|| format!("{name} could not save: {error}")),
        }
    }
}

/// A short description of an action.
pub fn description(action: &Action) -> String {
    serde_json::to_string(action).unwrap_or_default()
}

/// The id of a possible product.
pub fn product_id(number: u32) -> Uuid {
    Uuid::from_u128(0xA0_u128 + u128::from(number))
}

/// The import file of deliveries: one that is soon complete, and one that hardly ever is.
pub fn expected() -> String {
    "number,supplier,expected_on,sku,quantity\nLS-1,Mill,,SKU-0,2\nLS-2,Depot,,SKU-1,90\n".to_owned()
}

/// A product as first created.
pub fn product(number: u32, name: &str) -> Product {
    Product {
        id: product_id(number),
        // Two products have the same SKU.
        sku: format!("SKU-{}", number % (PRODUCTS_POSSIBLE - 1)),
        barcode: String::new(),
        name: name.to_owned(),
        unit: "each".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

/// Lets the person at a window act, if there is anything to do.
pub fn act(
    device: &Device,
    client: Client<WindowHost>,
    dice: &Dice,
) -> Option<Task<Result<Kept, RecordError>>> {
    staff::sign(&device.link.air, &device.link.home, &client);
    match dice.roll(13) {
        10 => undo(device, client, dice),
        11 => settle(device, client, dice),
        12 => Some(Box::pin(look(client))),
        _ => record(device, client, dice),
    }
}

fn record(
    device: &Device,
    client: Client<WindowHost>,
    dice: &Dice,
) -> Option<Task<Result<Kept, RecordError>>> {
    let view = view(device);
    let (action, reversed) = match dice.roll(24) {
        17 => reversal(device, dice).map(|(action, subject)| (action, Some(subject)))?,
        kind => (some_action(device, dice, &view.rows, kind)?, None),
    };
    let mut touched: Rows<Row> = Rows::new();
    for key in Warehouse::touches(&action) {
        touched.extend(view.rows.get(&key).map(|row| (key, row.clone())));
    }
    // Skips actions that would be refused in any case.
    Warehouse::apply(&Mutation::from_draft(client.draft(action.clone(), 0, None), 0, 0), &mut touched)
        .ok()?;
    Some(Box::pin(save(client, action, reversed)))
}

/// Saves like the app. The checked draft must be the saved one: one draft, one id.
async fn save(
    client: Client<WindowHost>,
    action: Action,
    reversed: Option<Uuid>,
) -> Result<Kept, RecordError> {
    let link = Rc::clone(&client.host().link);
    let base = client.revision_of(&action).await?;
    let drafted = client.host().drafts();
    let had = revision_held(&client);
    let is_edit = Warehouse::edits(&action).is_some();
    let mutation = if link.air.variant == Variant::ChecksAnother {
        client.check(&mut client.draft(action.clone(), base, reversed)).await?;
        client.save(client.draft(action, base, reversed)).await?
    } else {
        let mut draft = client.draft(action, base, reversed);
        client.check(&mut draft).await?;
        client.save(draft).await?
    };
    // Other tasks may have started a new snapshot meanwhile: then the base is 0.
    if !is_edit && mutation.base != 0 && mutation.base != had && had == revision_held(&client) {
        link.air.alarm(format!("{} had revision {had}, and not that of {mutation:?}", link.name));
    }
    if client.host().drafts() != drafted + 1 {
        link.air.alarm(format!("{} checked one draft and saved another: {}", link.name, mutation.id));
    }
    Ok(Kept::Saved(Box::new(mutation), None))
}

/// The site's revision that is stored on the device.
fn revision_held(client: &Client<WindowHost>) -> u64 {
    block_on(client.host().store.kept.outbox(0)).map_or(0, |outbox| outbox.cursor.rev())
}

/// Reads every row, and compares the screen with the storage at that moment.
async fn look(client: Client<WindowHost>) -> Result<Kept, RecordError> {
    let reads = Warehouse::TABLES.iter();
    let reads: Vec<Read> =
        reads.map(|table| Read::Prefix { table, prefix: String::new(), limit: MAX_ROWS }).collect();
    let shown = client.view(&reads, |_| true).await?.view;
    let host = client.host();
    if shown != stored_view(&host.store.kept) {
        host.link.air.alarm(format!("the screen of {} does not show what is stored", host.link.name));
    }
    Ok(Kept::Looked(shown))
}

fn undo(device: &Device, client: Client<WindowHost>, dice: &Dice) -> Option<Task<Result<Kept, RecordError>>> {
    let id = dice.pick(&client.pending())?.mutation.id;
    let diary = Rc::clone(&device.diary);
    Some(Box::pin(async move {
        // It may have been decided since: then this drops a refused one.
        let is_pending = client.pending().iter().any(|record| record.mutation.id == id);
        note_end(&diary, id, is_pending);
        client.discard(id).await?;
        Ok(if is_pending { Kept::Undone(id) } else { Kept::Discarded(id) })
    }))
}

/// Settles a refused mutation: replaces or drops it.
fn settle(
    device: &Device,
    client: Client<WindowHost>,
    dice: &Dice,
) -> Option<Task<Result<Kept, RecordError>>> {
    let queue = client.queue();
    let refused: Vec<_> =
        queue.iter().filter(|record| matches!(record.state, QueueState::Attention(_))).collect();
    let id = dice.pick(&refused)?.mutation.id;
    let (diary, retries) = (Rc::clone(&device.diary), dice.roll(2) == 1);
    Some(Box::pin(async move {
        let is_pending = client.pending().iter().any(|record| record.mutation.id == id);
        if retries {
            diary.borrow_mut().discarded.insert(id);
            return Ok(Kept::Saved(Box::new(client.retry(id).await?), Some(id)));
        }
        note_end(&diary, id, is_pending);
        client.discard(id).await?;
        Ok(if is_pending { Kept::Undone(id) } else { Kept::Discarded(id) })
    }))
}

/// Records the intent before the call, because a window may be killed after its effect.
fn note_end(diary: &RefCell<Diary>, id: Uuid, is_pending: bool) {
    if is_pending {
        diary.borrow_mut().undone.entry(id).or_insert(false);
    } else {
        diary.borrow_mut().discarded.insert(id);
    }
}

/// The expected content of a screen.
fn view(device: &Device) -> View<Row> {
    stored_view(&device.store.kept)
}

/// Every stored row with the pending mutations folded in, implemented independently for comparison.
fn stored_view(kept: &DeviceData) -> View<Row> {
    let rows = Warehouse::TABLES.iter();
    let rows = rows.flat_map(|table| block_on(kept.scan(table, "", "", MAX_ROWS)).unwrap_or_default());
    let base: Rows<Row> = rows.map(|held| (Warehouse::key(&held.row), held.row)).collect();
    let queue = block_on(kept.queue()).map(|queue| queue.records).unwrap_or_default();
    let pending = queue.iter().filter(|record| record.is_pending()).map(|record| &record.mutation);
    fold::<Warehouse>(base, pending, |_| true)
}

fn some_action(device: &Device, dice: &Dice, rows: &Rows<Row>, kind: u32) -> Option<Action> {
    let product = product_id(dice.roll(PRODUCTS_POSSIBLE));
    let lot = LotRef::new(product, dice.pick(&LOT_CODES)?, dice.pick(&BINS)?);
    let quantity = Quantity(i64::from(dice.roll(5) + 1) * 500);
    let lots: Vec<&InventoryLot> = rows.values().filter_map(Row::lot).collect();
    let known = dice.pick(&lots).map_or(&lot, |held| &held.lot).clone();
    let odd: Vec<&StockException> = rows.values().filter_map(Row::exception).collect();
    let unknown: Vec<&UnknownCode> = rows.values().filter_map(Row::unknown_code).collect();
    let refused: Vec<&Conflict> = rows.values().filter_map(Row::conflict).collect();
    Some(match kind {
        0 | 1 => Action::PickLot { lot: known, quantity, reason: String::new() },
        2 | 3 => {
            let delivery = some_delivery(dice, rows);
            Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery }
        }
        4 | 5 => Action::MoveLot { lot: known, to: (*dice.pick(&BINS)?).to_owned(), quantity },
        6 => Action::AdjustLot {
            lot: known,
            delta: Quantity(-quantity.0),
            reason: "broken".to_owned(),
            delivery: None,
        },
        7 => {
            let held = lots.iter().find(|held| held.lot == known);
            Action::CountLot {
                lot: known,
                counted: quantity,
                basis: held.map_or(Quantity::ZERO, |held| held.quantity),
            }
        }
        8 => order(device, dice, &known, &lot, quantity),
        9 => update_product(
            product,
            ProductPatch { price_minor: Some(i64::from(dice.roll(900))), ..ProductPatch::default() },
        ),
        10 => update_product(
            product,
            ProductPatch { name: Some(format!("Name {}", dice.roll(90))), ..ProductPatch::default() },
        ),
        11 | 12 => {
            let status = dice.pick(&LotStatus::ALL).copied();
            Action::UpdateLot { lot: known, patch: LotPatch { status, ..LotPatch::default() } }
        }
        13 => Action::CreateProduct(self::product(dice.roll(PRODUCTS_POSSIBLE), &device.link.name)),
        14 => Action::DeleteLot { lot: known },
        15 => resolve(dice.pick(&odd)?),
        18 => {
            let id = some_delivery(dice, rows).filter(|_| dice.once_in(4))?;
            Action::CloseDelivery { id, reason: "nothing more comes".to_owned() }
        }
        16 => update_product(
            product,
            ProductPatch { barcode: Some((*dice.pick(&BARCODES)?).to_owned()), ..ProductPatch::default() },
        ),
        19 => Action::DeleteProduct { id: product },
        20 => Action::CloseConflict { id: dice.pick(&refused)?.id },
        21 => Action::SettleCode { code: dice.pick(&unknown)?.code.clone() },
        _ => report_code(device, dice)?,
    })
}

/// A delivery on the screen, a non-existing one, or none.
fn some_delivery(dice: &Dice, rows: &Rows<Row>) -> Option<Uuid> {
    let shown: Vec<&Delivery> = rows.values().filter_map(Row::delivery).collect();
    match dice.roll(8) {
        0..=4 => dice.pick(&shown).map(|delivery| delivery.id),
        5 => Some(Uuid::from_u128(0xDE11)),
        _ => None,
    }
}

fn report_code(device: &Device, dice: &Dice) -> Option<Action> {
    let code = (*dice.pick(&CODES)?).to_owned();
    let at = UnixMillis(i64::try_from(device.drafts()).unwrap_or_default());
    Some(Action::ReportCode(CodeSighting {
        code,
        place: "/work/pick".to_owned(),
        at,
        times: dice.roll(3) + 1,
    }))
}

fn resolve(shown: &StockException) -> Action {
    Action::ResolveException {
        kind: shown.kind,
        product_id: shown.product_id,
        lot: shown.lot.clone(),
        reason: "looked at".to_owned(),
        seen: Some(shown.sighting()),
    }
}

/// The first action of a reversal of a booked mutation, and that mutation.
fn reversal(device: &Device, dice: &Dice) -> Option<(Action, Uuid)> {
    let journal = block_on(device.store.kept.journal(MAX_ROWS)).ok()?;
    let booked: Vec<_> = journal.iter().filter(|record| record.outcome.verdict.is_booked()).collect();
    let subject = &dice.pick(&booked)?.mutation;
    Some((reversal_of(&subject.action)?.into_iter().next()?, subject.id))
}

fn update_product(id: Uuid, patch: ProductPatch) -> Action {
    Action::UpdateProduct { id, patch }
}

fn order(device: &Device, dice: &Dice, known: &LotRef, other: &LotRef, quantity: Quantity) -> Action {
    let line = |lot: &LotRef| OrderLine { lot: lot.clone(), quantity, unit_price_minor: 100 };
    let number = device.drafts();
    let lots = if known == other || dice.roll(2) == 0 { vec![known] } else { vec![known, other] };
    Action::PlaceOrder(Order {
        id: Uuid::from_u128((device.client.as_u128() << 80) | number),
        number: format!("{}-{number}", device.link.name),
        currency: "EUR".to_owned(),
        lines: lots.into_iter().map(line).collect(),
        to_site: None,
    })
}
