//! Status and dates of moved goods.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

mod common;

use common::mutation;
use domain::{Action, CalendarDate, InventoryLot, LotRef, LotStatus, Quantity, Row, Warehouse};
use sync::{Model, Records, Rows};
use uuid::Uuid;

fn bin(location: &str) -> LotRef {
    LotRef::new(Uuid::from_u128(1), "L1", location)
}

fn apply(rows: &mut Rows<Row>, action: Action) {
    Warehouse::apply(&mutation(action), rows).expect("a fact");
}

fn day(text: &str) -> Option<CalendarDate> {
    Some(text.parse().expect("a date"))
}

fn held(location: &str, units: i64, status: LotStatus) -> InventoryLot {
    let quantity = Quantity::units(units);
    InventoryLot { quantity, status, expires_on: day("2027-01-31"), ..InventoryLot::empty(bin(location)) }
}

/// The lot at B-2 after four of `from` were moved there.
fn moved(from: InventoryLot, there: Option<InventoryLot>) -> InventoryLot {
    let both = [Some(from), there].into_iter().flatten().map(Row::Lot);
    let mut rows: Rows<Row> = both.map(|row| (Warehouse::key(&row), row)).collect();
    let (to, quantity) = ("B-2".to_owned(), Quantity::units(4));
    apply(&mut rows, Action::MoveLot { lot: bin("A-1"), to, quantity });
    let target = Warehouse::key(&Row::Lot(InventoryLot::empty(bin("B-2"))));
    rows.get(&target).and_then(Row::lot).cloned().expect("the target")
}

#[test]
fn a_lot_moved_back_into_an_empty_bin_keeps_its_status_and_dates() {
    for before in [0, -1] {
        let old = InventoryLot { expires_on: day("2026-01-31"), ..held("B-2", before, LotStatus::Available) };
        let target = moved(held("A-1", 9, LotStatus::Quarantined), Some(old));
        assert_eq!(
            (target.status, target.expires_on),
            (LotStatus::Quarantined, day("2027-01-31")),
            "{before}"
        );
    }
    let freed = moved(held("A-1", 9, LotStatus::Available), Some(held("B-2", 0, LotStatus::Quarantined)));
    assert_eq!(freed.status, LotStatus::Available, "what once lay there says nothing of what lies there now");
    assert_eq!(moved(held("A-1", 9, LotStatus::Reserved), None).status, LotStatus::Reserved);
}

#[test]
fn a_merged_lot_gets_the_strictest_status() {
    use LotStatus::{Available, Expired, Quarantined, Reserved};
    for (from, there, then) in [
        (Quarantined, Available, Quarantined),
        (Available, Quarantined, Quarantined),
        (Reserved, Quarantined, Quarantined),
        (Expired, Reserved, Expired),
        (Available, Available, Available),
    ] {
        let target = moved(held("A-1", 9, from), Some(held("B-2", 3, there)));
        assert_eq!((target.status, target.quantity), (then, Quantity::units(7)), "{from:?} to {there:?}");
    }
    let undated = InventoryLot { expires_on: None, ..held("B-2", 3, Available) };
    assert_eq!(moved(held("A-1", 9, Available), Some(undated)).expires_on, day("2027-01-31"));
}
