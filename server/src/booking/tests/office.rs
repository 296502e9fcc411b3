//! Unknown codes and conflicts as rows.

use domain::{CodeSighting, UnknownCode, conflict_key, unknown_code_key};

use super::*;

const CODE: &str = "4006381333931";

fn report(times: u32) -> Action {
    let place = "/work/receive".to_owned();
    Action::ReportCode(CodeSighting { code: CODE.to_owned(), place, at: UnixMillis(5), times })
}

fn settle() -> Action {
    Action::SettleCode { code: format!("0{CODE}") }
}

/// The state after a batch.
fn after(booked: &Booked, mut known: Known) -> Known {
    known.rev = booked.rev;
    known.max_seq = booked.max_seq;
    known.rows.extend(booked.changed.clone());
    known.receipts.extend(booked.receipts.clone());
    known
}

fn code_in(known: &Known) -> Option<&UnknownCode> {
    let stored = known.rows.get(&unknown_code_key(CODE)).filter(|stored| !stored.deleted)?;
    stored.row.unknown_code()
}

fn times(known: &Known) -> Option<u64> {
    code_in(known).map(|code| code.times)
}

fn by_other(batch: Batch) -> Batch {
    let mut batch = Batch { client: OTHER, ..batch };
    for mutation in &mut batch.mutations {
        mutation.id = Uuid::from_u128(mutation.id.as_u128() + 0x1000);
        mutation.author = "Ben".into();
    }
    batch
}

/// The conflict of a mutation, unless it is settled.
fn conflict(known: &Known, id: Uuid) -> Option<&domain::Conflict> {
    let stored = known.rows.get(&conflict_key(id)).filter(|stored| !stored.deleted)?;
    stored.row.conflict()
}

#[test]
fn reports_of_two_devices_add_up_and_one_settlement_ends_them() {
    let first = book(&batch(9, [report(2), report(1)]), known());
    assert_eq!(verdicts(&first), [(Verdict::Applied, ""); 2]);
    let known = after(&first, known());
    let second = book(&by_other(batch(9, [report(4)])), Known { max_seq: 0, ..known.clone() });
    let known = after(&second, known);
    let code = code_in(&known).expect("a code");
    let devices: Vec<_> =
        code.devices.iter().map(|device| (device.author.as_str(), device.scans.times)).collect();
    assert_eq!((code.times, devices), (7, vec![("Ada", 3), ("Ben", 4)]));
    let mut settling = batch(12, [settle()]);
    settling.mutations[0].seq = 3;
    settling.mutations[0].id = Uuid::from_u128(0xE1);
    assert_eq!(times(&after(&book(&settling, Known { max_seq: 2, ..known.clone() }), known)), None);
}

#[test]
fn a_report_is_booked_once() {
    let sent = batch(9, [report(2)]);
    let known = after(&book(&sent, known()), known());
    let again = book(&sent, known.clone());
    assert_eq!((again.rev, again.changed.len()), (known.rev, 0));
    assert_eq!(times(&known), Some(2));
}

#[test]
fn a_report_that_had_not_seen_the_settlement_does_not_bring_the_code_back() {
    let settled = after(&book(&batch(9, [report(2), settle()]), known()), known());
    assert_eq!((settled.rev, times(&settled)), (11, None));
    let at = |base| {
        let booked = book(&by_other(batch(base, [report(1)])), Known { max_seq: 0, ..settled.clone() });
        assert_eq!(verdicts(&booked), [(Verdict::Applied, "")]);
        times(&after(&booked, settled.clone()))
    };
    assert_eq!([at(0), at(10), at(11)], [None, None, Some(1)]);
}

#[test]
fn a_product_with_the_code_settles_it_and_later_reports_are_left_out() {
    let reported = after(&book(&batch(9, [report(2)]), known()), known());
    let patch = ProductPatch { barcode: Some(CODE.to_owned()), ..ProductPatch::default() };
    let assign = Action::UpdateProduct { id: vinegar().id, patch };
    assert!(batch(9, [assign.clone()]).needs().rows.contains(&unknown_code_key(CODE)));
    let booked = book(&by_other(batch(10, [assign])), Known { max_seq: 0, ..reported.clone() });
    let assigned = after(&booked, reported);
    assert_eq!(times(&assigned), None);
    let mut late = batch(99, [report(1)]);
    late.mutations[0].seq = 2;
    late.mutations[0].id = Uuid::from_u128(0xE2);
    assert_eq!(times(&after(&book(&late, Known { max_seq: 1, ..assigned.clone() }), assigned)), None);
}

#[test]
fn a_refused_mutation_is_a_conflict_until_it_is_replaced_or_closed() {
    let priced = after(&book(&by_other(batch(9, [price(300)])), known()), known());
    let sent = batch(9, [price(310)]);
    let id = sent.mutations[0].id;
    let booked = book(&sent, Known { max_seq: 0, ..priced.clone() });
    assert_eq!(verdicts(&booked), [(Verdict::Conflict, "price_changed")]);
    let answer = &booked.answers[0].outcome;
    assert!(answer.rows.iter().any(|held| held.row.conflict().is_some()), "the device knows its row");
    let refused = after(&booked, priced);
    let row = conflict(&refused, id).expect("a conflict");
    assert_eq!(
        (row.author.as_str(), row.verdict, row.code.as_str()),
        ("Ada", Verdict::Conflict, "price_changed")
    );
    assert_eq!(row.action(), Some(price(310)));
    assert!(row.message.starts_with("Somebody else changed the price"));

    let replayed = book(&sent, refused.clone());
    assert_eq!(
        (replayed.rev, replayed.changed.len()),
        (refused.rev, 0),
        "the same answer again adds nothing"
    );

    let mut retry = batch(refused.rev, [price(310)]);
    let mutation = &mut retry.mutations[0];
    (mutation.seq, mutation.id, mutation.replaces) = (2, Uuid::from_u128(0xE3), Some(id));
    assert!(retry.needs().rows.contains(&conflict_key(id)));
    let replaced = book(&retry, refused.clone());
    assert_eq!(verdicts(&replaced), [(Verdict::Applied, "")]);
    assert_eq!(conflict(&after(&replaced, refused.clone()), id), None);

    let mut close = by_other(batch(refused.rev, [Action::CloseConflict { id }]));
    (close.mutations[0].seq, close.mutations[0].id) = (2, Uuid::from_u128(0xE4));
    let closed = book(&close, refused.clone());
    assert_eq!(conflict(&after(&closed, refused), id), None);
}

#[test]
fn a_refused_mutation_that_was_undone_leaves_no_conflict() {
    let sent = batch(9, [price(310), pick(1)]);
    let (id, mut undone) = (sent.mutations[0].id, sent.clone());
    undone.mutations.truncate(1);
    undone.mutations[0].withdrawn = true;
    let priced = after(&book(&by_other(batch(9, [price(300)])), known()), known());
    let refused = after(&book(&sent, Known { max_seq: 0, ..priced.clone() }), priced);
    assert!(conflict(&refused, id).is_some());
    assert!(undone.needs().rows.contains(&conflict_key(id)));
    let booked = book(&undone, refused.clone());
    assert_eq!(verdicts(&booked), [(Verdict::Applied, sync::WITHDRAWN)]);
    assert_eq!(conflict(&after(&booked, refused), id), None);
}

#[test]
fn an_older_build_is_not_sent_the_new_rows() {
    let old = Scope::AVAILABLE
        .known_to(&["products", "inventory_lots", "deliveries", "exceptions"].map(Into::into));
    let stale = Batch { scope: old, ..batch(3, [price(310)]) };
    let mut changed = known();
    let product = changed.rows.get_mut(&product_key(vinegar().id)).expect("the product");
    product.fields.insert("price".to_owned(), FieldRev { rev: 5, client: OTHER });
    let booked = book(&stale, changed);
    assert_eq!(verdicts(&booked), [(Verdict::Conflict, "price_changed")]);
    assert!(booked.answers[0].outcome.rows.iter().all(|held| held.row.product().is_some()));
    assert_eq!(booked.changed.len(), 1, "the office sees it all the same");
}
