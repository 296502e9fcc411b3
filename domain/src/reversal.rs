//! Reversals of booked stock operations: opposite actions, so that the ledger keeps both.

use crate::action::Action;
use crate::lot::LotRef;
use crate::quantity::Quantity;
use crate::reason::{Reason, ReasonCode};

/// The actions that undo `action`, in order; none for edits, which another edit reverses. The quantity of a
/// reversed receipt is missing in its delivery again. The exception of a count during which the lot moved
/// stays: only another count settles it.
pub fn reversal_of(action: &Action) -> Option<Vec<Action>> {
    let because = |what: &str| Reason { code: ReasonCode::Reversal, note: what.to_owned() }.to_string();
    let adjust = |lot: &LotRef, delta: Quantity, what: &str| {
        let (lot, reason) = (lot.clone(), because(what));
        Action::AdjustLot { lot, delta, reason, delivery: None }
    };
    match action {
        Action::ReceiveLot { lot, quantity, delivery, .. } => {
            let (lot, reason, delivery) = (lot.clone(), because("receive"), *delivery);
            Some(vec![Action::AdjustLot { lot, delta: -*quantity, reason, delivery }])
        }
        Action::PickLot { lot, quantity, .. } => Some(vec![adjust(lot, *quantity, "pick")]),
        Action::AdjustLot { lot, delta, delivery, .. } => {
            let (lot, reason, delivery) = (lot.clone(), because("adjust"), *delivery);
            Some(vec![Action::AdjustLot { lot, delta: -*delta, reason, delivery }])
        }
        Action::CountLot { counted, basis, .. } if counted == basis => None,
        Action::CountLot { lot, counted, basis } => Some(vec![adjust(lot, *basis - *counted, "count")]),
        Action::MoveLot { lot, to, quantity } | Action::PutAwayLot { lot, to, quantity } => {
            Some(vec![Action::MoveLot { lot: lot.at(to), to: lot.location.clone(), quantity: *quantity }])
        }
        Action::PlaceOrder(order) => {
            let what = format!("order {}", order.number);
            Some(order.lines.iter().map(|line| adjust(&line.lot, line.quantity, &what)).collect())
        }
        Action::CreateProduct(_)
        | Action::UpdateProduct { .. }
        | Action::DeleteProduct { .. }
        | Action::CreateLot { .. }
        | Action::UpdateLot { .. }
        | Action::DeleteLot { .. }
        | Action::ResolveException { .. }
        | Action::CloseDelivery { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use sync::{Draft, Model, Mutation, Records, Rows, UnixMillis};
    use uuid::Uuid;

    use super::*;
    use crate::delivery::{Delivery, DeliveryLine};
    use crate::exception::{ExceptionKind, exception_key};
    use crate::lot::InventoryLot;
    use crate::row::{Row, delivery_key, lot_key};
    use crate::warehouse::Warehouse;

    fn book(rows: &mut Rows<Row>, action: Action) {
        let draft = Draft {
            id: Uuid::nil(),
            action,
            base: 0,
            depends_on: None,
            author: "somebody".into(),
            signed_by: None,
            captured_at: UnixMillis(0),
            replaces: None,
        };
        let mutation = Mutation::from_draft(draft, 1, Warehouse::SCHEMA);
        Warehouse::apply(&mutation, rows).expect("a fact");
    }

    #[test]
    fn an_action_and_its_reversal_leave_the_stock_unchanged() {
        let lot = LotRef::new(Uuid::from_u128(1), "L1", "A-1");
        let quantity = Quantity(2_500);
        let actions = [
            Action::ReceiveLot {
                lot: lot.clone(),
                quantity,
                expires_on: None,
                received_on: None,
                delivery: None,
            },
            Action::PickLot { lot: lot.clone(), quantity, reason: String::new() },
            Action::MoveLot { lot: lot.clone(), to: "B-2".into(), quantity },
            Action::PutAwayLot { lot: lot.clone(), to: "B-2".into(), quantity },
            Action::AdjustLot { lot: lot.clone(), delta: -quantity, reason: "lost".into(), delivery: None },
            Action::CountLot { lot: lot.clone(), counted: quantity, basis: Quantity::units(30) },
        ];
        for action in actions {
            let start = InventoryLot { quantity: Quantity::units(30), ..InventoryLot::empty(lot.clone()) };
            let mut rows = Rows::from([(lot_key(&lot), Row::Lot(start))]);
            let back = reversal_of(&action).expect("a reversal");
            book(&mut rows, action.clone());
            back.into_iter().for_each(|action| book(&mut rows, action));
            let left: Vec<i64> = rows.values().filter_map(Row::lot).map(|lot| lot.quantity.0).collect();
            assert_eq!(left.iter().sum::<i64>(), 30_000, "{action:?}");
            assert!(left.iter().all(|quantity| [0, 30_000].contains(quantity)), "{action:?}");
        }
    }

    #[test]
    fn a_reversed_receipt_is_missing_in_its_delivery_again() {
        let (lot, id) = (LotRef::new(Uuid::from_u128(1), "L1", "A-1"), Uuid::from_u128(2));
        let expected = Quantity::units(10);
        let line = DeliveryLine { product_id: lot.product_id, expected, received: Quantity::ZERO };
        let delivery = Delivery {
            id,
            number: "LS-1".into(),
            supplier: String::new(),
            expected_on: None,
            lines: vec![line],
            closed: false,
        };
        let mut rows = Rows::from([(delivery_key(id), Row::Delivery(delivery.clone()))]);
        let (received_on, delivery_id) = (None, Some(id));
        let receive = Action::ReceiveLot {
            lot,
            quantity: expected,
            expires_on: None,
            received_on,
            delivery: delivery_id,
        };
        let missing = |rows: &Rows<Row>| rows[&delivery_key(id)].delivery().map(|row| row.missing().count());
        book(&mut rows, receive.clone());
        assert_eq!(missing(&rows), Some(0));
        let back = reversal_of(&receive).expect("a reversal");
        book(&mut rows, back[0].clone());
        assert_eq!(rows[&delivery_key(id)], Row::Delivery(delivery));
        book(&mut rows, reversal_of(&back[0]).expect("a reversal").remove(0));
        assert_eq!(missing(&rows), Some(0), "what was taken back can be taken back");
    }

    #[test]
    fn a_reversed_count_leaves_its_exception() {
        let lot = LotRef::new(Uuid::from_u128(1), "L1", "A-1");
        let start = InventoryLot { quantity: Quantity::units(30), ..InventoryLot::empty(lot.clone()) };
        let mut rows = Rows::from([(lot_key(&lot), Row::Lot(start))]);
        let key = exception_key(ExceptionKind::MovedWhileCounted, lot.product_id, Some(&lot));
        let count = Action::CountLot { lot, counted: Quantity::units(8), basis: Quantity::units(10) };
        book(&mut rows, count.clone());
        let raised = rows.get(&key).cloned();
        reversal_of(&count).expect("a reversal").into_iter().for_each(|action| book(&mut rows, action));
        assert!(raised.is_some() && rows.get(&key) == raised.as_ref());
    }

    #[test]
    fn edits_and_counts_without_a_difference_have_no_reversal() {
        assert_eq!(reversal_of(&Action::DeleteProduct { id: Uuid::nil() }), None);
        let lot = LotRef::new(Uuid::from_u128(1), "L1", "A-1");
        let found = Quantity::units(3);
        assert_eq!(reversal_of(&Action::CountLot { lot, counted: found, basis: found }), None);
    }
}
