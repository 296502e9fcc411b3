//! Applies facts: stock operations and orders.

use sync::{Mutation, Refusal, Rows};
use uuid::Uuid;

use crate::action::Action;
use crate::effect::{Effect, LedgerEntry, Movement};
use crate::exception::{ExceptionKind, StockException, exception_key};
use crate::lot::{InventoryLot, LotRef};
use crate::order::Order;
use crate::quantity::Quantity;
use crate::row::{Row, delivery_key, lot_key};
use crate::text::{MAX_CODE_CHARS, MAX_REASON_CHARS, check_optional, check_required};

/// Applies a fact. It is refused only if it is invalid regardless of the stock, because it has already
/// happened.
pub(crate) fn apply_fact(mutation: &Mutation<Action>, rows: &mut Rows<Row>) -> Result<Vec<Effect>, Refusal> {
    let mut booking = FactBooking { mutation, rows, effects: Vec::new() };
    match &mutation.action {
        Action::ReceiveLot { lot, quantity, delivery, .. } => {
            check_movement(lot, *quantity)?;
            booking.check_if_new(lot)?;
            let note = delivery.map(|id| booking.receive_delivery(id, lot.product_id, *quantity));
            booking.book(lot, *quantity, Movement::Receive, &note.unwrap_or_default());
            booking.date(&mutation.action);
        }
        Action::PutAwayLot { lot, to, quantity } => {
            booking.transfer(lot, to, *quantity, Movement::PutAway)?
        }
        Action::MoveLot { lot, to, quantity } => booking.transfer(lot, to, *quantity, Movement::Move)?,
        Action::PickLot { lot, quantity, reason } => {
            check_movement(lot, *quantity)?;
            check_optional("Reason", reason, MAX_REASON_CHARS)?;
            booking.book(lot, -*quantity, Movement::Pick, reason);
        }
        Action::AdjustLot { lot, delta, reason, delivery } => {
            check_movement(lot, Quantity(delta.0.saturating_abs()))?;
            check_required("Reason", reason, MAX_REASON_CHARS)?;
            // The note is the reason, in place of the delivery's number.
            delivery.map(|id| booking.receive_delivery(id, lot.product_id, *delta));
            booking.book(lot, *delta, Movement::Adjust, reason);
        }
        Action::CountLot { lot, counted, basis } => booking.count(lot, *counted, *basis)?,
        Action::PlaceOrder(order) => booking.place_order(order)?,
        Action::CreateProduct(_)
        | Action::UpdateProduct { .. }
        | Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. }
        | Action::ResolveException { .. }
        | Action::CloseDelivery { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => {}
    }
    Ok(booking.effects)
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

/// Books one mutation. Checks come before the first booking: a refused mutation changes no row.
struct FactBooking<'c> {
    mutation: &'c Mutation<Action>,
    rows: &'c mut Rows<Row>,
    effects: Vec<Effect>,
}

impl FactBooking<'_> {
    fn on_hand(&self, lot: &LotRef) -> Quantity {
        self.rows.get(&lot_key(lot)).and_then(Row::lot).map_or(Quantity::ZERO, |row| row.quantity)
    }

    /// Checks the texts of a lot that the booking creates.
    fn check_if_new(&self, lot: &LotRef) -> Result<(), Refusal> {
        if self.rows.contains_key(&lot_key(lot)) { Ok(()) } else { lot.validate_new() }
    }

    /// Adds `delta` to the lot's row, which is created if it is missing.
    fn book(&mut self, lot: &LotRef, delta: Quantity, movement: Movement, note: &str) {
        let before = self.on_hand(lot);
        let row = self.rows.entry(lot_key(lot)).or_insert_with(|| Row::Lot(InventoryLot::empty(lot.clone())));
        let Row::Lot(row) = row else { return };
        row.quantity += delta;
        let after = row.quantity;
        let entry = LedgerEntry { lot: lot.clone(), delta, movement, note: note.to_owned() };
        self.effects.push(Effect::Stock(entry));
        if after >= Quantity::ZERO {
            self.clear(ExceptionKind::BelowZero, lot);
        } else if delta < Quantity::ZERO {
            self.raise(ExceptionKind::BelowZero, lot, (before, after), None);
        }
    }

    fn raise(
        &mut self,
        kind: ExceptionKind,
        lot: &LotRef,
        (before, after): (Quantity, Quantity),
        basis: Option<Quantity>,
    ) {
        let exception = StockException {
            kind,
            product_id: lot.product_id,
            lot: Some(lot.clone()),
            other: None,
            before,
            after,
            basis,
            author: self.mutation.author.clone(),
            at: self.mutation.captured_at,
        };
        self.rows.insert(exception.key(), Row::Exception(exception.clone()));
        self.effects.push(Effect::Raised(exception));
    }

    fn clear(&mut self, kind: ExceptionKind, lot: &LotRef) {
        self.rows.remove(&exception_key(kind, lot.product_id, Some(lot)));
    }

    /// Adds to the received quantity of a delivery. Returns its number; empty if the delivery is missing.
    fn receive_delivery(&mut self, delivery: Uuid, product: Uuid, quantity: Quantity) -> String {
        let Some(Row::Delivery(row)) = self.rows.get_mut(&delivery_key(delivery)) else {
            return String::new();
        };
        row.receive(product, quantity);
        row.number.clone()
    }

    /// Sets the dates of received goods, unless the lot has its own.
    fn date(&mut self, action: &Action) {
        let Action::ReceiveLot { lot, expires_on, received_on, .. } = action else { return };
        if let Some(Row::Lot(row)) = self.rows.get_mut(&lot_key(lot)) {
            row.expires_on = row.expires_on.or(*expires_on);
            row.received_on = row.received_on.or(*received_on);
        }
    }

    /// Moves goods with their status and dates. If the target has stock of the lot already, the stricter
    /// status counts for all of it; the status and dates of an empty target are overwritten.
    fn transfer(
        &mut self,
        lot: &LotRef,
        to: &str,
        quantity: Quantity,
        movement: Movement,
    ) -> Result<(), Refusal> {
        let target = lot.at(to);
        check_movement(lot, quantity)?;
        target.validate()?;
        if !self.rows.contains_key(&lot_key(&target)) {
            // A lot of an earlier build keeps its code.
            check_required("Bin", &target.location, MAX_CODE_CHARS)?;
        }
        if target.id() == lot.id() {
            let message = format!("The goods are already in {to}. Choose another bin.");
            return Err(Refusal::new("same_location", message));
        }
        let source = self.rows.get(&lot_key(lot)).and_then(Row::lot).cloned();
        self.book(lot, -quantity, movement, &format!("to {}", target.location));
        let on_hand_before = self.on_hand(&target);
        self.book(&target, quantity, movement, &format!("from {}", lot.location));
        if let (Some(source), Some(Row::Lot(row))) = (source, self.rows.get_mut(&lot_key(&target))) {
            if on_hand_before > Quantity::ZERO {
                row.status = row.status.max(source.status);
                row.expires_on = row.expires_on.or(source.expires_on);
                row.received_on = row.received_on.or(source.received_on);
            } else {
                row.status = source.status;
                row.expires_on = source.expires_on.or(row.expires_on);
                row.received_on = source.received_on.or(row.received_on);
            }
        }
        Ok(())
    }

    /// Books the difference to the quantity that the device showed, so that bookings of others in between
    /// still count.
    fn count(&mut self, lot: &LotRef, counted: Quantity, basis: Quantity) -> Result<(), Refusal> {
        lot.validate()?;
        self.check_if_new(lot)?;
        if counted < Quantity::ZERO || !counted.in_range() || !basis.in_range() {
            let message = "The count must be between 0 and 1,000,000,000. Correct it.";
            return Err(Refusal::new("bad_quantity", message));
        }
        let found = self.on_hand(lot);
        let note = format!("counted {counted}, expected {basis}");
        self.book(lot, counted - basis, Movement::Count, &note);
        if found == basis {
            self.clear(ExceptionKind::MovedWhileCounted, lot);
        } else {
            let after = self.on_hand(lot);
            self.raise(ExceptionKind::MovedWhileCounted, lot, (found, after), Some(basis));
        }
        Ok(())
    }

    fn place_order(&mut self, order: &Order) -> Result<(), Refusal> {
        order.validate()?;
        self.effects.push(Effect::Order(order.clone()));
        let (movement, note) = match &order.to_site {
            None => (Movement::Sale, order.number.clone()),
            Some(site) => (Movement::Pick, format!("{} → {site}", order.number)),
        };
        for line in &order.lines {
            self.book(&line.lot, -line.quantity, movement, &note);
        }
        Ok(())
    }
}
