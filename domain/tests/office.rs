//! Unknown codes and conflicts: the effect of reports and settlements on rows.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

mod common;

use common::mutation;
use domain::{
    Action, CodeSighting, Conflict, Product, ProductPatch, Row, UnknownCode, Warehouse, conflict_key,
    product_key, unknown_code_key,
};
use sync::{Model, Records, Rows, UnixMillis, Verdict, fold};
use uuid::Uuid;

const CODE: &str = "4006381333931";

fn report(times: u32) -> Action {
    let place = "/work/receive".to_owned();
    Action::ReportCode(CodeSighting { code: CODE.to_owned(), place, at: UnixMillis(5), times })
}

fn product(barcode: &str) -> Product {
    Product {
        id: Uuid::from_u128(7),
        sku: "P-7".to_owned(),
        barcode: barcode.to_owned(),
        name: "Markers".to_owned(),
        unit: "each".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

fn apply(rows: &mut Rows<Row>, action: Action) {
    let mutation = mutation(action);
    let touched = Warehouse::touches(&mutation.action);
    let before = rows.clone();
    Warehouse::apply(&mutation, rows).expect("applied");
    let differs = |key: &&sync::RowKey| before.get(*key) != rows.get(*key);
    assert!(rows.keys().chain(before.keys()).filter(differs).all(|key| touched.contains(key)));
}

#[test]
fn a_reported_code_is_a_row_until_it_is_settled_in_any_spelling() {
    let mut rows = Rows::new();
    apply(&mut rows, report(2));
    apply(&mut rows, report(1));
    let code = rows.get(&unknown_code_key(CODE)).and_then(Row::unknown_code).expect("a row");
    assert_eq!((code.times, code.as_scanned()), (3, CODE));
    assert_eq!(code.devices[0].author, "Ada");
    apply(&mut rows, Action::SettleCode { code: format!("0{CODE} ") });
    assert_eq!(rows, Rows::new());
    apply(&mut rows, Action::SettleCode { code: CODE.to_owned() });
    assert_eq!(rows, Rows::new(), "settled by two devices");
}

#[test]
fn a_product_that_gets_the_code_settles_it() {
    let reported = || {
        let mut rows = Rows::new();
        apply(&mut rows, report(1));
        rows
    };
    let mut rows = reported();
    apply(&mut rows, Action::CreateProduct(product(CODE)));
    assert_eq!(rows.into_keys().collect::<Vec<_>>(), [product_key(product(CODE).id)]);
    let mut rows = reported();
    rows.insert(product_key(product("").id), Row::Product(product("")));
    let patch = |barcode: &str| ProductPatch { barcode: Some(barcode.to_owned()), ..ProductPatch::default() };
    apply(&mut rows, Action::UpdateProduct { id: product("").id, patch: patch("") });
    assert!(rows.contains_key(&unknown_code_key(CODE)), "another barcode");
    apply(&mut rows, Action::UpdateProduct { id: product("").id, patch: patch(CODE) });
    assert!(!rows.contains_key(&unknown_code_key(CODE)));
}

#[test]
fn a_device_shows_its_pending_reports_and_settlements() {
    let row = || Row::UnknownCode(UnknownCode::new(CODE));
    let base = Rows::from([(unknown_code_key(CODE), row())]);
    let wanted = |key: &sync::RowKey| key.table == domain::UNKNOWN_CODES;
    let shown = fold::<Warehouse>(base.clone(), &[mutation(report(2))], wanted);
    let code = shown.rows.values().next().and_then(Row::unknown_code).expect("the code");
    assert_eq!(code.times, 2);
    let settle = mutation(Action::SettleCode { code: CODE.to_owned() });
    assert_eq!(fold::<Warehouse>(base, &[mutation(report(2)), settle], wanted).rows, Rows::new());
}

#[test]
fn a_closed_conflict_is_gone() {
    let id = Uuid::from_u128(9);
    let refused = mutation(report(1));
    let row = Conflict { id, ..Conflict::of(&refused, Verdict::Rejected, Some(&refused.action)) };
    let mut rows = Rows::from([(conflict_key(id), Row::Conflict(row))]);
    apply(&mut rows, Action::CloseConflict { id });
    apply(&mut rows, Action::CloseConflict { id });
    assert_eq!(rows, Rows::new());
}

#[test]
fn the_facts_are_written_as_they_were_released() {
    let id = Uuid::from_u128(9);
    let facts = [
        (
            report(2),
            format!(r#"{{"report_code":{{"code":"{CODE}","place":"/work/receive","at":5,"times":2}}}}"#),
        ),
        (Action::SettleCode { code: CODE.to_owned() }, format!(r#"{{"settle_code":{{"code":"{CODE}"}}}}"#)),
        (Action::CloseConflict { id }, format!(r#"{{"close_conflict":{{"id":"{id}"}}}}"#)),
    ];
    for (action, json) in facts {
        assert_eq!(serde_json::to_string(&action).expect("JSON"), json);
        assert_eq!(Warehouse::read_action(2, &json).expect("an action"), action);
    }
}
