//! A fact is late if its device had not seen another device's count of the lot, and a reversal if the lot was counted after
//! the reversed work.

use domain::{ExceptionKind, Order, OrderLine, StockException, exception_key};

use super::*;

fn count(lot: LotRef, units: i64, basis: i64) -> Action {
    Action::CountLot { lot, counted: Quantity::units(units), basis: Quantity::units(basis) }
}

fn receive(units: i64) -> Action {
    let quantity = Quantity::units(units);
    Action::ReceiveLot { lot: bin(), quantity, expires_on: None, received_on: None, delivery: None }
}

fn by(client: Uuid, base: u64, actions: impl IntoIterator<Item = Action>) -> Batch {
    Batch { client, ..batch(base, actions) }
}

/// The records after a batch.
fn after(mut known: Known, batch: &Batch) -> Known {
    let booked = book(batch, known.clone());
    assert!(booked.answers.iter().all(|answer| answer.outcome.verdict == Verdict::Applied));
    known.rev = booked.rev;
    known.rows.extend(booked.changed);
    known
}

/// Ten bottles, counted as 15 by another device at revision 10.
fn counted() -> Known {
    after(known(), &by(OTHER, 9, [count(bin(), 15, 10)]))
}

/// Five more, received by a device that had not seen that count, at revision 11.
fn late() -> Known {
    after(counted(), &by(ME, 9, [receive(5)]))
}

fn codes(batch: &Batch, known: Known) -> Vec<String> {
    book(batch, known).answers.into_iter().map(|answer| answer.outcome.code).collect()
}

fn exception(known: &Known, lot: &LotRef) -> Option<StockException> {
    let key = exception_key(ExceptionKind::MovedWhileCounted, lot.product_id, Some(lot));
    let stored = known.rows.get(&key).filter(|stored| !stored.deleted)?;
    stored.row.exception().cloned()
}

#[test]
fn a_fact_older_than_a_count_by_another_device_raises_an_exception() {
    let raised = exception(&late(), &bin()).expect("an exception");
    let (before, after) = (Quantity::units(15), Quantity::units(20));
    assert_eq!((raised.before, raised.after, raised.basis), (before, after, None));
    assert_eq!(raised.author, "Ada");
    assert_eq!(codes(&by(ME, 9, [pick(1)]), counted()), ["late_for_count"]);
    assert_eq!(codes(&by(ME, 10, [pick(1)]), counted()), [""], "the device had seen the count");
    assert_eq!(codes(&by(ME, 0, [pick(1)]), counted()), [""], "an older build");
    let reserve = LotPatch { status: Some(LotStatus::Reserved), expires_on: None };
    assert_eq!(codes(&by(ME, 9, [Action::UpdateLot { lot: bin(), patch: reserve }]), counted()), [""]);
}

#[test]
fn work_after_a_count_of_the_same_device_is_not_late() {
    assert_eq!(codes(&by(ME, 9, [count(bin(), 15, 10), receive(5), pick(1)]), known()), ["", "", ""]);
    let both = after(counted(), &by(ME, 10, [count(bin(), 15, 15)]));
    assert_eq!(codes(&by(ME, 10, [pick(1)]), both.clone()), [""]);
    assert_eq!(codes(&by(ME, 9, [pick(1)]), both.clone()), ["late_for_count"], "for the other's count");
    assert_eq!(codes(&by(OTHER, 10, [pick(1)]), both.clone()), ["late_for_count"]);
    assert_eq!(codes(&by(OTHER, 11, [pick(1)]), both), [""]);
}

#[test]
fn each_lot_of_a_move_or_an_order_is_judged() {
    let there = bin().at("B-2");
    let step = Action::MoveLot { lot: bin(), to: "B-2".into(), quantity: Quantity::units(1) };
    let line =
        |lot: &LotRef| OrderLine { lot: lot.clone(), quantity: Quantity::units(1), unit_price_minor: 1 };
    let order = Action::PlaceOrder(Order {
        id: Uuid::from_u128(0x0D),
        number: "D01-1".into(),
        currency: "EUR".into(),
        lines: vec![line(&bin()), line(&there), line(&there)],
        to_site: None,
    });
    for action in [step, order] {
        let one = after(known(), &by(OTHER, 9, [count(there.clone(), 5, 0)]));
        let one = after(one, &by(ME, 9, [action.clone()]));
        assert_eq!((exception(&one, &bin()), exception(&one, &there).is_some()), (None, true));
        let both = after(counted(), &by(OTHER, 9, [count(there.clone(), 5, 0)]));
        let both = after(both, &by(ME, 9, [action]));
        assert!(exception(&both, &bin()).is_some() && exception(&both, &there).is_some());
        let raised = exception(&both, &there).expect("an exception");
        assert_eq!(raised.before, Quantity::units(5));
        assert_ne!(raised.after, raised.before);
    }
}

#[test]
fn only_a_count_that_has_seen_a_late_fact_settles_it() {
    let unseen = after(late(), &by(OTHER, 10, [count(bin(), 20, 20)]));
    assert_eq!(exception(&unseen, &bin()), exception(&late(), &bin()), "the quantities agree by chance");
    for base in [11, 0] {
        let settled = after(late(), &by(OTHER, base, [count(bin(), 15, 20)]));
        assert_eq!(exception(&settled, &bin()), None);
    }
    let moved = after(late(), &by(OTHER, 11, [count(bin(), 15, 19)]));
    assert_eq!(exception(&moved, &bin()).expect("an exception").basis, Some(Quantity::units(19)));
}

#[test]
fn a_late_fact_is_one_exception_however_often_it_is_sent() {
    let sent = by(ME, 9, [receive(5)]);
    let first = book(&sent, counted());
    let mut known = late();
    known.max_seq = first.max_seq;
    known.receipts.clone_from(&first.receipts);
    let again = book(&sent, known);
    assert_eq!(again.answers, first.answers);
    assert!(again.changed.is_empty() && again.effects.is_empty());
}

#[test]
fn a_count_without_a_difference_is_noted_and_is_no_edit_of_the_lot() {
    let known = after(known(), &by(OTHER, 9, [count(bin(), 10, 10)]));
    assert_eq!(known.rows[&lot_key(&bin())].rev, 10);
    assert_eq!(codes(&by(ME, 9, [pick(1)]), known.clone()), ["late_for_count"]);
    let patch = LotPatch { status: Some(LotStatus::Reserved), expires_on: None };
    let edit = by(ME, 9, [Action::UpdateLot { lot: bin(), patch }]);
    assert_eq!(verdicts(&book(&edit, known)), [(Verdict::Applied, "")], "nothing to merge");
}

/// Books one mutation after the others. Returns its id and its code.
fn then(known: &mut Known, client: Uuid, replaces: Option<Uuid>, action: Action) -> (Uuid, String) {
    let mut sent = by(client, known.rev, [action]);
    let mutation = &mut sent.mutations[0];
    let id = Uuid::from_u128(0xAB00 + u128::from(known.rev));
    (mutation.id, mutation.seq, mutation.replaces) = (id, known.rev, replaces);
    let booked = book(&sent, known.clone());
    known.rev = booked.rev;
    known.rows.extend(booked.changed);
    known.receipts.extend(booked.receipts);
    (id, booked.answers[0].outcome.code.clone())
}

fn add(units: i64) -> Action {
    let delta = Quantity::units(units);
    Action::AdjustLot { lot: bin(), delta, reason: "reversal:pick".into(), delivery: None }
}

#[test]
fn a_reversal_of_work_before_a_count_raises_an_exception() {
    for counting in [ME, OTHER] {
        let mut known = known();
        let (picked, _) = then(&mut known, ME, None, pick(3));
        then(&mut known, counting, None, count(bin(), 10, 7));
        let (reversed, code) = then(&mut known, ME, Some(picked), add(3));
        assert_eq!(code, "late_for_count");
        let raised = exception(&known, &bin()).expect("an exception");
        assert_eq!((raised.before, raised.after), (Quantity::units(10), Quantity::units(13)));
        let (_, code) = then(&mut known, ME, Some(reversed), pick(3));
        assert_eq!(code, "", "the reversal itself was after the count");
        then(&mut known, counting, None, count(bin(), 10, 10));
        assert_eq!(exception(&known, &bin()), None);
    }
}

#[test]
fn a_reversal_of_work_after_the_counts_is_not_late() {
    let mut known = known();
    let (counted, _) = then(&mut known, ME, None, count(bin(), 12, 10));
    let (picked, _) = then(&mut known, ME, None, pick(3));
    assert_eq!(then(&mut known, ME, Some(picked), add(3)).1, "");
    assert_eq!(then(&mut known, ME, Some(counted), add(-2)).1, "", "a reversed count");
    let refused = Action::PickLot {
        lot: LotRef::new(OTHER, "L1", "A-1"),
        quantity: Quantity::units(1),
        reason: String::new(),
    };
    let (refused, code) = then(&mut known, ME, None, refused);
    assert_eq!(code, "unknown_product");
    then(&mut known, ME, None, count(bin(), 10, 10));
    assert_eq!(then(&mut known, ME, Some(refused), pick(1)).1, "", "no reversal: it replaces a refused one");
    known.receipts.iter_mut().for_each(|receipt| receipt.rev = 0);
    assert_eq!(then(&mut known, ME, Some(picked), add(3)).1, "", "decided by an older server");
}

#[test]
fn a_reversed_move_is_late_for_the_lot_that_was_counted() {
    let mut known = known();
    let there = bin().at("B-2");
    let step = |lot: &LotRef, to: &str| Action::MoveLot {
        lot: lot.clone(),
        to: to.into(),
        quantity: Quantity::units(1),
    };
    let (moved, _) = then(&mut known, ME, None, step(&bin(), "B-2"));
    then(&mut known, ME, None, count(there.clone(), 2, 1));
    assert_eq!(then(&mut known, ME, Some(moved), step(&there, "A-1")).1, "late_for_count");
    assert!(exception(&known, &there).is_some() && exception(&known, &bin()).is_none());
}

#[test]
fn a_reversal_is_judged_with_its_subject_in_the_same_request() {
    let mut sent = by(ME, 9, [pick(3), count(bin(), 10, 7), add(3)]);
    sent.mutations[2].replaces = Some(sent.mutations[0].id);
    assert!(sent.needs().ids.contains(&sent.mutations[0].id));
    assert_eq!(codes(&sent, known()), ["", "", "late_for_count"]);
}
