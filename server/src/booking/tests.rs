//! Tests decisions without a database: from known records to the records to be written.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Action, Effect, FieldRev, LotPatch, LotRef, LotStatus, Movement, Product, ProductPatch, Quantity, Row,
    Warehouse, lot_key, product_key,
};
use sync::{Mutation, Records, RowKey, UnixMillis, Verdict};
use uuid::Uuid;

use super::{Batch, Booked, Known, Scope, StoredRow, book};

mod authors;
mod late_facts;
mod office;

const ME: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn vinegar() -> Product {
    Product {
        id: Uuid::from_u128(0xA1),
        sku: "VIN-1".into(),
        barcode: String::new(),
        name: "Rice vinegar".into(),
        unit: "bottle".into(),
        price_minor: 295,
        currency: "EUR".into(),
        family: String::new(),
        variant: String::new(),
    }
}

fn bin() -> LotRef {
    LotRef::new(vinegar().id, "L1", "A-1")
}

fn pick(units: i64) -> Action {
    Action::PickLot { lot: bin(), quantity: Quantity::units(units), reason: String::new() }
}

fn price(minor: i64) -> Action {
    let patch = ProductPatch { price_minor: Some(minor), ..ProductPatch::default() };
    Action::UpdateProduct { id: vinegar().id, patch }
}

/// The mutations of `ME`, numbered from 1, each based on revision `base`.
fn batch(base: u64, actions: impl IntoIterator<Item = Action>) -> Batch {
    let mutations = (1..).zip(actions).map(|(seq, action)| Mutation {
        seq,
        id: Uuid::from_u128(0xF000 + u128::from(seq)),
        action: Ok(action),
        base,
        author: "Ada".into(),
        signed_by: None,
        captured_at: UnixMillis(0),
        schema: 1,
        depends_on: None,
        replaces: None,
        withdrawn: false,
    });
    Batch {
        site: "main".into(),
        device: Uuid::nil(),
        device_name: None,
        client: ME,
        mutations: mutations.collect(),
        scope: Scope::AVAILABLE,
        last_outcome_seq: 0,
        now: UnixMillis(1_000),
    }
}

fn stored(row: Row, rev: u64) -> (RowKey, StoredRow) {
    (Warehouse::key(&row), StoredRow { rev, row, deleted: false, fields: BTreeMap::new() })
}

/// Rice vinegar at revision 5 and ten bottles of it at revision 6, with the site at 9.
fn known() -> Known {
    let lot = domain::InventoryLot { quantity: Quantity::units(10), ..domain::InventoryLot::empty(bin()) };
    let product = stored(Row::Product(vinegar()), 5);
    let claims = BTreeMap::from([("sku:VIN-1".to_owned(), product.0.clone())]);
    Known { rev: 9, rows: BTreeMap::from([product, stored(Row::Lot(lot), 6)]), claims, ..Known::default() }
}

fn verdicts(booked: &Booked) -> Vec<(Verdict, &str)> {
    booked.answers.iter().map(|receipt| (receipt.outcome.verdict, receipt.outcome.code.as_str())).collect()
}

#[test]
fn each_mutation_that_changes_something_takes_one_revision() {
    let step = Action::MoveLot { lot: bin(), to: "B-2".into(), quantity: Quantity::units(1) };
    let booked = book(&batch(9, [pick(1), step, price(295), price(300)]), known());
    assert_eq!(verdicts(&booked), [(Verdict::Applied, ""); 4]);
    assert_eq!(booked.rev, 12, "the price that stays the same takes none");
    let revs: Vec<u64> = booked.changed.values().map(|row| row.rev).collect();
    assert_eq!(revs, [11, 11, 12]);
    let moved: Vec<(u64, u64)> = booked.effects.iter().map(|effect| (effect.rev, effect.line)).collect();
    assert_eq!(moved, [(10, 0), (11, 0), (11, 1), (12, 0)], "the edit of the price is in the history");
}

#[test]
fn needs_contain_every_record_that_is_read() {
    let mut sent =
        batch(9, [Action::CreateProduct(vinegar()), Action::DeleteProduct { id: vinegar().id }, pick(1)]);
    sent.mutations[2].depends_on = Some(OTHER);
    let needs = sent.needs();
    assert!(needs.rows.contains(&product_key(vinegar().id)) && needs.rows.contains(&lot_key(&bin())));
    assert!(needs.ids.contains(&OTHER) && needs.lots_of.contains(&vinegar().id));
    assert_eq!(needs.claims, BTreeSet::from(["sku:VIN-1".to_owned()]));
    assert_eq!(needs.seqs, BTreeSet::from([1, 2, 3]));
}

#[test]
fn nothing_is_booked_for_a_device_that_knows_more_than_the_store() {
    let lost = Batch { last_outcome_seq: 8, ..batch(9, [pick(1)]) };
    let booked = book(&lost, Known { max_seq: 7, ..known() });
    assert_eq!((booked.rev, booked.max_seq), (9, 7));
    assert!(booked.answers.is_empty() && booked.changed.is_empty() && booked.receipts.is_empty());
}

#[test]
fn an_edit_stores_client_and_revision_so_that_the_next_one_can_be_judged() {
    let first = book(&batch(9, [price(300)]), known());
    let key = product_key(vinegar().id);
    let fields = &first.changed[&key].fields;
    assert_eq!(fields.get("price"), Some(&FieldRev { rev: 10, client: ME }));
    assert_eq!(fields.len(), 1);

    let after = || {
        let mut after = known();
        after.rev = first.rev;
        after.rows.extend(first.changed.clone());
        after
    };
    let by_other = |base, action| book(&Batch { client: OTHER, ..batch(base, [action]) }, after());
    assert_eq!(verdicts(&by_other(9, price(310))), [(Verdict::Conflict, "price_changed")]);
    assert_eq!(verdicts(&by_other(10, price(310))), [(Verdict::Applied, "")]);
    let name = ProductPatch { name: Some("Vinegar".into()), ..ProductPatch::default() };
    let rename = Action::UpdateProduct { id: vinegar().id, patch: name };
    assert_eq!(verdicts(&by_other(9, rename)), [(Verdict::Merged, "merged")]);
    let both =
        ProductPatch { name: Some("Vinegar".into()), price_minor: Some(310), ..ProductPatch::default() };
    let both = Action::UpdateProduct { id: vinegar().id, patch: both };
    assert_eq!(verdicts(&by_other(9, both.clone())), [(Verdict::Conflict, "price_changed")]);
    let rest = both.without_fields(&["price"]).expect("the name is left");
    assert_eq!(verdicts(&by_other(9, rest)), [(Verdict::Merged, "merged")], "nobody contested the name");
    let nothing = Action::UpdateProduct { id: vinegar().id, patch: ProductPatch::default() };
    assert_eq!(verdicts(&by_other(9, nothing)), [(Verdict::Applied, "")], "no field, no conflict");
}

#[test]
fn a_lot_that_is_created_again_conflicts_with_edits_of_the_deleted_one() {
    let drop_it = [pick(10), Action::DeleteLot { lot: bin() }];
    let gone = book(&batch(9, drop_it), known());
    assert_eq!(verdicts(&gone), [(Verdict::Applied, ""); 2]);
    let mut after = known();
    after.rev = gone.rev;
    after.rows.extend(gone.changed);
    let receive = Action::ReceiveLot {
        lot: bin(),
        quantity: Quantity::units(4),
        expires_on: None,
        received_on: None,
        delivery: None,
    };
    let back = book(&batch(9, [receive]), after.clone());
    after.rev = back.rev;
    after.rows.extend(back.changed);
    let patch = LotPatch { status: Some(LotStatus::Reserved), expires_on: None };
    let old_edit = Batch { client: OTHER, ..batch(9, [Action::UpdateLot { lot: bin(), patch }]) };
    assert_eq!(verdicts(&book(&old_edit, after)), [(Verdict::Conflict, "status_changed")]);
}

#[test]
fn a_replay_is_answered_and_not_booked_again() {
    let sent = batch(9, [pick(1)]);
    let first = book(&sent, known());
    let mut after = known();
    after.rev = first.rev;
    after.max_seq = first.max_seq;
    after.rows.extend(first.changed);
    after.receipts = first.receipts;
    let again = book(&sent, after);
    assert_eq!(again.answers, first.answers);
    assert!(again.receipts.is_empty() && again.effects.is_empty() && again.changed.is_empty());
    assert_eq!(again.rev, first.rev);
}

#[test]
fn outcomes_show_the_rows_after_the_whole_batch() {
    let reserve = LotPatch { status: Some(LotStatus::Reserved), expires_on: None };
    let booked = book(&batch(9, [pick(1), Action::UpdateLot { lot: bin(), patch: reserve }]), known());
    for receipt in &booked.answers {
        assert_eq!(receipt.outcome.removed.len(), 1, "the lot has left the scope");
        assert_eq!(receipt.outcome.removed[0].rev, 11);
    }
    let entries: Vec<Movement> = booked
        .effects
        .iter()
        .filter_map(|booked| match &booked.effect {
            Effect::Stock(entry) => Some(entry.movement),
            Effect::Order(_)
            | Effect::Raised(_)
            | Effect::Resolved { .. }
            | Effect::Closed { .. }
            | Effect::Edited { .. } => None,
        })
        .collect();
    assert_eq!(entries, [Movement::Pick]);
}

#[test]
fn a_sku_released_within_the_batch_is_free() {
    let other = Product { id: Uuid::from_u128(0xA2), name: "Soap".into(), ..vinegar() };
    let taken = book(&batch(9, [Action::CreateProduct(other.clone())]), known());
    assert_eq!(verdicts(&taken), [(Verdict::Rejected, "sku_taken")]);
    let delete = [pick(10), Action::DeleteProduct { id: vinegar().id }, Action::CreateProduct(other)];
    let booked = book(&batch(9, delete), known());
    assert_eq!(verdicts(&booked), [(Verdict::Applied, ""); 3]);
    assert!(booked.changed[&lot_key(&bin())].deleted, "the empty lot goes with its product");
}

#[test]
fn a_withdrawal_in_time_is_a_no_op_and_a_late_one_is_refused() {
    let mut withdrawn = batch(5, [pick(2)]);
    withdrawn.mutations[0].withdrawn = true;
    let in_time = book(&withdrawn, known());
    assert_eq!(verdicts(&in_time), [(Verdict::Applied, sync::WITHDRAWN)]);
    assert!(in_time.changed.is_empty() && in_time.effects.is_empty());

    // The mutation itself, sent before the withdrawal but delayed.
    let late = Known { receipts: in_time.receipts.clone(), ..known() };
    let delayed = book(&batch(5, [pick(2)]), late.clone());
    assert!(delayed.changed.is_empty());
    assert_eq!(verdicts(&delayed), [(Verdict::Applied, sync::WITHDRAWN)]);

    // A mutation that depends on a withdrawn one is held.
    let mut needing = batch(5, [pick(1), pick(1)]);
    needing.mutations.remove(0);
    needing.mutations[0].depends_on = Some(in_time.receipts[0].id);
    assert_eq!(verdicts(&book(&needing, late)), [(Verdict::Held, "held")]);

    let booked = book(&batch(5, [pick(2)]), known());
    let too_late = book(&withdrawn, Known { receipts: booked.receipts, ..known() });
    assert!(too_late.changed.is_empty() && too_late.receipts.is_empty());
    assert_eq!(verdicts(&too_late), [(Verdict::Rejected, "already_booked")]);
}
