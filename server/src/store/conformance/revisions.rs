//! Revisions in the order of commits: a device that has pulled up to one has seen all before it.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Action, Quantity, Row};
use sync::{Cursor, Versioned};

use super::super::Store;
use super::fixture::{
    Checked, Engine, Holder, SITE, Sender, at_once, create, lot_of, one_store, order, pick, product, receive,
    site, two_stores,
};

/// Devices that push at once.
const WRITERS: usize = 6;
/// Batches of each.
const BATCHES: usize = 12;

/// The work of one device of [`a_pull_never_skips_a_revision`]: batches of one to three mutations, each of which writes a
/// row of its own.
async fn write(store: Arc<dyn Store>, at: usize) -> anyhow::Result<()> {
    let mut sender = Sender::new(SITE, at as u128);
    for batch in 0..BATCHES {
        let rows = (0..=(at + batch) % 3).map(|row| create((10_000 * at + 10 * batch + row) as u128));
        sender.book(&*store, rows).await?;
    }
    Ok(())
}

/// A device that pulls until `is_over`, and is told every revision up to each of its cursors. Returns its cursors.
async fn watch(
    store: Arc<dyn Store>,
    is_over: Arc<AtomicBool>,
    max_rows: usize,
) -> anyhow::Result<BTreeSet<u64>> {
    let (mut held, mut seen, mut cursors) = (Holder::new(SITE), BTreeSet::new(), BTreeSet::new());
    held.cursor = Cursor::Live { rev: 0 };
    loop {
        let was_over = is_over.load(Ordering::SeqCst);
        let before = held.cursor.rev();
        let pulled = held.pull(&*store, max_rows).await?;
        let Cursor::Live { rev } = pulled.cursor else { panic!("no reason for a snapshot: {pulled:?}") };
        for row in &pulled.rows {
            assert!(row.rev > before && row.rev <= rev, "{} is not after {before} up to {rev}", row.rev);
            assert!(seen.insert(row.rev), "{} came twice", row.rev);
        }
        let missing: Vec<u64> = (before + 1..=rev).filter(|rev| !seen.contains(rev)).collect();
        assert!(missing.is_empty(), "the cursor {rev} is beyond {missing:?}, which did not come");
        cursors.insert(rev);
        if was_over && !pulled.more {
            return Ok(cursors);
        }
    }
}

/// While devices push at once, no pull goes beyond a revision that it has not brought.
pub async fn a_pull_never_skips_a_revision(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let watchers = [(0, 10_000), (1, 10_000), (0, 1), (1, 2)].map(|(store, max_rows)| {
        tokio::spawn(watch(Arc::clone(&stores[store]), Arc::clone(&is_over), max_rows))
    });
    at_once((0..WRITERS).map(|at| write(Arc::clone(&stores[at % 2]), at))).await?;
    is_over.store(true, Ordering::SeqCst);
    let last = site(&*stores[0], SITE).await?.rev;
    for watcher in watchers {
        let cursors = watcher.await??;
        assert_eq!(cursors.last(), Some(&last));
    }
    Ok(())
}

/// A cursor that was taken while pushes ran loses nothing: what is pulled from it and what was held at it are all rows.
pub async fn a_cursor_between_two_pushes_loses_nothing(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    for round in 0..10_u128 {
        let (long, short) = (100 * round + 1, 100 * round + 60);
        let push = |store: usize, sender: u128, rows: std::ops::Range<u128>| {
            let store = Arc::clone(&stores[store]);
            async move { Sender::new(SITE, sender).book(&*store, rows.map(create)).await.map(drop) }
        };
        let pushes =
            tokio::spawn(async_all(push(0, long, long..long + 40), push(1, short, short..short + 1)));
        let mut taken = Vec::new();
        while !pushes.is_finished() {
            taken.push(Holder::all_of(&*stores[taken.len() % 2], SITE).await?);
        }
        pushes.await??;
        let all = Holder::all_of(&*stores[0], SITE).await?;
        assert_eq!(all.rows.len(), 41 * (round as usize + 1));
        for mut held in taken {
            held.pull_all(&*stores[1], 10).await?;
            assert_eq!(held.rows, all.rows);
        }
    }
    Ok(())
}

async fn async_all(
    first: impl Future<Output = anyhow::Result<()>>,
    second: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    futures::future::try_join(first, second).await.map(drop)
}

/// The rows of one revision come in one answer, however few rows are asked for.
pub async fn a_revision_is_never_split(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let bins: Vec<_> = (0..7).map(|bin| lot_of(&product(1), &format!("A-{bin}"))).collect();
    ada.book(store, [create(1)]).await?;
    ada.book(store, bins.iter().map(|bin| receive(bin, Quantity::units(9)))).await?;
    ada.book(store, [order(1, "D01-1", &bins), pick(&bins[0], 1), order(2, "D01-2", &bins)]).await?;
    for max_rows in [1, 2, 6, 7, 8, 100] {
        let mut held = Holder { cursor: Cursor::Live { rev: 8 }, ..Holder::new(SITE) };
        let mut answers = Vec::new();
        // Each answer ends a revision.
        for _ in 8..=11 {
            let pulled = held.pull(store, max_rows).await?;
            answers.push(pulled.rows.iter().map(|row| row.rev).collect::<Vec<_>>());
            if !pulled.more {
                break;
            }
        }
        // The second order has touched every lot again.
        assert_eq!(answers.concat(), [11; 7], "{max_rows}: {answers:?}");
        assert!(answers.iter().all(|revs| revs.is_empty() || revs.len() == 7), "{max_rows}: {answers:?}");
        assert_eq!(held.cursor, Cursor::Live { rev: 11 });
    }
    Ok(())
}

/// Changes come by rising revision: rows in scope, and removals for deleted ones and those that left the scope.
pub async fn changes_are_rows_and_removals(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    let (bin, other) = (lot_of(&product(1), "A-1"), lot_of(&product(1), "A-2"));
    ada.book(
        store,
        [create(1), create(2), receive(&bin, Quantity::units(5)), receive(&other, Quantity::units(5))],
    )
    .await?;
    let mut held = Holder { scope: crate::booking::Scope::AVAILABLE, ..Holder::new(SITE) };
    held.pull_all(store, 100).await?;
    ada.base = 4;
    let status = Some(domain::LotStatus::Quarantined);
    let patch = domain::LotPatch { status, expires_on: None };
    ada.book(
        store,
        [
            Action::UpdateLot { lot: bin.clone(), patch },
            Action::DeleteProduct { id: product(2).id },
            pick(&other, 1),
        ],
    )
    .await?;
    let pulled = held.pull(store, 100).await?;
    let removed: Vec<_> = pulled
        .removed
        .iter()
        .map(|removal| (removal.table.as_ref(), removal.key.clone(), removal.rev))
        .collect();
    let gone = domain::lot_key(&bin);
    assert_eq!(removed, [(domain::LOTS, gone.key, 5), (domain::PRODUCTS, product(2).id.to_string(), 6)]);
    let [Versioned { rev: 7, row: Row::Lot(lot) }] = &pulled.rows[..] else { panic!("{pulled:?}") };
    assert_eq!((&lot.lot, lot.quantity), (&other, Quantity::units(4)));
    assert_eq!((pulled.cursor, pulled.more, pulled.replaced), (Cursor::Live { rev: 7 }, false, None));
    Ok(())
}
