//! Late facts, which the last count of a lot may include already: work of a device that had not seen a count by
//! another device, and reversals of work that was booked before a count. They are booked, and the lot has to be
//! counted again.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Action, EXCEPTIONS, Effect, ExceptionKind, FieldRev, LOTS, LedgerEntry, LotRef, Movement, Quantity, Row,
    StockException, exception_key, lot_key,
};
use sync::{Mutation, RowKey, Rows};

use super::working_set::WorkingSet;

/// The code of the outcome of a late fact.
pub(super) const LATE: &str = "late_for_count";
/// Builds that do not know late facts show their exceptions as well, because the kind is an old one.
const KIND: ExceptionKind = ExceptionKind::MovedWhileCounted;
/// The last count of a lot, kept among the last changes of its row's fields.
const COUNTED: &str = "#counted";
/// The last count by another client than that one.
const COUNTED_BY_OTHER: &str = "#counted_by_other";

/// Whether the exception is that of a late fact.
pub(super) fn is_late(exception: &StockException) -> bool {
    exception.kind == KIND && exception.basis.is_none()
}

/// The exceptions of the touched lots, without those that are touched themselves.
pub(super) fn exceptions_of(touched: &[RowKey]) -> Vec<RowKey> {
    let lots = touched.iter().filter(|key| key.table == LOTS);
    let keys = lots.map(|lot| RowKey::new(EXCEPTIONS, format!("{}.{}", lot.key, KIND.code())));
    keys.filter(|key| !touched.contains(key)).collect()
}

/// Raises the exceptions of a late fact; keeps an exception that a count has not seen. `reversed` is the revision
/// of the mutation that this one reverses, and `rows` are those after the mutation.
pub(super) fn flag(
    set: &WorkingSet,
    mutation: &Mutation<Action>,
    reversed: Option<u64>,
    effects: &[Effect],
    rows: &mut Rows<Row>,
) -> Vec<Effect> {
    // 0 is unknown: before the device's first rows, and to older builds.
    let is_unseen = |lot: &RowKey| mutation.base > 0 && last_count_by_others(set, lot) > mutation.base;
    // Even a person who has seen that count cannot tell whether it found the goods as before the mistake.
    let is_settled = |lot: &RowKey| reversed.is_some_and(|reversed| last_count(set, lot) > reversed);
    let (mut raised, mut done) = (Vec::new(), BTreeSet::new());
    for LedgerEntry { lot, movement, .. } in effects.iter().filter_map(entry) {
        let key = lot_key(lot);
        if *movement == Movement::Count {
            keep_unseen(set, mutation.base, lot, rows);
        } else if (is_unseen(&key) || is_settled(&key)) && done.insert(key) {
            let exception = late(set, mutation, lot, rows);
            rows.insert(exception.key(), Row::Exception(exception.clone()));
            raised.push(Effect::Raised(exception));
        }
    }
    raised
}

fn late(set: &WorkingSet, mutation: &Mutation<Action>, lot: &LotRef, rows: &Rows<Row>) -> StockException {
    let key = lot_key(lot);
    let quantity = |row: Option<&Row>| row.and_then(Row::lot).map_or(Quantity::ZERO, |row| row.quantity);
    let before = set.row(&key).filter(|stored| !stored.deleted);
    StockException {
        kind: KIND,
        product_id: lot.product_id,
        lot: Some(lot.clone()),
        other: None,
        before: quantity(before.map(|stored| &stored.row)),
        after: quantity(rows.get(&key)),
        basis: None,
        author: mutation.author.clone(),
        at: mutation.captured_at,
    }
}

/// Puts back the exception that a count has cleared although it was raised after the count was recorded.
fn keep_unseen(set: &WorkingSet, base: u64, lot: &LotRef, rows: &mut Rows<Row>) {
    let key = exception_key(KIND, lot.product_id, Some(lot));
    let unseen = set.row(&key).filter(|stored| !stored.deleted && base > 0 && stored.rev > base);
    if let Some(stored) = unseen {
        rows.entry(key).or_insert_with(|| stored.row.clone());
    }
}

/// The rows of the lots that these effects count.
pub(super) fn counted_lots(effects: &[Effect]) -> BTreeSet<RowKey> {
    let entries = effects.iter().filter_map(entry);
    entries.filter(|entry| entry.movement == Movement::Count).map(|entry| lot_key(&entry.lot)).collect()
}

fn entry(effect: &Effect) -> Option<&LedgerEntry> {
    match effect {
        Effect::Stock(entry) => Some(entry),
        Effect::Order(_)
        | Effect::Raised(_)
        | Effect::Resolved { .. }
        | Effect::Closed { .. }
        | Effect::Edited { .. } => None,
    }
}

/// Notes a count, or an import that changed the quantity, in the last changes of a lot's fields.
pub(crate) fn note_count(fields: &mut BTreeMap<String, FieldRev>, count: FieldRev) {
    let last = fields.insert(COUNTED.to_owned(), count).filter(|last| last.client != count.client);
    if let Some(last) = last {
        fields.insert(COUNTED_BY_OTHER.to_owned(), last);
    }
}

/// The revision of the last count of a lot; 0 for none.
fn last_count(set: &WorkingSet, lot: &RowKey) -> u64 {
    noted(set, lot, COUNTED).map_or(0, |count| count.rev)
}

/// The revision of the last count of a lot by another client; 0 for none.
fn last_count_by_others(set: &WorkingSet, lot: &RowKey) -> u64 {
    let last = noted(set, lot, COUNTED).filter(|last| last.client != set.client());
    last.or_else(|| noted(set, lot, COUNTED_BY_OTHER)).map_or(0, |count| count.rev)
}

fn noted<'s>(set: &'s WorkingSet, lot: &RowKey, name: &str) -> Option<&'s FieldRev> {
    set.row(lot)?.fields.get(name)
}

/// The last changes of a row's own fields.
pub(super) fn without_counts(fields: &BTreeMap<String, FieldRev>) -> BTreeMap<String, FieldRev> {
    let is_count = |name: &String| [COUNTED, COUNTED_BY_OTHER].contains(&name.as_str());
    fields.iter().filter(|(name, _)| !is_count(name)).map(|(name, last)| (name.clone(), *last)).collect()
}
