//! Deliveries and exceptions under any sequence of actions.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

mod common;

use common::mutation;
use domain::{
    Action, Delivery, DeliveryLine, ExceptionKind, InventoryLot, LotRef, MAX_REASON_CHARS, Quantity, Row,
    StockException, Warehouse, delivery_key, exception_key,
};
use proptest::prelude::*;
use sync::{Model, Records, Rows, fold};
use uuid::Uuid;

const PRODUCT: Uuid = Uuid::from_u128(1);
const DELIVERY: Uuid = Uuid::from_u128(2);

fn bin(number: u8) -> LotRef {
    LotRef::new(PRODUCT, "L1", &format!("A-{number}"))
}

fn expected() -> Rows<Row> {
    let line = DeliveryLine { product_id: PRODUCT, expected: Quantity::units(20), received: Quantity::ZERO };
    let delivery = Delivery {
        id: DELIVERY,
        number: "LS-1".to_owned(),
        supplier: String::new(),
        expected_on: None,
        lines: vec![line],
        closed: false,
    };
    Rows::from([(delivery_key(DELIVERY), Row::Delivery(delivery))])
}

fn work() -> impl Strategy<Value = Action> {
    (0..6_u8, 0..2_u8, 1..9_i64, -9..9_i64).prop_map(|(kind, at, units, other)| {
        let (lot, quantity) = (bin(at), Quantity::units(units));
        match kind {
            0 => Action::PickLot { lot, quantity, reason: String::new() },
            1 => Action::MoveLot { lot, to: bin(1 - at).location, quantity },
            2 => Action::AdjustLot {
                lot,
                delta: Quantity::units(other),
                reason: "found".to_owned(),
                delivery: (kind == 2 && units > 4).then_some(DELIVERY),
            },
            3 => Action::CountLot { lot, counted: quantity, basis: Quantity::units(other) },
            _ => {
                let delivery = (kind == 4).then_some(DELIVERY);
                Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery }
            }
        }
    })
}

fn lot_of(rows: &Rows<Row>, number: u8) -> Option<&InventoryLot> {
    rows.values().filter_map(Row::lot).find(|row| row.lot == bin(number))
}

fn odd(rows: &Rows<Row>, kind: ExceptionKind, number: u8) -> Option<&StockException> {
    rows.get(&exception_key(kind, PRODUCT, Some(&bin(number)))).and_then(Row::exception)
}

fn on_hand(rows: &Rows<Row>, number: u8) -> Quantity {
    lot_of(rows, number).map_or(Quantity::ZERO, |row| row.quantity)
}

proptest! {
    #[test]
    fn a_lot_is_below_zero_exactly_while_its_exception_says_so(work in prop::collection::vec(work(), 1..40)) {
        let mut rows = expected();
        for action in work {
            let found = [0, 1].map(|number| on_hand(&rows, number));
            let applied = Warehouse::apply(&mutation(action.clone()), &mut rows);
            for number in [0, 1] {
                let now = on_hand(&rows, number);
                let exception = odd(&rows, ExceptionKind::BelowZero, number);
                prop_assert_eq!(exception.is_some(), now < Quantity::ZERO);
                if let (Action::CountLot { lot, basis, .. }, Ok(_)) = (&action, &applied) && *lot == bin(number) {
                    let moved = odd(&rows, ExceptionKind::MovedWhileCounted, number);
                    let found = found[usize::from(number)];
                    prop_assert_eq!(moved.is_some(), found != *basis);
                    prop_assert!(moved.is_none_or(|moved| moved.before == found && moved.after == now));
                }
            }
        }
    }

    #[test]
    fn work_needs_no_rows_but_those_it_says_it_touches(work in prop::collection::vec(work(), 1..20)) {
        let mut all = expected();
        for action in work {
            let touched = Warehouse::touches(&action);
            let mut few: Rows<Row> =
                touched.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect();
            let mutation = mutation(action);
            let before = all.clone();
            let (one, other) = (Warehouse::apply(&mutation, &mut few), Warehouse::apply(&mutation, &mut all));
            prop_assert_eq!(one, other);
            for (key, row) in &all {
                let expected = if touched.contains(key) { few.get(key) } else { before.get(key) };
                prop_assert_eq!(expected, Some(row));
            }
            prop_assert!(before.keys().all(|key| all.contains_key(key) || touched.contains(key)));
        }
    }

    #[test]
    fn a_delivery_adds_up_in_whatever_order_it_comes(units in prop::collection::vec(1..9_i64, 1..12), turn in 0..12_usize) {
        let receive = |units: &i64| mutation(Action::ReceiveLot {
            lot: bin(0),
            quantity: Quantity::units(*units),
            expires_on: None,
            received_on: None,
            delivery: Some(DELIVERY),
        });
        let mut turned = units.clone();
        turned.rotate_left(turn % units.len());
        let view = |units: &[i64]| {
            let pending: Vec<_> = units.iter().map(receive).collect();
            fold::<Warehouse>(expected(), &pending, |_| true).rows
        };
        let (one, other) = (view(&units), view(&turned));
        prop_assert_eq!(&one, &other);
        let delivery = one.get(&delivery_key(DELIVERY)).and_then(Row::delivery).expect("the delivery");
        prop_assert_eq!(delivery.lines[0].received, Quantity::units(units.iter().sum()));
        prop_assert_eq!(delivery.is_complete(), units.iter().sum::<i64>() >= 20);
    }
}

#[test]
fn the_reason_for_picking_another_lot_is_the_ledgers_note() {
    let pick = |reason: String| Action::PickLot { lot: bin(0), quantity: Quantity::units(1), reason };
    let effects =
        Warehouse::apply(&mutation(pick("Carton torn".to_owned())), &mut Rows::new()).expect("a pick");
    assert!(matches!(&effects[0], domain::Effect::Stock(entry) if entry.note == "Carton torn"));
    let long = mutation(pick("x".repeat(MAX_REASON_CHARS + 1)));
    assert_eq!(Warehouse::apply(&long, &mut Rows::new()).expect_err("too long").code, "too_long");
}

#[test]
fn actions_of_a_build_without_reasons_and_deliveries_round_trip() {
    let lot = r#"{"product_id":"00000000-0000-0000-0000-000000000001","lot_code":"L1","location":"A-1"}"#;
    for json in [
        format!(r#"{{"pick_lot":{{"lot":{lot},"quantity":1000}}}}"#),
        format!(r#"{{"receive_lot":{{"lot":{lot},"quantity":1000,"expires_on":null,"received_on":null}}}}"#),
        format!(r#"{{"resolve_exception":{{"kind":"below_zero","product_id":"{PRODUCT}","lot":{lot}}}}}"#),
    ] {
        let action = Warehouse::read_action(2, &json).expect("an action");
        assert_eq!(serde_json::to_string(&action).expect("JSON"), json);
    }
    let newer = format!(r#"{{"pick_lot":{{"lot":{lot},"quantity":1000,"reason":"torn","colour":"red"}}}}"#);
    assert!(Warehouse::read_action(2, &newer).is_ok(), "what a build does not know it passes over");
}

#[test]
fn resolving_an_exception_clears_it_and_resolving_it_again_is_a_no_op() {
    let mut rows = Rows::new();
    let pick = Action::PickLot { lot: bin(0), quantity: Quantity::units(1), reason: String::new() };
    Warehouse::apply(&mutation(pick), &mut rows).expect("a pick");
    let resolve = mutation(Action::ResolveException {
        kind: ExceptionKind::BelowZero,
        product_id: PRODUCT,
        lot: Some(bin(0)),
        reason: String::new(),
        seen: None,
    });
    assert_eq!(Warehouse::apply(&resolve, &mut rows).expect("resolved").len(), 1);
    assert_eq!(odd(&rows, ExceptionKind::BelowZero, 0), None);
    assert_eq!(Warehouse::apply(&resolve, &mut rows).expect("gone already").len(), 0);
}

#[test]
fn a_short_delivery_is_closed_once_with_the_missing_quantities() {
    let mut rows = expected();
    let close = |id| mutation(Action::CloseDelivery { id, reason: "Supplier has no more".to_owned() });
    let effects = Warehouse::apply(&close(DELIVERY), &mut rows).expect("closed");
    let [domain::Effect::Closed { delivery, .. }] = &effects[..] else { panic!("one effect") };
    assert_eq!(delivery.missing().map(|line| line.expected).collect::<Vec<_>>(), [Quantity::units(20)]);
    assert!(!delivery.is_open());
    for id in [DELIVERY, PRODUCT] {
        assert_eq!(Warehouse::apply(&close(id), &mut rows), Ok(Vec::new()), "closed already, or never known");
    }
}
