//! Answers to single questions: products, lots by code, lots that are not available.

use std::sync::Arc;

use domain::{
    Action, CalendarDate, InventoryLot, LotRef, LotStatus, MAX_LOTS_BY_CODE, MAX_UNAVAILABLE_LOTS, Quantity,
    UnavailableTotal,
};

use super::super::{Consent, ImportOutcome, LotRecord, ProductQuery, Store};
use super::fixture::{
    Checked, Engine, SITE, Sender, create, import, lot_of, one_store, pick, product, quietly, receive,
};

fn day(day: u8) -> Option<CalendarDate> {
    CalendarDate::new(2027, 1, day)
}

/// Imports lots with all their fields.
async fn stock(store: &dyn Store, lots: Vec<InventoryLot>) -> anyhow::Result<ImportOutcome> {
    let record = |row: InventoryLot| LotRecord {
        lot: row.lot,
        quantity: row.quantity,
        status: Some(row.status),
        expires_on: Some(row.expires_on),
        received_on: Some(row.received_on),
    };
    let mut rows = import(Vec::new(), Vec::new());
    rows.lots = lots.into_iter().map(record).collect();
    Ok(store.import(Arc::new(rows), Consent::Everything, quietly()).await?)
}

fn lot(of: LotRef, units: i64) -> InventoryLot {
    InventoryLot { quantity: Quantity::units(units), ..InventoryLot::empty(of) }
}

/// A product is found by its id and by any spelling of its barcode, with its lots: the soonest to expire first, those without
/// a date last, then by the bytes of code and bin.
pub async fn finds_a_product_with_its_lots(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    let mut ada = Sender::new(SITE, 1);
    let labelled = domain::Product { barcode: "7622210434593".into(), ..product(1) };
    ada.book(store, [Action::CreateProduct(labelled.clone()), create(2)]).await?;
    let of = |code: &str, bin: &str, expires_on| InventoryLot {
        expires_on,
        received_on: day(1),
        ..lot(LotRef::new(labelled.id, code, bin), 1)
    };
    let expected = vec![
        of("z", "A", day(2)),
        of("B", "Z", day(3)),
        of("a", "B", day(3)),
        of("a", "a", day(3)),
        of("C", "A", None),
        of("\u{e9}", "A", None),
    ];
    stock(store, expected.iter().rev().cloned().collect()).await?;
    let barcode = |code: &str| ProductQuery::Barcode(code.into());
    for query in [ProductQuery::Id(labelled.id), barcode("7622210434593"), barcode(" 07622210434593 ")] {
        let Some((found, lots)) = store.product(SITE, query.clone()).await? else { panic!("{query:?}") };
        assert_eq!((found.rev, &found.row), (1, &labelled));
        assert_eq!(lots.into_iter().map(|lot| lot.row).collect::<Vec<_>>(), expected);
    }
    for code in ["", " ", "7622210434594", "'", "%"] {
        assert_eq!(store.product(SITE, barcode(code)).await?, None, "{code}");
    }
    assert_eq!(store.product("other", ProductQuery::Id(labelled.id)).await?, None);
    Ok(())
}

/// Lots are found by their code in any spelling: those with stock first, at most so many, none of deleted products.
pub async fn finds_lots_by_their_code(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, [create(1), create(2), create(3)]).await?;
    let of = |number: u128, code: &str, bin: &str| LotRef::new(product(number).id, code, bin);
    let empty = of(1, "Lot-7", "B");
    let work = [
        receive(&empty, Quantity::units(1)),
        pick(&empty, 1),
        receive(&of(2, "lot-7", "C"), Quantity::units(1)),
        receive(&of(1, "LOT-7", "A"), Quantity::units(1)),
        receive(&of(3, "lot-7", "A"), Quantity::units(1)),
        pick(&of(3, "lot-7", "A"), 1),
        receive(&of(1, "lot-70", "A"), Quantity::units(1)),
    ];
    ada.book(store, work).await?;
    ada.base = 100;
    ada.book(store, [Action::DeleteProduct { id: product(3).id }]).await?;
    let found = store.lots_by_code(SITE, " lOt-7".into()).await?;
    let mut bins = std::collections::BTreeMap::new();
    for (owner, lots) in &found.products {
        let of_product: Vec<&str> = lots.iter().map(|lot| lot.row.lot.location.as_str()).collect();
        bins.insert(owner.row.sku.clone(), of_product);
    }
    let expected = [("SKU-1".to_owned(), vec!["A", "B"]), ("SKU-2".to_owned(), vec!["C"])];
    assert_eq!((bins, found.more), (expected.into(), false));

    let many = MAX_LOTS_BY_CODE + 1;
    stock(store, (0..many).map(|bin| lot(of(2, "many", &format!("{bin}")), 1)).collect()).await?;
    let found = store.lots_by_code(SITE, "MANY".into()).await?;
    assert_eq!((found.products[0].1.len(), found.more), (MAX_LOTS_BY_CODE, true));
    assert_eq!(store.lots_by_code(SITE, "%".into()).await?.products.len(), 0);
    Ok(())
}

/// Lots that are not available come in parts by status and key, with the totals of all of them in the first part.
pub async fn lists_lots_that_are_not_available(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, (1..=3).map(create)).await?;
    let with = |number: u128, bin: usize, status, units| InventoryLot {
        status,
        ..lot(lot_of(&product(number), &format!("{bin}")), units)
    };
    let reserved = (0..3).map(|bin| with(1, bin, LotStatus::Reserved, 2));
    let many = (0..MAX_UNAVAILABLE_LOTS).map(|bin| with(2, bin, LotStatus::Quarantined, -1));
    let others = [
        with(3, 0, LotStatus::Available, 1),
        with(3, 1, LotStatus::Expired, 0),
        with(3, 2, LotStatus::Expired, 1),
    ];
    stock(store, reserved.chain(many).chain(others).collect()).await?;
    let mut lots: Vec<InventoryLot> = Vec::new();
    let mut after = None;
    for part in 0..5 {
        let answer = store.unavailable(SITE, after).await?;
        let total = |status, lots, units: i64| UnavailableTotal {
            status,
            currency: "EUR".into(),
            lots,
            exact: units * 1_000 * 295,
        };
        let expected = vec![
            total(LotStatus::Reserved, 3, 6),
            total(LotStatus::Quarantined, 2_000, -2_000),
            total(LotStatus::Expired, 1, 1),
        ];
        assert_eq!(answer.totals, if part == 0 { expected } else { Vec::new() });
        lots.extend(answer.lots);
        after = answer.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((lots.len(), after), (MAX_UNAVAILABLE_LOTS + 4, None));
    let position = |lot: &InventoryLot| (lot.status, lot.lot.product_id, lot.lot.id());
    assert!(lots.windows(2).all(|pair| position(&pair[0]) < position(&pair[1])));
    Ok(())
}
