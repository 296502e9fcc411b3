//! The history of a product, page by page.

use std::collections::BTreeSet;

use anyhow::Context as _;
use domain::{
    Action, ExceptionKind, HistoryAnswer, HistoryEntry, MAX_HISTORY_ENTRIES, Movement, NoteTopic, Order,
    OrderLine, ProductPatch, Quantity,
};
use sync::UnixMillis;
use uuid::Uuid;

use super::super::{Enrolment, HistoryQuery, Store};
use super::fixture::{
    Checked, DAY_MILLIS, Engine, NOW, SITE, Sender, create, days_ago, lot_of, one_store, pick, product,
    receive,
};

/// Pages read; more mean that they never end.
const MAX_PAGES: usize = 100;

/// Every page of a history.
async fn pages(store: &dyn Store, mut query: HistoryQuery) -> anyhow::Result<Vec<HistoryAnswer>> {
    let mut pages = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = store.history(SITE, query).await?;
        let more = page.more;
        query.before = page.oldest_rev();
        pages.push(page);
        if !more {
            return Ok(pages);
        }
    }
    anyhow::bail!("{MAX_PAGES} pages have no end")
}

fn of(number: u128) -> HistoryQuery {
    HistoryQuery { product: product(number).id, lot: None, before: None }
}

/// The pages of a history have each entry once, the newest first, and a revision is never split between two of them.
pub async fn a_history_is_read_in_pages(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let (bin, other) = (lot_of(&product(1), "A"), lot_of(&product(1), "B"));
    ada.book(store, [create(1), create(2)]).await?;
    for _ in 0..2 {
        ada.book(store, (0..100).map(|_| receive(&bin, Quantity::units(2)))).await?;
        let line = OrderLine { lot: other.clone(), quantity: Quantity(1), unit_price_minor: 1 };
        let order = |number: u128| {
            let lines = vec![line.clone(); 120];
            let number = format!("N-{number}");
            Action::PlaceOrder(Order {
                id: Uuid::new_v5(&ada_id(), number.as_bytes()),
                number,
                currency: "EUR".into(),
                lines,
                to_site: None,
            })
        };
        let at = store.push_nothing(SITE, ada.client).await?.known_seq;
        ada.book(store, [order(at.into()), receive(&lot_of(&product(2), "A"), Quantity::units(1))]).await?;
    }
    let pages = pages(store, of(1)).await?;
    let entries: Vec<&HistoryEntry> = pages.iter().flat_map(|page| &page.entries).collect();
    assert_eq!(entries.len(), 2 * (100 + 120));
    assert!(entries.windows(2).all(|pair| pair[0].rev >= pair[1].rev));
    let revs: Vec<BTreeSet<u64>> =
        pages.iter().map(|page| page.entries.iter().map(|entry| entry.rev).collect()).collect();
    assert_eq!(revs.iter().map(BTreeSet::len).sum::<usize>(), 2 * 101, "no revision is in two pages");
    for page in &pages {
        let is_one_revision = page.entries.iter().all(|entry| entry.rev == page.entries[0].rev);
        assert!(page.entries.len() <= MAX_HISTORY_ENTRIES || is_one_revision, "{}", page.entries.len());
    }
    let sum = entries.iter().fold(Quantity::ZERO, |sum, entry| sum + entry.delta);
    assert_eq!(sum, Quantity(2 * (200_000 - 120)));
    let of_lot = super::histories::pages(store, HistoryQuery { lot: Some(other.id()), ..of(1) }).await?;
    assert_eq!(of_lot.iter().flat_map(|page| &page.entries).count(), 240);
    assert!(of_lot.iter().flat_map(|page| &page.entries).all(|entry| entry.location == "B"));
    Ok(())
}

/// Packs old months of the ledger, in several slices. Histories are the same before and after, page by page and within a
/// page, also when a server's clock that was set back books into a month that is packed already.
pub async fn old_months_are_packed_and_still_read(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    store.add_code(SITE, [1; 32], "Dock 1", NOW.plus(1)).await?;
    enrol(store, &ada).await?;
    let (bin, other) = (lot_of(&product(1), "A"), lot_of(&product(1), "B"));
    let elsewhere = lot_of(&product(2), "A");
    ada.now = days_ago(900);
    ada.book(store, [create(1), create(2), receive(&other, Quantity(500))]).await?;
    for batch in 0..24 {
        ada.now = days_ago(900 - batch * 4);
        ada.book(
            store,
            (0..100).map(|at| receive(if at % 9 == 0 { &elsewhere } else { &bin }, Quantity(at + 1))),
        )
        .await?;
    }
    ada.now = days_ago(5);
    ada.book(store, [pick(&bin, 3), receive(&other, Quantity(20))]).await?;
    let queries = [
        of(1),
        of(2),
        HistoryQuery { lot: Some(other.id()), ..of(1) },
        HistoryQuery { before: Some(1_500), ..of(1) },
    ];
    let before = all_pages(store, &queries).await?;
    assert!(
        before[0].len() > 5
            && before[0].iter().flat_map(|page| &page.entries).all(|of| of.device == "Dock 1")
    );

    assert_eq!(store.pack_ledger(days_ago(500)).await?, 0, "those of 400 days stay");
    assert_eq!(store.pack_ledger(NOW).await?, 2_401);
    assert_eq!(store.pack_ledger(NOW).await?, 0);
    assert_eq!(all_pages(store, &queries).await?, before);

    ada.now = days_ago(899);
    ada.book(store, [pick(&bin, 1), receive(&other, Quantity(7))]).await?;
    let before = all_pages(store, &queries).await?;
    let later = NOW.plus(DAY_MILLIS * 500);
    assert_eq!(store.pack_ledger(later).await?, 4);
    assert_eq!(all_pages(store, &queries).await?, before);
    Ok(())
}

async fn all_pages(store: &dyn Store, queries: &[HistoryQuery]) -> anyhow::Result<Vec<Vec<HistoryAnswer>>> {
    let mut all = Vec::with_capacity(queries.len());
    for query in queries {
        all.push(pages(store, *query).await?);
    }
    Ok(all)
}

async fn enrol(store: &dyn Store, sender: &Sender) -> Checked {
    let enrolment = Enrolment {
        code_hash: [1; 32],
        device_name: String::new(),
        device: sender.device,
        token_hash: [2; 32],
        held_site: None,
        now: NOW,
    };
    store.enrol(enrolment).await?.ok().context("enrolled")?;
    Ok(())
}

fn ada_id() -> Uuid {
    Uuid::from_u128(0xADA)
}

/// An entry names the person, the device, both times and the reason; decisions and edits come with the entries.
pub async fn a_history_names_people_and_reasons(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    let mut ada = Sender::new(SITE, 1);
    store.add_code(SITE, [1; 32], "Dock 1", NOW.plus(1)).await?;
    enrol(store, &ada).await?;
    let bin = lot_of(&product(1), "A");
    let reason = "it's 100% \\ \"odd\"".to_owned();
    let taken = Action::PickLot { lot: bin.clone(), quantity: Quantity::units(2), reason: reason.clone() };
    let mut batch = ada.batch([create(1), taken]);
    batch.mutations[1].captured_at = UnixMillis(NOW.0 - 5);
    store.push(batch).await?;
    let resolve = Action::ResolveException {
        kind: ExceptionKind::BelowZero,
        product_id: bin.product_id,
        lot: Some(bin.clone()),
        reason: reason.clone(),
        seen: None,
    };
    let patch = ProductPatch { name: Some(reason.clone()), ..ProductPatch::default() };
    ada.base = 2;
    ada.book(store, [resolve, Action::UpdateProduct { id: bin.product_id, patch }]).await?;
    let mut unknown = Sender::new(SITE, 2);
    unknown.book(store, [pick(&bin, 1)]).await.ok();

    let found = store.history(SITE, of(1)).await?;
    let oldest = found.entries.last().context("an entry")?;
    let expected = HistoryEntry {
        rev: 2,
        movement: Movement::Pick,
        delta: Quantity::units(-2),
        lot_code: "L1".into(),
        location: "A".into(),
        note: reason.clone(),
        author: "Ada".into(),
        approved_by: String::new(),
        device: "Dock 1".into(),
        captured_at: UnixMillis(NOW.0 - 5),
        booked_at: NOW,
    };
    assert_eq!((found.entries.len(), oldest), (2, &expected));
    assert_eq!(found.entries[0].device, "", "a device that was never enrolled");
    let [note] = &found.notes[..] else { panic!("{:?}", found.notes) };
    let topic =
        NoteTopic::Resolved { kind: ExceptionKind::BelowZero, lot_code: "L1".into(), location: "A".into() };
    assert_eq!((note.rev, &note.topic, &note.reason, note.device.as_str()), (3, &topic, &reason, "Dock 1"));
    let [edit] = &found.edits[..] else { panic!("{:?}", found.edits) };
    assert_eq!((edit.rev, edit.edit.before.name.as_deref()), (4, Some("Product 1")));
    assert_eq!((edit.edit.after.name.as_ref(), edit.edit.after.price_minor), (Some(&reason), None));

    let of_lot = store.history(SITE, HistoryQuery { lot: Some(bin.id()), ..of(1) }).await?;
    assert_eq!((of_lot.entries.len(), of_lot.notes.len(), of_lot.edits.len()), (2, 1, 0));
    let before = store.history(SITE, HistoryQuery { before: Some(3), ..of(1) }).await?;
    assert_eq!((before.entries.len(), before.notes.len(), before.edits.len(), before.more), (1, 0, 0, false));
    assert_eq!(store.history(SITE, of(9)).await?, HistoryAnswer::default());
    assert_eq!(store.history("other", of(1)).await?, HistoryAnswer::default());
    Ok(())
}
