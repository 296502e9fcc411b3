//! Audits: ranges of a device that are equal, that differ, and that are cut.

use std::sync::Arc;

use domain::{LOTS, PRODUCTS, Quantity, UNKNOWN_CODES};
use sync::{AuditRequest, MAX_AUDIT_ROWS, MAX_REPAIR_ROWS, PROTOCOL_VERSION, RangeDigest, ReplacedRange};
use uuid::Uuid;

use super::super::{Audited, Consent, Store, StoreFault};
use super::fixture::{
    Checked, Engine, Holder, SITE, Sender, create, import, lot_of, one_store, pick, product, quietly, receive,
};
use super::snapshots::{CODES, report};
use crate::booking::Scope;

fn range(held: &Holder, table: &str, after: &str, through: Option<&str>) -> anyhow::Result<RangeDigest> {
    let digest = held.digest(table, after, through)?;
    let range =
        ReplacedRange { table: table.into(), after: after.into(), through: through.map(str::to_owned) };
    Ok(RangeDigest { range, digest })
}

async fn audit(store: &dyn Store, held: &Holder, ranges: Vec<RangeDigest>) -> anyhow::Result<Audited> {
    let request = AuditRequest {
        protocol: PROTOCOL_VERSION,
        site: None,
        epoch: held.epoch,
        rev: held.cursor.rev(),
        scope: Scope::EVERYTHING.name().into(),
        ranges,
    };
    Ok(store.audit(SITE, Scope::EVERYTHING, request).await?)
}

/// Ranges that are equal need no repair; those that differ come with all their rows by key.
pub async fn an_audit_finds_the_ranges_that_differ(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, (0..20).map(create)).await?;
    ada.book(store, (0..20).map(|at| receive(&lot_of(&product(at), "A"), Quantity::units(1)))).await?;
    ada.book(store, CODES.map(report)).await?;
    let mut held = Holder::all_of(store, SITE).await?;
    let middle = held.rows.keys().filter(|key| key.table == PRODUCTS).nth(9).map(|key| key.key.clone());
    let middle = middle.as_deref();
    let ranges = |held: &Holder| -> anyhow::Result<Vec<RangeDigest>> {
        Ok(vec![
            range(held, PRODUCTS, "", middle)?,
            range(held, PRODUCTS, middle.unwrap_or_default(), None)?,
            range(held, LOTS, "", None)?,
            range(held, UNKNOWN_CODES, "", Some("_x"))?,
            range(held, UNKNOWN_CODES, "_x", None)?,
        ])
    };
    assert_eq!(audit(store, &held, ranges(&held)?).await?, Audited::default());

    let intact = held.clone();
    let second_half = held.rows.keys().filter(|key| key.table == PRODUCTS).nth(15).cloned();
    held.rows.retain(|key, _| Some(key) != second_half.as_ref());
    if let Some(damaged) = held.rows.get_mut(&domain::unknown_code_key("Apple")) {
        damaged.rev += 1;
    }
    let audited = audit(store, &held, ranges(&held)?).await?;
    assert_eq!(audited.compared, None);
    let repaired: Vec<_> = audited.repairs.iter().map(|repair| repair.range.clone()).collect();
    assert_eq!(repaired, [ranges(&held)?[1].range.clone(), ranges(&held)?[3].range.clone()]);
    for repair in audited.repairs {
        let (after, through) = (repair.range.after, repair.range.through);
        let expected: Vec<_> = intact
            .rows
            .iter()
            .filter(|(key, _)| key.table == repair.range.table && key.key > after)
            .filter(|(key, _)| through.as_ref().is_none_or(|through| key.key <= *through))
            .map(|(_, held)| held.clone())
            .collect();
        assert_eq!(repair.rows, expected);
    }
    Ok(())
}

/// A range with changes after the device's revision is left out, and so is every range under another epoch.
pub async fn an_audit_leaves_out_later_changes(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A"));
    ada.book(store, [create(1), receive(&bin, Quantity::units(2))]).await?;
    let held = Holder::all_of(store, SITE).await?;
    let wrong = |table| range(&Holder::new(SITE), table, "", None);
    let both = vec![wrong(PRODUCTS)?, wrong(LOTS)?];
    assert_eq!(audit(store, &held, both.clone()).await?.repairs.len(), 2);
    for foreign in [
        Holder { epoch: Some(Uuid::from_u128(1)), ..held.clone() },
        Holder { cursor: sync::Cursor::Live { rev: 3 }, ..held.clone() },
    ] {
        assert_eq!(audit(store, &foreign, both.clone()).await?, Audited::default());
    }
    ada.book(store, [pick(&bin, 1)]).await?;
    let audited = audit(store, &held, both).await?;
    let tables: Vec<_> = audited.repairs.iter().map(|repair| repair.range.table.as_str()).collect();
    assert_eq!(tables, [PRODUCTS]);
    let unknown = range(&held, "dreams", "", None)?;
    let refused = audit(store, &held, vec![unknown]).await.err().and_then(|error| error.downcast().ok());
    assert!(matches!(refused, Some(StoreFault::Invalid { code: "bad_cursor", .. })), "{refused:?}");
    Ok(())
}

/// An audit of many rows ends at its limits: a repair is cut at a key, and the answer says how many ranges were compared.
pub async fn an_audit_of_many_rows_is_cut(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let products = (0..10_050).map(product).collect();
    store.import(Arc::new(import(products, Vec::new())), Consent::NoStock, quietly()).await?;
    let held = Holder::all_of(store, SITE).await?;
    let keys: Vec<&str> = held.rows.keys().map(|key| key.key.as_str()).collect();

    let wrong = range(&Holder::new(SITE), PRODUCTS, "", None)?;
    let audited = audit(store, &held, vec![wrong.clone(), wrong]).await?;
    assert_eq!((audited.compared, audited.repairs.len()), (Some(1), 1));
    let repair = &audited.repairs[0];
    assert_eq!((repair.rows.len(), repair.range.after.as_str()), (MAX_REPAIR_ROWS, ""));
    assert_eq!(repair.range.through.as_deref(), Some(keys[MAX_REPAIR_ROWS - 1]));

    let middle = keys[5_024];
    let halves = [range(&held, PRODUCTS, "", Some(middle))?, range(&held, PRODUCTS, middle, None)?];
    let [first, second] = halves;
    let ranges = vec![first.clone(), second.clone(), first.clone(), second, first];
    assert!(2 * keys.len() > MAX_AUDIT_ROWS);
    let audited = audit(store, &held, ranges).await?;
    assert_eq!((audited.compared, audited.repairs.len()), (Some(4), 0));
    Ok(())
}
