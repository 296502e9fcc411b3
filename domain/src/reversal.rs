//! What takes stock work back that has been booked: the same again, the other way round. The ledger keeps both.

use crate::action::Action;
use crate::lot::LotRef;
use crate::quantity::Quantity;
use crate::reason::{Reason, ReasonCode};

/// The actions that undo `action`, in order; none for edits, which are changed by another edit.
pub fn reversal_of(action: &Action) -> Option<Vec<Action>> {
    let adjust = |lot: &LotRef, delta: Quantity, what: &str| Action::AdjustLot {
        lot: lot.clone(),
        delta,
        reason: Reason { code: ReasonCode::Reversal, note: what.to_owned() }.to_string(),
    };
    match action {
        Action::ReceiveLot { lot, quantity, .. } => Some(vec![adjust(lot, -*quantity, "receive")]),
        Action::PickLot { lot, quantity, .. } => Some(vec![adjust(lot, *quantity, "pick")]),
        Action::AdjustLot { lot, delta, .. } => Some(vec![adjust(lot, -*delta, "adjust")]),
        Action::CountLot { counted, basis, .. } if counted == basis => None,
        Action::CountLot { lot, counted, basis } => Some(vec![adjust(lot, *basis - *counted, "count")]),
        Action::MoveLot { lot, to, quantity } | Action::PutAwayLot { lot, to, quantity } => {
            Some(vec![Action::MoveLot { lot: lot.at(to), to: lot.location.clone(), quantity: *quantity }])
        }
        Action::PlaceOrder(order) => {
            let what = format!("order {}", order.number);
            Some(order.lines.iter().map(|line| adjust(&line.lot, line.quantity, &what)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sync::{Draft, Model, Mutation, Records, Rows, UnixMillis};
    use uuid::Uuid;

    use super::*;
    use crate::lot::InventoryLot;
    use crate::warehouse::{Row, Warehouse, lot_key};

    fn book(rows: &mut Rows<Row>, action: Action) {
        let draft = Draft {
            id: Uuid::nil(),
            action,
            base: 0,
            depends_on: None,
            author: "somebody".into(),
            captured_at: UnixMillis(0),
            replaces: None,
        };
        let mutation = Mutation::from_draft(draft, 1, Warehouse::SCHEMA);
        Warehouse::apply(&mutation, rows).expect("a fact");
    }

    #[test]
    fn what_was_done_and_its_reversal_leave_the_stock_as_it_was() {
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
            Action::AdjustLot { lot: lot.clone(), delta: -quantity, reason: "lost".into() },
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
    fn edits_and_counts_that_found_nothing_have_none() {
        assert_eq!(reversal_of(&Action::DeleteProduct { id: Uuid::nil() }), None);
        let lot = LotRef::new(Uuid::from_u128(1), "L1", "A-1");
        let found = Quantity::units(3);
        assert_eq!(reversal_of(&Action::CountLot { lot, counted: found, basis: found }), None);
    }
}
