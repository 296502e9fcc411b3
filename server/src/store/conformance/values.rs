//! Texts and numbers that come back as they were stored.

use std::sync::Arc;

use anyhow::Context as _;
use domain::{
    Action, CalendarDate, CodeSighting, Delivery, DeliveryLine, InventoryLot, LotRef, LotStatus,
    MAX_BARCODE_CHARS, MAX_CODE_CHARS, MAX_NAME_CHARS, Product, Quantity, Row, unknown_code_key,
};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{Consent, HistoryQuery, LotRecord, ProductQuery};
use super::fixture::{Checked, Engine, Holder, SITE, Sender, import, one_store, product, quietly};

/// Texts that statements, formats and collations might take for something else.
const TEXTS: [&str; 16] = [
    "it's",
    "a \"quoted\" one",
    "back\\slash \\0 \\u0041 \\",
    "100 % _ ? ?1 $1 :a @b",
    "'; DROP TABLE products; --",
    "{\"p\":[1,null]}",
    "E'\\\\x41'",
    "\u{1f600}\u{200d}\u{1f680} \u{10ffff}",
    "e\u{301} is not \u{e9}",
    "\u{4e2d}\u{6587} \u{627}\u{644}\u{639}\u{631}\u{628}\u{64a}\u{629}",
    "\u{130}I\u{131}i \u{df} \u{1e9e}",
    "NULL",
    "TRUE",
    "1e400",
    "\u{fffd}",
    "copy\\.",
];

fn longest(text: &str, max_chars: usize) -> String {
    text.chars().cycle().take(max_chars).collect::<String>().trim().to_owned()
}

/// Texts of any script and with any sign come back as they were sent, and those that differ are different keys.
pub async fn keeps_odd_texts(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut sent = Vec::new();
    for (at, text) in (0_u128..).zip(TEXTS) {
        let mut ada = Sender::new(SITE, 100 + at);
        ada.author = longest(text, MAX_NAME_CHARS);
        let named = Product {
            sku: longest(text, MAX_CODE_CHARS),
            barcode: longest(text, MAX_BARCODE_CHARS),
            name: longest(text, MAX_NAME_CHARS),
            unit: text.chars().take(16).collect::<String>().trim().to_owned(),
            family: longest(text, MAX_CODE_CHARS),
            variant: text.into(),
            ..product(at)
        };
        let lot = LotRef::new(named.id, &longest(text, MAX_CODE_CHARS), text);
        let quantity = Quantity::units(1);
        let received = Action::ReceiveLot {
            lot: lot.clone(),
            quantity,
            expires_on: None,
            received_on: None,
            delivery: None,
        };
        let adjusted =
            Action::AdjustLot { lot: lot.clone(), delta: -quantity, reason: text.into(), delivery: None };
        let scans =
            CodeSighting { code: format!("u{text}"), place: text.into(), at: UnixMillis(5), times: 3 };
        let work = [Action::CreateProduct(named.clone()), received, adjusted, Action::ReportCode(scans)];
        ada.book(store, work).await.with_context(|| format!("{text:?}"))?;
        // Its sentence quotes the name, and its conflict keeps the whole action.
        let refused = ada.push(store, [Action::CreateProduct(named.clone())]).await?;
        assert!(refused.receipts[0].outcome.message.contains(&named.name), "{text:?}");
        sent.push((named, lot, ada));
    }
    let held = Holder::all_of(store, SITE).await?;
    for ((named, lot, ada), text) in sent.iter().zip(TEXTS) {
        assert_eq!(held.rows[&domain::product_key(named.id)].row.product(), Some(named));
        assert_eq!(held.rows[&domain::lot_key(lot)].row.lot().map(|row| &row.lot), Some(lot));
        let code =
            held.rows[&unknown_code_key(&format!("u{text}"))].row.unknown_code().context("the code")?;
        assert_eq!((code.as_scanned(), code.devices[0].scans.place.as_str()), (&*format!("u{text}"), text));
        assert_eq!(code.devices[0].author, ada.author);
        let query = HistoryQuery { product: named.id, lot: Some(lot.id()), before: None };
        let history = store.history(SITE, query).await?;
        assert_eq!((history.entries[0].note.as_str(), &history.entries[0].author), (text, &ada.author));
        let by_barcode = store.product(SITE, ProductQuery::Barcode(named.barcode.clone())).await?;
        assert_eq!(by_barcode.map(|(found, _)| found.row.id), Some(named.id), "{text:?}");
        assert_eq!(store.lots_by_code(SITE, lot.lot_code.clone()).await?.products.len(), 1, "{text:?}");
        assert_eq!(
            store.known_keys(SITE).await?.products.get(&named.sku).map(|known| known.id),
            Some(named.id)
        );
    }
    let conflicts = held.rows.values().filter_map(|held| held.row.conflict());
    let kept: Vec<_> = conflicts.filter_map(domain::Conflict::action).collect();
    assert_eq!(kept.len(), TEXTS.len());
    assert!(sent.iter().all(|(named, ..)| kept.contains(&Action::CreateProduct(named.clone()))));
    Ok(())
}

/// Numbers to the limits of their columns, and dates from the first to the last.
pub async fn keeps_the_largest_numbers(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let limits = [i64::MAX, i64::MIN, 0, -1];
    let first_and_last =
        [CalendarDate::new(1, 1, 1), CalendarDate::new(9_999, 12, 31), None, CalendarDate::new(2028, 2, 29)];
    let mut rows = import(Vec::new(), Vec::new());
    for (at, (number, date)) in (0_u128..).zip(limits.into_iter().zip(first_and_last)) {
        let priced = Product { price_minor: number, ..product(at) };
        rows.lots.push(LotRecord {
            lot: LotRef::new(priced.id, "L", "B"),
            quantity: Quantity(number),
            status: Some(LotStatus::Reserved),
            expires_on: Some(date),
            received_on: Some(date),
        });
        let line = DeliveryLine {
            product_id: priced.id,
            expected: Quantity(i64::MAX),
            received: Quantity(number.min(5)),
        };
        rows.deliveries.push(Delivery {
            id: Uuid::from_u128(at),
            number: format!("{number}"),
            supplier: String::new(),
            expected_on: date,
            lines: vec![line],
            closed: false,
        });
        rows.products.push(super::super::ProductRecord {
            product: priced,
            has_family: true,
            has_variant: true,
        });
    }
    let expected = rows.clone();
    assert!(store.import(Arc::new(rows), Consent::Everything, quietly()).await?.is_written);
    let held = Holder::all_of(store, SITE).await?;
    let has = |row: &Row| held.rows.values().any(|held| held.row == *row);
    for ((record, priced), delivery) in expected.lots.iter().zip(&expected.products).zip(&expected.deliveries)
    {
        let lot = InventoryLot {
            lot: record.lot.clone(),
            quantity: record.quantity,
            status: LotStatus::Reserved,
            expires_on: record.expires_on.flatten(),
            received_on: record.received_on.flatten(),
        };
        for row in [Row::Lot(lot), Row::Product(priced.product.clone()), Row::Delivery(delivery.clone())] {
            assert!(has(&row), "{row:?}");
        }
        let query = HistoryQuery { product: priced.product.id, lot: None, before: Some(u64::MAX) };
        let deltas: Vec<_> =
            store.history(SITE, query).await?.entries.iter().map(|entry| entry.delta).collect();
        assert_eq!(deltas, if record.quantity == Quantity::ZERO { vec![] } else { vec![record.quantity] });
    }
    // The value of the largest quantity at the largest price is beyond any column.
    let total = &store.unavailable(SITE, None).await?.totals[0];
    assert_eq!((total.lots, total.exact), (3, i64::MAX));
    Ok(())
}

/// Absent values come back absent: dates, the lot of an exception, its basis.
pub async fn keeps_what_is_absent(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let labelled = |number| Product { barcode: "4006381333931".into(), ..product(number) };
    let bin = LotRef::new(product(1).id, "L", "B");
    let counted =
        Action::CountLot { lot: bin.clone(), counted: Quantity::units(2), basis: Quantity::units(1) };
    let work = [
        Action::CreateProduct(labelled(1)),
        Action::CreateProduct(labelled(2)),
        Action::PickLot { lot: bin.clone(), quantity: Quantity::units(1), reason: String::new() },
        counted,
    ];
    let pushed = ada.push(store, work).await?;
    assert!(pushed.receipts.iter().all(|receipt| receipt.outcome.verdict.is_booked()), "{pushed:?}");
    let held = Holder::all_of(store, SITE).await?;
    let exceptions: Vec<_> = held.rows.values().filter_map(|held| held.row.exception()).collect();
    let duplicate = exceptions.iter().find(|found| found.lot.is_none()).context("a duplicate barcode")?;
    assert!(duplicate.other.is_some() && duplicate.basis.is_none(), "{duplicate:?}");
    let moved = exceptions.iter().find(|found| found.basis.is_some()).context("moved while counted")?;
    assert_eq!((moved.other, moved.lot.as_ref()), (None, Some(&bin)));
    let lot = held.rows[&domain::lot_key(&bin)].row.lot().context("the lot")?;
    assert_eq!((lot.expires_on, lot.received_on, lot.quantity), (None, None, Quantity::ZERO));
    Ok(())
}
