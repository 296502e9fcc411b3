//! Unsent changes as a table for people: author, action, lot and state.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::{Action, LotRef, Quantity};
use sync::{Json, Mutation, QueueState, UnixMillis};
use uuid::Uuid;

use crate::book::Queued;
use crate::book::catalogue::ProductLabel;
use crate::device::csv;
use crate::words::action_words::in_words;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

const HEAD: [&str; 9] = ["Time", "Who", "What", "Product", "SKU", "Lot", "Bin", "Quantity", "Status"];

/// The changes that are not sent yet.
pub(crate) struct UnsentWork<'a> {
    /// Pending changes, and those that need attention.
    pub(crate) records: &'a [Rc<Queued>],
    /// Changes made by another version of the app, which this one cannot parse.
    pub(crate) unreadable: Vec<&'a Mutation<Json>>,
    pub(crate) labels: &'a BTreeMap<Uuid, ProductLabel>,
    /// The person.
    pub(crate) author_of: &'a dyn Fn(&Mutation<Action>) -> String,
    /// The local offset from UTC at a given time.
    pub(crate) offset_minutes: &'a dyn Fn(UnixMillis) -> i32,
}

/// The goods of an action.
#[derive(Default)]
struct Goods<'a> {
    product: Option<Uuid>,
    lot: Option<&'a LotRef>,
    to: Option<&'a str>,
    quantity: Option<Quantity>,
}

impl UnsentWork<'_> {
    /// The CSV text, with a row for each lot.
    pub(crate) fn csv(&self) -> String {
        let mut rows: Vec<[String; 9]> = Vec::new();
        for record in self.records {
            let Mutation { action, captured_at, .. } = &record.mutation;
            for goods in goods_of(action) {
                let label = goods.product.and_then(|product| self.labels.get(&product));
                let made = made_product(action);
                let [name, sku] =
                    label.map(|label| [label.name.clone(), label.sku.clone()]).or(made).unwrap_or_default();
                let lot = goods.lot.map_or_else(String::new, |lot| lot.lot_code.clone());
                let quantity = goods.quantity.map_or_else(String::new, plain);
                let (who, bin) = ((self.author_of)(&record.mutation), bin(&goods));
                rows.push([
                    self.moment(*captured_at),
                    who,
                    what(action),
                    name,
                    sku,
                    lot,
                    bin,
                    quantity,
                    state(record),
                ]);
            }
        }
        for Mutation { author, captured_at, .. } in &self.unreadable {
            let mut row = [const { String::new() }; 9];
            row[0] = self.moment(*captured_at);
            row[1].clone_from(author);
            t("From another version of the app").clone_into(&mut row[2]);
            t("Waiting to sync").clone_into(&mut row[8]);
            rows.push(row);
        }
        let rows = rows.iter().map(|row| row.iter().map(String::as_str).collect());
        csv::table(std::iter::once(HEAD.to_vec()).chain(rows))
    }

    fn moment(&self, at: UnixMillis) -> String {
        format::moment(at, (self.offset_minutes)(at))
    }
}

/// The action, in the words of the queue's rows.
fn what(action: &Action) -> String {
    let words = in_words(action);
    match action {
        Action::UpdateProduct { .. } => words.place,
        Action::AdjustLot { reason, .. } => format!("{}: {reason}", words.what),
        Action::CloseDelivery { .. } | Action::ReportCode(_) | Action::SettleCode { .. } => {
            format!("{}: {}", words.what, words.place)
        }
        _ => words.what,
    }
}

fn made_product(action: &Action) -> Option<[String; 2]> {
    match action {
        Action::CreateProduct(product) => Some([product.name.clone(), product.sku.clone()]),
        _ => None,
    }
}

fn state(record: &Queued) -> String {
    match &record.state {
        QueueState::Pending if record.mutation.depends_on.is_some() => {
            t("Waiting for an earlier change").to_owned()
        }
        QueueState::Pending => t("Waiting to sync").to_owned(),
        QueueState::Attention(outcome) => {
            let why = reason(&record.mutation.action, &outcome.code, &outcome.message);
            tf("Needs attention: {why}", &[("why", &why)])
        }
    }
}

fn bin(goods: &Goods<'_>) -> String {
    match (goods.lot, goods.to) {
        (Some(lot), Some(to)) => tf("{from} to {to}", &[("from", &lot.location), ("to", &to)]),
        (Some(lot), None) => lot.location.clone(),
        (None, _) => String::new(),
    }
}

/// A number in the format of spreadsheets.
fn plain(quantity: Quantity) -> String {
    quantity.to_string().replace('\u{2212}', "-")
}

fn of_lot(lot: &LotRef, quantity: Option<Quantity>) -> Goods<'_> {
    Goods { product: Some(lot.product_id), lot: Some(lot), to: None, quantity }
}

fn goods_of(action: &Action) -> Vec<Goods<'_>> {
    match action {
        Action::CreateProduct(product) => vec![Goods { product: Some(product.id), ..Goods::default() }],
        Action::UpdateProduct { id, .. } | Action::DeleteProduct { id } => {
            vec![Goods { product: Some(*id), ..Goods::default() }]
        }
        Action::CreateLot { lot, .. } | Action::UpdateLot { lot, .. } | Action::DeleteLot { lot } => {
            vec![of_lot(lot, None)]
        }
        Action::ReceiveLot { lot, quantity, .. } => vec![of_lot(lot, Some(*quantity))],
        Action::PickLot { lot, quantity, .. } => vec![of_lot(lot, Some(-*quantity))],
        Action::AdjustLot { lot, delta, .. } => vec![of_lot(lot, Some(*delta))],
        Action::CountLot { lot, counted, .. } => vec![of_lot(lot, Some(*counted))],
        Action::PutAwayLot { lot, to, quantity } | Action::MoveLot { lot, to, quantity } => {
            vec![Goods {
                product: Some(lot.product_id),
                lot: Some(lot),
                to: Some(to),
                quantity: Some(*quantity),
            }]
        }
        Action::ResolveException { product_id, lot, .. } => {
            vec![Goods { product: Some(*product_id), lot: lot.as_ref(), ..Goods::default() }]
        }
        Action::CloseDelivery { .. }
        | Action::ReportCode(_)
        | Action::SettleCode { .. }
        | Action::CloseConflict { .. } => vec![Goods::default()],
        Action::PlaceOrder(order) => {
            order.lines.iter().map(|line| of_lot(&line.lot, Some(-line.quantity))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Order, OrderLine};
    use sync::QueueRecord;

    use super::*;

    fn waiting(action: Action) -> Queued {
        let mutation = Mutation {
            seq: 1,
            id: Uuid::from_u128(1),
            action,
            base: 0,
            author: "=Ada".to_owned(),
            signed_by: None,
            captured_at: UnixMillis(0),
            schema: 1,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        };
        QueueRecord { mutation, state: QueueState::Pending }
    }

    fn lines(action: Action) -> Vec<String> {
        let label =
            ProductLabel { name: "Rice, round".to_owned(), sku: "-7A".to_owned(), variant: String::new() };
        let labels = BTreeMap::from([(Uuid::from_u128(7), label)]);
        let work = UnsentWork {
            records: &[Rc::new(waiting(action))],
            unreadable: Vec::new(),
            labels: &labels,
            author_of: &|mutation| mutation.author.clone(),
            offset_minutes: &|_| 60,
        };
        work.csv().split("\r\n").skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn a_row_has_author_action_and_lot() {
        let lot = LotRef::new(Uuid::from_u128(7), "L1", "A-1");
        assert_eq!(
            lines(Action::PickLot { lot: lot.clone(), quantity: Quantity::units(5), reason: String::new() })
                [0],
            "1970-01-01 01:00,'=Ada,Picked 5,\"Rice, round\",'-7A,L1,A-1,-5,Waiting to sync"
        );
        let moved = Action::MoveLot { lot: lot.clone(), to: "B-2".to_owned(), quantity: Quantity::units(2) };
        assert!(lines(moved)[0].contains("Moved 2,\"Rice, round\",'-7A,L1,A-1 to B-2,2,"));
        let line = OrderLine { lot, quantity: Quantity::units(1), unit_price_minor: 100 };
        let order = Order {
            id: Uuid::nil(),
            number: "D07-1".to_owned(),
            currency: "EUR".to_owned(),
            lines: vec![line.clone(), line],
            to_site: None,
        };
        let sold = lines(Action::PlaceOrder(order));
        assert_eq!(sold.len(), 3, "a row for each lot, and the end of the file");
        assert!(sold[1].contains("Order D07-1,\"Rice, round\",'-7A,L1,A-1,-1,"));
    }
}
