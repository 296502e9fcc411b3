//! JSON of rows and actions, parsed in full and only for its keys.

use anyhow::{Context, Result};
use domain::{Action, LotRef, Row, Warehouse};
use serde_json::value::RawValue;
use sync::{Model, Mutation, Records, Relay, RelayedRow, Rows};
use uuid::Uuid;

/// Keys and index keys must be the same whether the row was parsed in full or only identified.
pub(super) fn row_json(data: &[u8]) -> Result<()> {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let quick = Warehouse::identify_json(text);
    let Ok(row) = serde_json::from_str::<Row>(text) else { return Ok(()) };
    // serde also accepts structs written as lists, which `identify_json` does not. No writer produces them.
    if !is_of_objects(text) {
        return Ok(());
    }
    let identity = Warehouse::identify(&row);
    assert_eq!(quick.context("identify_json refuses a valid row")?, identity);
    check_row(&row)
}

/// Checks that a row survives serialization and has the same identity in every form.
pub(super) fn check_row(row: &Row) -> Result<()> {
    let identity = Warehouse::identify(row);
    assert_eq!(Warehouse::key(row), identity.key);
    let json = serde_json::to_string(row)?;
    assert_eq!(&serde_json::from_str::<Row>(&json)?, row, "{json}");
    assert_eq!(Warehouse::identify_json(&json)?, identity, "{json}");
    let relayed: RelayedRow<Warehouse> = serde_json::from_str(&json)?;
    assert_eq!(Relay::<Warehouse>::identify(&relayed), identity);
    assert_eq!(serde_json::to_string(&relayed)?, json);
    if let Some(lot) = row.lot() {
        check_lot(&lot.lot);
    }
    Ok(())
}

/// A lot's id does not depend on spaces or letter case.
fn check_lot(lot: &LotRef) {
    let typed =
        LotRef::new(lot.product_id, &format!(" {}\t", lot.lot_code), &lot.location.to_ascii_lowercase());
    assert_eq!(typed.id(), lot.id(), "{lot:?}");
    assert_eq!(lot.at(&lot.location).id(), lot.id(), "{lot:?}");
}

fn is_of_objects(text: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    value.as_object().is_some_and(|row| row.values().all(serde_json::Value::is_object))
}

/// Actions of every schema.
pub(super) fn action_json(data: &[u8]) -> Result<()> {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    for schema in [1, Warehouse::SCHEMA] {
        let Ok(action) = Warehouse::read_action(schema, text) else { continue };
        check_action(&action)?;
    }
    // Upgrading an action of an earlier schema must turn valid JSON into valid JSON.
    if serde_json::from_str::<&RawValue>(text).is_ok() {
        let current = domain::current_action(1, text);
        serde_json::from_str::<&RawValue>(&current).with_context(|| format!("rewritten to {current}"))?;
    }
    Ok(())
}

fn check_action(action: &Action) -> Result<()> {
    let json = serde_json::to_string(action)?;
    assert_eq!(&Warehouse::read_action(Warehouse::SCHEMA, &json)?, action, "{json}");
    let draft = sync::Draft {
        id: Uuid::nil(),
        action: action.clone(),
        base: 0,
        author: String::new(),
        signed_by: None,
        captured_at: sync::UnixMillis(0),
        depends_on: None,
        replaces: None,
    };
    let mutation = Mutation::from_draft(draft, 1, Warehouse::SCHEMA);
    let mut rows = Rows::new();
    let touched = Warehouse::touches(action);
    if Warehouse::apply(&mutation, &mut rows).is_ok() {
        assert!(rows.keys().all(|key| touched.contains(key)), "{action:?} makes rows that it does not touch");
        rows.iter().try_for_each(|(key, row)| {
            assert_eq!(&Warehouse::key(row), key);
            check_row(row)
        })?;
    } else {
        assert!(rows.is_empty(), "{action:?} was refused but made rows");
    }
    Ok(())
}
