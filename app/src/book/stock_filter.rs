//! Filters of the stock list by the products' lots. Pure.

use domain::{CalendarDate, Quantity};
use uuid::Uuid;

use super::lot_filter::{Expiry, Horizon};
use super::product_order::ProductOrder;
use super::survey::Survey;
use crate::words::language::key;

/// Filter by lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum StockFilter {
    #[default]
    Any,
    /// Some stock can be picked.
    InStock,
    /// No stock can be picked.
    OutOfStock,
    /// A lot is below zero.
    BelowZero,
    /// A lot expires soon.
    ExpiringSoon,
}

impl StockFilter {
    /// All choices, in the order of the list.
    pub(crate) const ALL: [Self; 5] =
        [Self::Any, Self::InStock, Self::OutOfStock, Self::BelowZero, Self::ExpiringSoon];

    /// The choice's label.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Any => key("All"),
            Self::InStock => key("In stock"),
            Self::OutOfStock => key("Out of stock"),
            Self::BelowZero => key("Below zero"),
            Self::ExpiringSoon => key("Expiring soon"),
        }
    }
}

/// Search, filter and order of the stock list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StockSearch {
    /// Words of the product labels.
    pub(crate) text: String,
    pub(crate) filter: StockFilter,
    /// The order of the table. The list of narrow windows is always in list order.
    pub(crate) order: ProductOrder,
    /// Whether the order is descending.
    pub(crate) is_reversed: bool,
}

impl Survey {
    /// The products that pass a filter, in their order.
    pub(crate) fn stocked(&self, products: &[Uuid], filter: StockFilter, today: CalendarDate) -> Vec<Uuid> {
        let mut usable = vec![Quantity::ZERO; self.products().len()];
        let mut is_marked = vec![false; usable.len()];
        let horizon = Horizon::of(today);
        // A lot that only a report has fetched would count here at times, and at others not.
        for lot in self.lots().iter().filter(|lot| !lot.is_remote) {
            let at = lot.product as usize;
            if !lot.is_expired(today) {
                usable[at] += lot.quantity;
            }
            is_marked[at] |= match filter {
                StockFilter::BelowZero => lot.quantity < Quantity::ZERO,
                StockFilter::ExpiringSoon => {
                    lot.quantity > Quantity::ZERO && Expiry::Soon.holds(lot, horizon)
                }
                StockFilter::Any | StockFilter::InStock | StockFilter::OutOfStock => false,
            };
        }
        let is_left = |id: &&Uuid| {
            let at = self.product_at(**id).map(|at| at as usize);
            let is_in_stock = || at.is_some_and(|at| usable[at] > Quantity::ZERO);
            match filter {
                StockFilter::Any => true,
                StockFilter::InStock => is_in_stock(),
                StockFilter::OutOfStock => !is_in_stock(),
                StockFilter::BelowZero | StockFilter::ExpiringSoon => at.is_some_and(|at| is_marked[at]),
            }
        };
        products.iter().filter(is_left).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::{InventoryLot, LotStatus};

    use super::super::survey::tests::{lot, product};
    use super::*;

    #[test]
    fn products_are_filtered_by_their_stock() {
        let today: CalendarDate = "2026-11-21".parse().expect("a date");
        let until = |date: &str, lot: InventoryLot| InventoryLot { expires_on: date.parse().ok(), ..lot };
        let mut survey = Survey::default();
        (1..=5).for_each(|n| survey.put_product(&product(n)));
        let lots = [
            until("2027-11-21", lot(1, "fresh", "A-1", 5)),
            until("2026-12-01", lot(2, "soon", "A-1", 5)),
            until("2026-11-20", lot(3, "past", "A-1", 5)),
            lot(4, "sold twice", "A-1", -2),
            lot(4, "there", "A-2", 1),
            InventoryLot { status: LotStatus::Expired, ..lot(5, "marked", "A-1", 9) },
        ];
        lots.iter().for_each(|lot| survey.push_lot(lot, false));
        survey.set_remote(&[InventoryLot { status: LotStatus::Quarantined, ..lot(6, "aside", "Q-1", 3) }]);
        let all: Vec<Uuid> = [6, 5, 4, 3, 2, 1].map(Uuid::from_u128).into();
        let left =
            |filter| -> Vec<u128> { survey.stocked(&all, filter, today).iter().map(Uuid::as_u128).collect() };
        assert_eq!(left(StockFilter::Any), [6, 5, 4, 3, 2, 1]);
        assert_eq!(left(StockFilter::InStock), [2, 1]);
        assert_eq!(left(StockFilter::OutOfStock), [6, 5, 4, 3], "one without lots as well");
        assert_eq!(left(StockFilter::BelowZero), [4]);
        assert_eq!(left(StockFilter::ExpiringSoon), [2]);
    }
}
