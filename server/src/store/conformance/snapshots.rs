//! Snapshots: pages by key, and cursors that cannot be continued.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use domain::{
    Action, CONFLICTS, CodeSighting, DELIVERIES, EXCEPTIONS, LOTS, LotRef, LotStatus, PRODUCTS, Quantity,
    UNKNOWN_CODES, Warehouse,
};
use sync::{Cursor, Progress, Records as _, UnixMillis};
use uuid::Uuid;

use super::super::{Pull, Store, StoreFault};
use super::fixture::{
    Checked, Engine, Holder, NOW, SITE, Sender, create, import, lot_of, one_store, pick, product, quietly,
    receive, two_stores,
};
use crate::booking::Scope;
use crate::store::Consent;

/// Codes whose bytes sort otherwise than words of a language do.
pub(super) const CODES: [&str; 14] = [
    "Zebra",
    "apple",
    "Apple",
    "\u{c4}pfel",
    "_x",
    "a.b",
    "a-b",
    "a b",
    "aB",
    "AB",
    "\u{1f4e6}-1",
    "\u{ffee}",
    "%",
    "1",
];

pub(super) fn report(code: &str) -> Action {
    Action::ReportCode(CodeSighting { code: code.into(), place: String::new(), at: NOW, times: 1 })
}

/// Rows of every table, with ids in no order.
async fn fill(store: &dyn Store) -> anyhow::Result<()> {
    let mut ada = Sender::new(SITE, 1);
    ada.book(store, (0..23).map(create)).await?;
    ada.book(store, CODES.map(report)).await?;
    for number in [3, 11, 17] {
        let lots: Vec<LotRef> = (0..7).map(|bin| lot_of(&product(number), &format!("B-{bin}"))).collect();
        ada.book(store, lots.iter().map(|lot| receive(lot, Quantity::units(2)))).await?;
        // Below zero: an exception for each.
        ada.push(store, lots.iter().map(|lot| pick(lot, 3))).await?;
    }
    ada.push(store, (0..5).map(create)).await?;
    ada.base = 1_000;
    ada.book(store, (20..23).map(|number| Action::DeleteProduct { id: product(number).id })).await?;
    let mut deliveries = import(Vec::new(), Vec::new());
    deliveries.deliveries = (0..9).map(|number| delivery(number, 5)).collect();
    store.import(Arc::new(deliveries), Consent::Everything, quietly()).await?;
    Ok(())
}

pub(super) fn delivery(number: u128, expected: i64) -> domain::Delivery {
    let expected = Quantity::units(expected);
    domain::Delivery {
        id: Uuid::new_v5(&Uuid::NAMESPACE_URL, &number.to_be_bytes()),
        number: format!("LS-{number}"),
        supplier: String::new(),
        expected_on: None,
        lines: vec![domain::DeliveryLine { product_id: product(3).id, expected, received: Quantity::ZERO }],
        closed: false,
    }
}

/// Every row in scope comes once, table by table and by ascending bytes of its key; the ranges that the pages replace leave
/// no gap, and the progress ends at the number of rows.
pub async fn a_snapshot_has_every_row_in_key_order(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    fill(store).await?;
    let whole = Holder::all_of(store, SITE).await?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    whole.rows.keys().for_each(|key| *counts.entry(key.table.as_ref()).or_default() += 1);
    let expected =
        [(CONFLICTS, 5), (DELIVERIES, 9), (EXCEPTIONS, 21), (LOTS, 21), (PRODUCTS, 20), (UNKNOWN_CODES, 14)];
    assert_eq!(counts, BTreeMap::from(expected));
    for max_rows in [1, 3, 7, 1_000] {
        let (mut held, mut last) = (Holder::new(SITE), ("", String::new()));
        let mut sent = 0;
        loop {
            let pulled = held.pull(store, max_rows).await?;
            let range = pulled.replaced.context("a page of a snapshot replaces a range")?;
            let table = Warehouse::TABLES.iter().find(|table| **table == range.table).copied();
            let table = table.unwrap_or_default();
            let begins = if table == last.0 { last.1.clone() } else { String::new() };
            assert_eq!((range.after.as_str(), pulled.rows.len() <= max_rows), (begins.as_str(), true));
            let keys: Vec<String> = pulled.rows.iter().map(|held| Warehouse::key(&held.row).key).collect();
            assert!(keys.iter().all(|key| *key > range.after), "{table}: {keys:?}");
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{table}: {keys:?}");
            assert!(range.through.is_none() || range.through.as_ref() == keys.last());
            sent += keys.len();
            if let Cursor::Snapshot { progress, .. } = &pulled.cursor {
                let total_rows = u64::try_from(whole.rows.len())?;
                assert_eq!(*progress, Progress { done_rows: u64::try_from(sent)?, total_rows });
            }
            last = (table, range.through.unwrap_or_default());
            if !pulled.more {
                break;
            }
        }
        assert_eq!((sent, &held.rows), (whole.rows.len(), &whole.rows), "{max_rows}");
    }
    Ok(())
}

/// A scope leaves out lots of other statuses and deliveries that are not open, in a snapshot as in changes.
pub async fn a_scope_limits_rows_and_tables(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    fill(store).await?;
    let mut ada = Sender::new(SITE, 2);
    ada.base = 1_000;
    let kept_apart = lot_of(&product(11), "B-3");
    let patch = domain::LotPatch { status: Some(LotStatus::Expired), expires_on: None };
    ada.book(
        store,
        [
            Action::UpdateLot { lot: kept_apart.clone(), patch },
            Action::CloseDelivery { id: delivery(4, 5).id, reason: String::new() },
        ],
    )
    .await?;
    let mut available = Holder { scope: Scope::AVAILABLE, ..Holder::new(SITE) };
    available.pull_all(store, 4).await?;
    let all = Holder::all_of(store, SITE).await?;
    let left_out: Vec<_> = all.rows.keys().filter(|key| !available.rows.contains_key(key)).cloned().collect();
    assert_eq!(left_out, [domain::lot_key(&kept_apart)]);
    assert!(!all.rows.contains_key(&domain::delivery_key(delivery(4, 5).id)));

    let tables = [PRODUCTS.into(), EXCEPTIONS.into()];
    let mut narrow = Holder { scope: Scope::EVERYTHING.known_to(&tables), ..Holder::new(SITE) };
    narrow.pull_all(store, 4).await?;
    let known = |table: &str| [PRODUCTS, LOTS, EXCEPTIONS].contains(&table);
    assert!(narrow.rows.keys().all(|key| known(&key.table)));
    assert_eq!(narrow.rows.len(), all.rows.keys().filter(|key| known(&key.table)).count());
    Ok(())
}

/// While rows are created, changed and deleted, every row arrives with its page or is told after the snapshot.
pub async fn rows_that_change_during_a_snapshot_are_told_later(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    fill(&*stores[0]).await?;
    let change = |at: u128| {
        let store = Arc::clone(&stores[usize::from(at.is_multiple_of(2))]);
        async move {
            let mut sender = Sender::new(SITE, 50 + at);
            sender.base = 1_000_000;
            for step in 0..12 {
                let number = 1_000 * (at + 1) + step;
                let (here, there) =
                    (lot_of(&product(number), "A"), lot_of(&product(3), &format!("B-{}", step % 7)));
                let mut work = vec![create(number), receive(&here, Quantity::units(1)), pick(&there, 1)];
                work.push(pick(&here, 1));
                if step % 3 == 0 {
                    work.push(Action::DeleteProduct { id: product(number).id });
                }
                sender.push(&*store, work).await?;
            }
            anyhow::Ok(())
        }
    };
    let changes: Vec<_> = (0..3).map(|at| tokio::spawn(change(at))).collect();
    let mut taken = Vec::new();
    while !changes.iter().all(|task| task.is_finished()) {
        for max_rows in [1, 5] {
            let mut held = Holder::new(SITE);
            held.pull_all(&*stores[taken.len() % 2], max_rows).await?;
            taken.push(held);
        }
    }
    for task in changes {
        task.await??;
    }
    let all = Holder::all_of(&*stores[0], SITE).await?;
    for mut held in taken {
        held.pull_all(&*stores[1], 3).await?;
        assert_eq!(held.rows, all.rows);
    }
    Ok(())
}

/// A cursor of another epoch, or ahead of the site, begins a new snapshot; one that names no table or key is refused.
pub async fn a_cursor_that_cannot_be_continued_begins_again(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    fill(store).await?;
    let mut held = Holder::all_of(store, SITE).await?;
    let (epoch, rev) = (held.epoch, held.cursor.rev());
    assert_eq!(held.pull(store, 5).await?.replaced, None);
    let progress = Progress::default();
    let snapshot = |rev, table: &str, after: &str| Cursor::Snapshot {
        rev,
        table: table.into(),
        after: after.into(),
        progress,
    };
    let begins = [
        (Some(Uuid::from_u128(5)), Cursor::Live { rev }),
        (epoch, Cursor::Live { rev: rev + 1 }),
        (epoch, snapshot(rev + 1, LOTS, "")),
        (epoch, Cursor::Live { rev: u64::MAX }),
    ];
    for (epoch, cursor) in begins {
        let mut again = Holder { epoch, cursor: cursor.clone(), ..Holder::new(SITE) };
        let pulled = again.pull(store, 5).await?;
        assert_eq!(
            pulled.replaced.map(|range| (range.table, range.after)),
            Some((PRODUCTS.into(), String::new()))
        );
        again.pull_all(store, 5).await?;
        assert_eq!(again.rows, held.rows, "{cursor:?}");
    }
    for cursor in
        [snapshot(1, "dreams", ""), snapshot(1, LOTS, "no key"), snapshot(1, PRODUCTS, "' OR 1=1 --")]
    {
        let pull = Pull {
            site: SITE.into(),
            epoch,
            cursor,
            scope: Scope::EVERYTHING,
            max_rows: 5,
            now: UnixMillis(0),
        };
        let refused = store.pull(pull).await;
        assert!(matches!(refused, Err(StoreFault::Invalid { code: "bad_cursor", .. })), "{refused:?}");
    }
    Ok(())
}
