//! First expired, first out: the order in which lots are picked, and the allocation of an order to lots.

use std::cmp::Ordering;

use sync::sort_by;

use crate::date::CalendarDate;
use crate::lot::{InventoryLot, LotRef};
use crate::quantity::Quantity;

/// A quantity of one lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The lot and its bin.
    pub lot: LotRef,
    /// Greater than zero.
    pub quantity: Quantity,
}

/// Soonest to expire first; undated last; ties by receipt, lot code and location, so that the order is
/// stable.
pub fn by_expiry(a: &InventoryLot, b: &InventoryLot) -> Ordering {
    let undated_last = |date: Option<CalendarDate>| (date.is_none(), date);
    undated_last(a.expires_on)
        .cmp(&undated_last(b.expires_on))
        .then_with(|| undated_last(a.received_on).cmp(&undated_last(b.received_on)))
        .then_with(|| a.lot.cmp(&b.lot))
}

/// The lot to pick from: the first of `lots` that is usable on `today`. `lots` are sorted by [`by_expiry`].
pub fn first_to_take(lots: &[InventoryLot], today: CalendarDate) -> Option<&InventoryLot> {
    lots.iter().find(|lot| lot.is_usable(today))
}

/// The lot for an operation unless a person names another: [`first_to_take`], or the first lot if none is
/// usable. `lots` are sorted by [`by_expiry`].
pub fn primary_lot(lots: &[InventoryLot], today: CalendarDate) -> Option<&InventoryLot> {
    first_to_take(lots, today).or_else(|| lots.first())
}

/// Takes `wanted` from the lots that may be sold on `today`, soonest to expire first. Returns the allocations
/// and the missing quantity.
pub fn allocate(lots: &[InventoryLot], wanted: Quantity, today: CalendarDate) -> (Vec<Allocation>, Quantity) {
    let mut usable: Vec<&InventoryLot> = lots.iter().filter(|lot| lot.is_usable(today)).collect();
    sort_by(&mut usable, |a, b| by_expiry(a, b));
    let mut missing = wanted;
    let mut taken = Vec::new();
    for lot in usable {
        if missing <= Quantity::ZERO {
            break;
        }
        let quantity = lot.quantity.min(missing);
        missing = missing - quantity;
        taken.push(Allocation { lot: lot.lot.clone(), quantity });
    }
    (taken, missing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::lot::LotStatus;

    fn lot(code: &str, units: i64, expires_on: Option<&str>, status: LotStatus) -> InventoryLot {
        let lot = LotRef::new(Uuid::nil(), code, "A-1");
        let expires_on = expires_on.map(|text| text.parse().expect("a date"));
        InventoryLot { quantity: Quantity::units(units), status, expires_on, ..InventoryLot::empty(lot) }
    }

    fn today() -> CalendarDate {
        "2026-11-21".parse().expect("a date")
    }

    #[test]
    fn takes_the_first_to_expire_and_never_unusable_lots() {
        let lots = [
            lot("undated", 5, None, LotStatus::Available),
            lot("late", 5, Some("2027-05-01"), LotStatus::Available),
            lot("soon", 5, Some("2026-11-21"), LotStatus::Available),
            lot("gone", 5, Some("2026-11-20"), LotStatus::Available),
            lot("held", 5, Some("2026-12-01"), LotStatus::Quarantined),
        ];
        let (taken, missing) = allocate(&lots, Quantity::units(12), today());
        let codes: Vec<_> =
            taken.iter().map(|part| (part.lot.lot_code.as_str(), part.quantity.0 / 1_000)).collect();
        assert_eq!(codes, [("soon", 5), ("late", 5), ("undated", 2)]);
        assert_eq!(missing, Quantity::ZERO);
        assert_eq!(allocate(&lots, Quantity::units(20), today()).1, Quantity::units(5));
    }

    #[test]
    fn the_first_usable_lot_is_primary_and_without_one_the_first() {
        let expired = lot("gone", 5, Some("2026-11-20"), LotStatus::Available);
        let held = lot("held", 5, Some("2026-12-01"), LotStatus::Quarantined);
        let empty = lot("empty", 0, Some("2026-12-24"), LotStatus::Available);
        let soon = lot("soon", 5, Some("2027-01-31"), LotStatus::Available);
        let late = lot("late", 5, None, LotStatus::Available);
        let mut lots = vec![late, soon.clone(), empty, expired.clone(), held];
        lots.sort_by(by_expiry);
        assert_eq!(first_to_take(&lots, today()), Some(&soon));
        assert_eq!(primary_lot(&lots, today()), Some(&soon));
        lots.retain(|lot| !lot.is_usable(today()));
        assert_eq!(first_to_take(&lots, today()), None);
        assert_eq!(
            primary_lot(&lots, today()),
            Some(&expired),
            "a lot that is not for use can still be counted"
        );
        assert_eq!(primary_lot(&[], today()), None);
    }

    proptest! {
        #[test]
        fn taken_and_missing_add_up_to_the_wanted_quantity(
            stock in prop::collection::vec((-5_i64..50, prop::option::of(20_u8..30), 0_usize..4), 0..8),
            wanted in 1_i64..200,
        ) {
            let lots: Vec<InventoryLot> = stock.iter().enumerate().map(|(at, (units, day, status))| {
                let date = day.map(|day| format!("2026-11-{day}"));
                lot(&format!("L{at}"), *units, date.as_deref(), LotStatus::ALL[*status])
            }).collect();
            let (taken, missing) = allocate(&lots, Quantity::units(wanted), today());
            let sum = taken.iter().fold(missing, |sum, part| sum + part.quantity);
            prop_assert_eq!(sum, Quantity::units(wanted));
            for part in taken {
                let from = lots.iter().find(|lot| lot.lot == part.lot).expect("a lot of the list");
                prop_assert!(part.quantity <= from.quantity && !from.is_expired(today()));
                prop_assert_eq!(from.status, LotStatus::Available);
            }
        }
    }
}
