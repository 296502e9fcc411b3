//! The table of roles and kinds of work, cell by cell.

use std::collections::BTreeSet;

use domain::{
    Action, Authority, CodeSighting, ExceptionKind, InventoryLot, LotPatch, LotRef, LotStatus, Order,
    OrderLine, Product, ProductPatch, Quantity, Role, Row, SiteRules, authority, lot_key, product_key,
};
use sync::{Rows, UnixMillis};
use uuid::Uuid;

fn product() -> Product {
    Product {
        id: Uuid::from_u128(1),
        sku: "A".to_owned(),
        barcode: String::new(),
        name: "Rice".to_owned(),
        unit: "each".to_owned(),
        price_minor: 500,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

fn lot() -> LotRef {
    LotRef::new(product().id, "L1", "A-01")
}

fn rows(status: LotStatus) -> Rows<Row> {
    let held = InventoryLot { status, ..InventoryLot::empty(lot()) };
    let product = product();
    [(product_key(product.id), Row::Product(product)), (lot_key(&lot()), Row::Lot(held))]
        .into_iter()
        .collect()
}

fn order(unit_price_minor: i64) -> Action {
    let line = OrderLine { lot: lot(), quantity: Quantity::units(1), unit_price_minor };
    let (number, currency) = ("D-1".to_owned(), "EUR".to_owned());
    Action::PlaceOrder(Order { id: Uuid::from_u128(2), number, currency, lines: vec![line], to_site: None })
}

fn patch(patch: ProductPatch) -> Action {
    Action::UpdateProduct { id: product().id, patch }
}

fn adjust(units: i64) -> Action {
    Action::AdjustLot {
        lot: lot(),
        delta: Quantity::units(units),
        reason: "broken".to_owned(),
        delivery: None,
    }
}

fn pick() -> Action {
    Action::PickLot { lot: lot(), quantity: Quantity::units(1), reason: String::new() }
}

/// Every kind of work once, with the least role that does it alone.
fn kinds() -> Vec<(Action, Role)> {
    let text = |value: &str| Some(value.to_owned());
    let one = Quantity::units(1);
    let (at, code) = (UnixMillis(0), "123".to_owned());
    let resolve = Action::ResolveException {
        kind: ExceptionKind::BelowZero,
        product_id: product().id,
        lot: None,
        reason: String::new(),
        seen: None,
    };
    vec![
        (
            Action::ReceiveLot {
                lot: lot(),
                quantity: one,
                expires_on: None,
                received_on: None,
                delivery: None,
            },
            Role::Worker,
        ),
        (Action::PutAwayLot { lot: lot(), to: "B".to_owned(), quantity: one }, Role::Worker),
        (Action::MoveLot { lot: lot(), to: "B".to_owned(), quantity: one }, Role::Worker),
        (pick(), Role::Worker),
        (adjust(-3), Role::Worker),
        (Action::CountLot { lot: lot(), counted: one, basis: one }, Role::Worker),
        (order(500), Role::Worker),
        (
            Action::ReportCode(CodeSighting { code: code.clone(), place: String::new(), at, times: 1 }),
            Role::Worker,
        ),
        (Action::CreateProduct(product()), Role::Lead),
        (Action::CreateLot { lot: lot(), status: LotStatus::Available, expires_on: None }, Role::Lead),
        (Action::UpdateLot { lot: lot(), patch: LotPatch::default() }, Role::Lead),
        (resolve, Role::Lead),
        (Action::CloseDelivery { id: Uuid::nil(), reason: String::new() }, Role::Lead),
        (Action::SettleCode { code }, Role::Lead),
        (Action::CloseConflict { id: Uuid::nil() }, Role::Lead),
        (patch(ProductPatch { price_minor: Some(1), ..ProductPatch::default() }), Role::Supervisor),
        (Action::DeleteProduct { id: product().id }, Role::Supervisor),
        (Action::DeleteLot { lot: lot() }, Role::Supervisor),
        (patch(ProductPatch { barcode: text("123"), ..ProductPatch::default() }), Role::Lead),
        (
            patch(ProductPatch { barcode: text("123"), name: text("n"), ..ProductPatch::default() }),
            Role::Supervisor,
        ),
    ]
}

#[test]
fn every_role_and_every_kind_of_work_has_its_cell() {
    let named: BTreeSet<&str> = kinds().iter().map(|(action, _)| action.kind()).collect();
    assert_eq!(named, Action::KINDS.into_iter().collect(), "every kind is in the table");
    let (rules, rows) = (SiteRules::default(), rows(LotStatus::Available));
    for (action, needed) in kinds() {
        for role in Role::ALL {
            let expected = match role {
                Role::Viewer => Authority::Never,
                _ if role >= needed => Authority::Alone,
                _ => Authority::WithApproval(needed),
            };
            assert_eq!(authority(role, &action, &rules, &rows), expected, "{role:?} {action:?}");
        }
    }
}

#[test]
fn a_site_s_limits_ask_for_a_second_pair_of_eyes() {
    let rules = SiteRules {
        adjust_limit: Some(Quantity::units(5)),
        below_price: Role::Supervisor,
        blocked_lot: Role::Lead,
        ..SiteRules::default()
    };
    let available = rows(LotStatus::Available);
    let ask = |action: &Action, rows: &Rows<Row>| authority(Role::Worker, action, &rules, rows);
    assert_eq!(ask(&adjust(5), &available), Authority::Alone);
    assert_eq!(ask(&adjust(-5), &available), Authority::Alone);
    assert_eq!(ask(&adjust(6), &available), Authority::WithApproval(Role::Lead));
    assert_eq!(ask(&adjust(-6), &available), Authority::WithApproval(Role::Lead));
    assert_eq!(ask(&order(499), &available), Authority::WithApproval(Role::Supervisor));
    assert_eq!(ask(&order(500), &available), Authority::Alone);
    for blocked in [LotStatus::Reserved, LotStatus::Quarantined, LotStatus::Expired] {
        assert_eq!(ask(&pick(), &rows(blocked)), Authority::WithApproval(Role::Lead), "{blocked:?}");
        assert_eq!(ask(&order(500), &rows(blocked)), Authority::WithApproval(Role::Lead), "{blocked:?}");
    }
    assert_eq!(ask(&pick(), &available), Authority::Alone);
    // A device need not hold the lot.
    assert_eq!(ask(&pick(), &Rows::new()), Authority::Alone);
}
