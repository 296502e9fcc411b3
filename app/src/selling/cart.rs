//! The draft order: its products, quantities and lots. Pure.

use domain::{
    Allocation, CalendarDate, InventoryLot, LotRef, LotStatus, Money, OrderLine, Quantity, allocate, same_key,
};
use uuid::Uuid;

use crate::desk::scan::Scanned;
use crate::words::format;
use crate::words::language::{t, tf};

/// One product of the order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CartLine {
    pub(crate) product: Uuid,
    pub(crate) quantity: Quantity,
    /// The lot on the label scanned last: it is taken first.
    pub(crate) scanned_lot: String,
    /// Whether more than the book quantity may be sold.
    pub(crate) sells_short: bool,
    /// The origin of goods without a lot in the book.
    pub(crate) found_lot: String,
    pub(crate) found_location: String,
}

/// The order's products, one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cart {
    /// The id of the order that is being filled; all windows fill the same one.
    pub(crate) order: Option<Uuid>,
    pub(crate) lines: Vec<CartLine>,
}

/// A change of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CartChange {
    /// Starts the order with this id, unless one is started.
    Begin(Uuid),
    /// Adds one of a product, or the count on its label.
    Add(Uuid, Scanned),
    /// Sets the quantity; zero removes the line.
    Quantity(Uuid, Quantity),
    /// Replaces a variant by another.
    Swap { from: Uuid, to: Uuid },
    /// Sets whether more than the book quantity may be sold.
    SellShort(Uuid, bool),
    /// Sets the origin of goods without a lot in the book.
    Found { product: Uuid, lot_code: String, location: String },
    /// Takes out what was saved as a sale, and starts the order with the id `next`.
    Sold { sold: Cart, next: Uuid },
}

impl Cart {
    fn line_of(&mut self, product: Uuid) -> Option<&mut CartLine> {
        self.lines.iter_mut().find(|line| line.product == product)
    }

    fn add(&mut self, product: Uuid, quantity: Quantity) {
        match self.line_of(product) {
            Some(line) if (line.quantity + quantity).in_range() => line.quantity += quantity,
            Some(_) => {}
            None => self.lines.push(CartLine { product, quantity, ..CartLine::default() }),
        }
    }

    /// Applies a change.
    pub(crate) fn change(&mut self, change: CartChange) {
        match change {
            CartChange::Begin(order) => self.order = self.order.or(Some(order)),
            CartChange::Add(product, scanned) => {
                self.add(product, scanned.quantity());
                if let (Some(line), Some(lot)) = (self.line_of(product), scanned.lot_code) {
                    line.scanned_lot = lot;
                }
            }
            CartChange::Quantity(product, quantity) if quantity <= Quantity::ZERO => {
                self.lines.retain(|line| line.product != product);
            }
            CartChange::Quantity(product, quantity) => {
                if let Some(line) = self.line_of(product) {
                    line.quantity = quantity;
                }
            }
            CartChange::Swap { from, to } => self.swap(from, to),
            CartChange::SellShort(product, sells_short) => {
                if let Some(line) = self.line_of(product) {
                    line.sells_short = sells_short;
                }
            }
            CartChange::Found { product, lot_code, location } => {
                if let Some(line) = self.line_of(product) {
                    (line.found_lot, line.found_location) = (lot_code, location);
                }
            }
            // Another window may have taken it out.
            CartChange::Sold { sold, next } if self.order == sold.order => {
                sold.lines.iter().for_each(|line| self.take_out(line));
                self.order = Some(next);
            }
            CartChange::Sold { .. } => {}
        }
    }

    /// What was scanned while the sale was saved stays.
    fn take_out(&mut self, sold: &CartLine) {
        let Some(at) = self.lines.iter().position(|line| line.product == sold.product) else { return };
        let Some(line) = self.lines.get_mut(at) else { return };
        line.quantity = line.quantity - sold.quantity;
        line.sells_short = false;
        if line.quantity <= Quantity::ZERO {
            self.lines.remove(at);
        }
    }

    fn swap(&mut self, from: Uuid, to: Uuid) {
        let Some(at) = self.lines.iter().position(|line| line.product == from) else { return };
        if self.lines.iter().any(|line| line.product == to) {
            let gone = self.lines.remove(at);
            self.add(to, gone.quantity);
        } else if let Some(line) = self.lines.get_mut(at) {
            *line = CartLine { product: to, quantity: line.quantity, ..CartLine::default() };
        }
    }
}

/// The lots that a line is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taking {
    /// Soonest to expire first, without the missing quantity.
    pub(crate) parts: Vec<Allocation>,
    /// The quantity beyond the book quantity.
    pub(crate) missing: Quantity,
    /// The lot to book the missing quantity on; `None` if the user has to name it.
    pub(crate) rest: Option<LotRef>,
}

impl Taking {
    /// Allocates lots to a line.
    pub(crate) fn of(line: &CartLine, lots: &[InventoryLot], today: CalendarDate) -> Self {
        let is_scanned = |lot: &InventoryLot| same_key(&lot.lot.lot_code, &line.scanned_lot);
        let (scanned, others): (Vec<_>, Vec<_>) = lots.iter().cloned().partition(is_scanned);
        let (mut parts, missing) = allocate(&scanned, line.quantity, today);
        let (rest, missing) = allocate(&others, missing, today);
        parts.extend(rest);
        let sellable = |lot: &&InventoryLot| lot.status == LotStatus::Available && !lot.is_expired(today);
        let known = || lots.iter().find(sellable).map(|lot| lot.lot.clone());
        let found = || {
            let lot = LotRef::new(line.product, &line.found_lot, &line.found_location);
            lot.validate().is_ok().then_some(lot)
        };
        let rest = parts.last().map(|part| part.lot.clone()).or_else(known).or_else(found);
        Self { parts, missing, rest }
    }

    /// The lot on the label, if nothing of it may be sold.
    pub(crate) fn unused_label<'l>(&self, line: &'l CartLine) -> Option<&'l str> {
        let lot = Some(line.scanned_lot.as_str()).filter(|lot| !lot.is_empty())?;
        (!self.parts.iter().any(|part| same_key(&part.lot.lot_code, lot))).then_some(lot)
    }

    /// The line's lots, including the missing quantity if it has a lot.
    fn whole(&self) -> Vec<Allocation> {
        let mut parts = self.parts.clone();
        if let (true, Some(rest)) = (self.missing > Quantity::ZERO, &self.rest) {
            match parts.iter_mut().find(|part| part.lot == *rest) {
                Some(part) => part.quantity += self.missing,
                None => parts.push(Allocation { lot: rest.clone(), quantity: self.missing }),
            }
        }
        parts
    }

    /// The line's price, rounded per lot like the order's.
    pub(crate) fn price(&self, unit_price_minor: i64, currency: &str) -> Money {
        let of = |quantity| Money::of(quantity, unit_price_minor, currency).minor;
        let unplaced = if self.rest.is_none() { of(self.missing) } else { 0 };
        let minor = self.whole().iter().map(|part| of(part.quantity)).fold(unplaced, i64::saturating_add);
        Money { minor, currency: currency.to_owned() }
    }

    /// The order's lines for it.
    ///
    /// # Errors
    /// A sentence, if there is too little and the user has not decided what to do about it.
    pub(crate) fn order_lines(
        &self,
        line: &CartLine,
        unit_price_minor: i64,
    ) -> Result<Vec<OrderLine>, String> {
        if self.missing > Quantity::ZERO && !line.sells_short {
            let there = line.quantity - self.missing;
            return Err(tf(
                "Only {there} of {wanted} in stock. Lower the quantity or choose \"Sell anyway\".",
                &[("there", &format::quantity(there)), ("wanted", &format::quantity(line.quantity))],
            ));
        }
        if self.missing > Quantity::ZERO && self.rest.is_none() {
            let sentence = t("No lot recorded. Enter the lot and the bin it comes from.");
            return Err(sentence.to_owned());
        }
        let lines = self.whole().into_iter();
        Ok(lines.map(|part| OrderLine { lot: part.lot, quantity: part.quantity, unit_price_minor }).collect())
    }
}

#[cfg(test)]
mod tests {
    use domain::Amount;

    use super::*;

    const TEA: Uuid = Uuid::from_u128(1);
    const OATS: Uuid = Uuid::from_u128(2);

    fn cart(changes: impl IntoIterator<Item = CartChange>) -> Cart {
        let mut cart = Cart::default();
        changes.into_iter().for_each(|change| cart.change(change));
        cart
    }

    fn add(product: Uuid) -> CartChange {
        CartChange::Add(product, Scanned::default())
    }

    fn today() -> CalendarDate {
        "2026-11-21".parse().expect("a date")
    }

    fn lot(code: &str, units: i64, expires_on: &str) -> InventoryLot {
        let expires_on = Some(expires_on.parse().expect("a date"));
        let empty = InventoryLot::empty(LotRef::new(TEA, code, "A-1"));
        InventoryLot { quantity: Quantity::units(units), expires_on, ..empty }
    }

    #[test]
    fn a_product_has_one_line_in_the_cart() {
        let cart = cart([add(TEA), add(OATS), add(TEA), CartChange::Swap { from: OATS, to: TEA }]);
        assert_eq!(cart.lines.len(), 1);
        assert_eq!(cart.lines[0].quantity, Quantity::units(3));
    }

    #[test]
    fn a_replacing_variant_keeps_position_and_quantity_but_not_the_permission() {
        let cart = cart([
            add(TEA),
            CartChange::Quantity(TEA, Quantity::units(7)),
            CartChange::SellShort(TEA, true),
            CartChange::Swap { from: TEA, to: OATS },
        ]);
        assert_eq!((cart.lines[0].product, cart.lines[0].quantity), (OATS, Quantity::units(7)));
        assert!(!cart.lines[0].sells_short);
    }

    #[test]
    fn a_quantity_of_zero_removes_the_line() {
        assert_eq!(cart([add(TEA), CartChange::Quantity(TEA, Quantity::ZERO)]), Cart::default());
    }

    #[test]
    fn what_was_scanned_while_a_sale_was_saved_is_the_next_order() {
        let [order, next] = [8, 9].map(Uuid::from_u128);
        let mut cart = cart([CartChange::Begin(order), add(TEA), CartChange::SellShort(TEA, true)]);
        let sold = cart.clone();
        cart.change(add(TEA));
        cart.change(add(OATS));
        for _ in 0..2 {
            cart.change(CartChange::Sold { sold: sold.clone(), next });
            let left: Vec<_> = cart.lines.iter().map(|line| (line.product, line.quantity)).collect();
            assert_eq!(left, [(TEA, Quantity::units(1)), (OATS, Quantity::units(1))], "taken out once");
            assert_eq!(cart.order, Some(next));
            assert!(!cart.lines[0].sells_short, "the permission was for the sale before");
        }
    }

    #[test]
    fn a_shortage_is_sold_only_with_permission() {
        let mut cart = cart([add(TEA), CartChange::Quantity(TEA, Quantity::units(12))]);
        let lots = [lot("soon", 4, "2026-12-01"), lot("late", 5, "2027-12-01"), lot("gone", 9, "2026-11-01")];
        let taking = Taking::of(&cart.lines[0], &lots, today());
        assert_eq!(taking.missing, Quantity::units(3));
        let refused = taking.order_lines(&cart.lines[0], 100);
        assert!(refused.is_err_and(|why| why.starts_with("Only 9 of 12 in stock.")));

        cart.change(CartChange::SellShort(TEA, true));
        let lines = taking.order_lines(&cart.lines[0], 100).expect("allowed");
        let booked: Vec<_> = lines.iter().map(|line| (line.lot.lot_code.as_str(), line.quantity)).collect();
        assert_eq!(booked, [("soon", Quantity::units(4)), ("late", Quantity::units(8))]);
        assert_eq!(taking.price(100, "EUR").minor, 1_200);
    }

    #[test]
    fn a_label_sets_the_quantity_and_the_first_lot() {
        let amount = Some(Amount::Exact(Quantity::units(6)));
        let label = Scanned { lot_code: Some("LATE".into()), amount, ..Scanned::default() };
        let cart = cart([add(TEA), CartChange::Add(TEA, label)]);
        let lots = [lot("soon", 4, "2026-12-01"), lot("late", 5, "2027-12-01")];
        let parts = Taking::of(&cart.lines[0], &lots, today()).parts;
        let taken: Vec<_> = parts.iter().map(|part| (part.lot.lot_code.as_str(), part.quantity)).collect();
        assert_eq!(taken, [("late", Quantity::units(5)), ("soon", Quantity::units(2))]);
    }

    #[test]
    fn goods_without_a_lot_need_a_named_lot() {
        let mut cart = cart([add(TEA), CartChange::SellShort(TEA, true)]);
        let taking = Taking::of(&cart.lines[0], &[], today());
        assert_eq!(taking.price(250, "EUR").minor, 250);
        assert!(taking.order_lines(&cart.lines[0], 250).is_err_and(|why| why.contains("No lot")));

        let (lot_code, location) = ("L1".to_owned(), "B-2".to_owned());
        cart.change(CartChange::Found { product: TEA, lot_code, location });
        let taking = Taking::of(&cart.lines[0], &[], today());
        let lines = taking.order_lines(&cart.lines[0], 250).expect("a lot is named");
        assert_eq!(lines[0].lot, LotRef::new(TEA, "L1", "B-2"));
    }
}
