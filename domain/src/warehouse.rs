//! The engine's model of the warehouse: what each action does to rows.

use serde::{Deserialize, Serialize};
use sync::{Model, Mutation, Refusal, RowKey, Rows};
use uuid::Uuid;

use crate::action::Action;
use crate::effect::{Effect, LedgerEntry, Movement};
use crate::lot::{InventoryLot, LotRef};
use crate::order::Order;
use crate::product::Product;
use crate::quantity::Quantity;
use crate::text::{MAX_REASON_CHARS, check_required};

/// The table of products.
pub const PRODUCTS: &str = "products";
/// The table of lots.
pub const LOTS: &str = "inventory_lots";

/// The model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warehouse;

/// A row of either table; on the wire `{"p": {...}}` or `{"l": {...}}`, as there are hundreds of thousands of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A product.
    #[serde(rename = "p")]
    Product(Product),
    /// A lot.
    #[serde(rename = "l")]
    Lot(InventoryLot),
}

impl Row {
    /// The product, if it is one.
    pub fn product(&self) -> Option<&Product> {
        match self {
            Self::Product(product) => Some(product),
            Self::Lot(_) => None,
        }
    }

    /// The lot, if it is one.
    pub fn lot(&self) -> Option<&InventoryLot> {
        match self {
            Self::Lot(lot) => Some(lot),
            Self::Product(_) => None,
        }
    }
}

/// What the keys of all lots of a product begin with.
pub fn lot_prefix(product_id: Uuid) -> String {
    format!("{product_id}.")
}

/// Index keys that no other row of the site may have once `action` is booked.
pub fn claims(action: &Action) -> Vec<String> {
    match action {
        Action::CreateProduct(product) => vec![sku_key(&product.sku)],
        Action::UpdateProduct { patch, .. } => patch.sku.iter().map(|sku| sku_key(sku)).collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn sku_key(sku: &str) -> String {
    format!("sku:{}", sku.trim())
}

pub(crate) fn product_key(id: Uuid) -> RowKey {
    RowKey::new(PRODUCTS, id.to_string())
}

pub(crate) fn lot_key(lot: &LotRef) -> RowKey {
    RowKey::new(LOTS, format!("{}.{}", lot.product_id, lot.id()))
}

impl Model for Warehouse {
    type Effect = Effect;

    fn touches(action: &Action) -> Vec<RowKey> {
        match action {
            Action::CreateProduct(product) => vec![product_key(product.id)],
            Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => vec![product_key(*id)],
            Action::CreateLot { lot, .. }
            | Action::UpdateLot { lot, .. }
            | Action::DeleteLot { lot }
            | Action::ReceiveLot { lot, .. }
            | Action::PickLot { lot, .. }
            | Action::AdjustLot { lot, .. }
            | Action::CountLot { lot, .. } => vec![product_key(lot.product_id), lot_key(lot)],
            Action::PutAwayLot { lot, to, .. } | Action::MoveLot { lot, to, .. } => {
                vec![product_key(lot.product_id), lot_key(lot), lot_key(&lot.at(to))]
            }
            Action::PlaceOrder(order) => {
                let keys = order
                    .lines
                    .iter()
                    .flat_map(|line| [product_key(line.lot.product_id), lot_key(&line.lot)]);
                let distinct: std::collections::BTreeSet<RowKey> = keys.collect();
                distinct.into_iter().collect()
            }
        }
    }

    fn creates(action: &Action) -> Option<RowKey> {
        match action {
            Action::CreateProduct(product) => Some(product_key(product.id)),
            _ => None,
        }
    }

    fn apply(mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
        match &mutation.action {
            Action::CreateProduct(product) => create_product(product, rows),
            Action::UpdateProduct { id, patch } => {
                let changed = patch.applied_to(&product_in(rows, *id)?);
                changed.validate()?;
                rows.insert(product_key(*id), Row::Product(changed));
                Ok(Vec::new())
            }
            Action::DeleteProduct { id } => {
                product_in(rows, *id)?;
                rows.remove(&product_key(*id));
                Ok(Vec::new())
            }
            Action::CreateLot { lot, status, expires_on } => {
                lot.validate()?;
                if rows.contains_key(&lot_key(lot)) {
                    return Err(Refusal::new("exists", format!("There is a {lot} already.")));
                }
                let row = InventoryLot {
                    status: *status,
                    expires_on: *expires_on,
                    ..InventoryLot::empty(lot.clone())
                };
                rows.insert(lot_key(lot), Row::Lot(row));
                Ok(Vec::new())
            }
            Action::UpdateLot { lot, patch } => {
                let row = patch.applied_to(&lot_in(rows, lot)?);
                rows.insert(lot_key(lot), Row::Lot(row));
                Ok(Vec::new())
            }
            Action::DeleteLot { lot } => delete_lot(lot, rows),
            _ => apply_fact(&mutation.action, rows),
        }
    }
}

fn create_product(product: &Product, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    product.validate()?;
    if rows.contains_key(&product_key(product.id)) {
        return Err(Refusal::new("exists", format!("{} is in the book already.", product.name)));
    }
    rows.insert(product_key(product.id), Row::Product(product.clone()));
    Ok(Vec::new())
}

fn delete_lot(lot: &LotRef, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    let row = lot_in(rows, lot)?;
    if row.quantity != Quantity::ZERO {
        let message = format!("There are still {} in {lot}. Move, pick or adjust them first.", row.quantity);
        return Err(Refusal::new("has_stock", message));
    }
    rows.remove(&lot_key(lot));
    Ok(Vec::new())
}

/// Facts happened: they are refused only when they make no sense whatever the stock is.
fn apply_fact(action: &Action, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    match action {
        Action::ReceiveLot { lot, quantity, expires_on, received_on } => {
            check_movement(lot, *quantity)?;
            let effects = book(rows, lot, *quantity, Movement::Receive, "");
            if let Some(Row::Lot(row)) = rows.get_mut(&lot_key(lot)) {
                row.expires_on = row.expires_on.or(*expires_on);
                row.received_on = row.received_on.or(*received_on);
            }
            Ok(effects)
        }
        Action::PutAwayLot { lot, to, quantity } => transfer(rows, lot, to, *quantity, Movement::PutAway),
        Action::MoveLot { lot, to, quantity } => transfer(rows, lot, to, *quantity, Movement::Move),
        Action::PickLot { lot, quantity } => {
            check_movement(lot, *quantity)?;
            Ok(book(rows, lot, -*quantity, Movement::Pick, ""))
        }
        Action::AdjustLot { lot, delta, reason } => {
            check_movement(lot, Quantity(delta.0.saturating_abs()))?;
            check_required("Reason", reason, MAX_REASON_CHARS)?;
            Ok(book(rows, lot, *delta, Movement::Adjust, reason))
        }
        Action::CountLot { lot, counted, basis } => count(rows, lot, *counted, *basis),
        Action::PlaceOrder(order) => place_order(rows, order),
        Action::CreateProduct(_)
        | Action::UpdateProduct { .. }
        | Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. } => Ok(Vec::new()),
    }
}

fn check_movement(lot: &LotRef, quantity: Quantity) -> Result<(), Refusal> {
    lot.validate()?;
    if quantity <= Quantity::ZERO {
        return Err(Refusal::new("bad_quantity", "The quantity must be more than zero. Correct it."));
    }
    if !quantity.in_range() {
        return Err(Refusal::new("bad_quantity", "The quantity is more than 1,000,000,000. Correct it."));
    }
    Ok(())
}

fn transfer(
    rows: &mut Rows<Row>,
    lot: &LotRef,
    to: &str,
    quantity: Quantity,
    movement: Movement,
) -> Result<Vec<Effect>, Refusal> {
    let target = lot.at(to);
    check_movement(lot, quantity)?;
    target.validate()?;
    if target.id() == lot.id() {
        let message = format!("The goods are in {to} already. Choose another location.");
        return Err(Refusal::new("same_location", message));
    }
    let source = rows.get(&lot_key(lot)).and_then(Row::lot).cloned();
    let mut effects = book(rows, lot, -quantity, movement, &format!("to {}", target.location));
    let is_new = !rows.contains_key(&lot_key(&target));
    effects.extend(book(rows, &target, quantity, movement, &format!("from {}", lot.location)));
    if let (true, Some(source), Some(Row::Lot(row))) = (is_new, source, rows.get_mut(&lot_key(&target))) {
        (row.status, row.expires_on, row.received_on) =
            (source.status, source.expires_on, source.received_on);
    }
    Ok(effects)
}

/// Books the variance against what the device showed, so that what others booked in between stays booked.
fn count(
    rows: &mut Rows<Row>,
    lot: &LotRef,
    counted: Quantity,
    basis: Quantity,
) -> Result<Vec<Effect>, Refusal> {
    lot.validate()?;
    if counted < Quantity::ZERO || !counted.in_range() || !basis.in_range() {
        return Err(Refusal::new(
            "bad_quantity",
            "The count must be between 0 and 1,000,000,000. Correct it.",
        ));
    }
    let found = rows.get(&lot_key(lot)).and_then(Row::lot).map_or(Quantity::ZERO, |row| row.quantity);
    let mut effects =
        book(rows, lot, counted - basis, Movement::Count, &format!("counted {counted}, expected {basis}"));
    if found != basis {
        effects.push(Effect::MovedWhileCounted { lot: lot.clone(), basis, found });
    }
    Ok(effects)
}

fn place_order(rows: &mut Rows<Row>, order: &Order) -> Result<Vec<Effect>, Refusal> {
    order.validate()?;
    let mut effects = vec![Effect::Order(order.clone())];
    for line in &order.lines {
        effects.extend(book(rows, &line.lot, -line.quantity, Movement::Sale, &order.number));
    }
    Ok(effects)
}

/// Adds `delta` to the lot's row, which comes into being if need be.
fn book(rows: &mut Rows<Row>, lot: &LotRef, delta: Quantity, movement: Movement, note: &str) -> Vec<Effect> {
    let row = rows.entry(lot_key(lot)).or_insert_with(|| Row::Lot(InventoryLot::empty(lot.clone())));
    let Row::Lot(row) = row else { return Vec::new() };
    row.quantity += delta;
    let entry = LedgerEntry { lot: lot.clone(), delta, movement, note: note.to_owned() };
    let mut effects = vec![Effect::Stock(entry)];
    if row.quantity < Quantity::ZERO && delta < Quantity::ZERO {
        effects.push(Effect::BelowZero { lot: lot.clone(), quantity: row.quantity });
    }
    effects
}

fn product_in(rows: &Rows<Row>, id: Uuid) -> Result<Product, Refusal> {
    let product = rows.get(&product_key(id)).and_then(Row::product).cloned();
    product.ok_or_else(|| Refusal::new("not_found", "This product is not in the book (any more)."))
}

fn lot_in(rows: &Rows<Row>, lot: &LotRef) -> Result<InventoryLot, Refusal> {
    let row = rows.get(&lot_key(lot)).and_then(Row::lot).cloned();
    row.ok_or_else(|| Refusal::new("not_found", format!("There is no {lot} (any more).")))
}
