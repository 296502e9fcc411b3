//! Deletions for good, beside pulls with cursors before and after them.

use std::sync::Arc;

use domain::{Action, Quantity};
use sync::{Cursor, UnixMillis, Verdict};

use super::super::Pulled;
use super::fixture::{
    Checked, DAY_MILLIS, Engine, Holder, NOW, SITE, Sender, create, days_ago, lot_of, on_hand, one_store,
    pick, product, receive, site, two_stores, verdicts,
};
use super::snapshots::{CODES, report};
use crate::booking::Batch;

/// A purge deletes tombstones before a time. A cursor from before them begins a new snapshot; later ones go on.
pub async fn a_purge_ends_the_cursors_before_it(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.now = days_ago(10);
    ada.book(store, [create(1), create(2), create(3), receive(&bin, Quantity::units(1)), pick(&bin, 1)])
        .await?;
    let mut before = Holder::all_of(store, SITE).await?;
    let mut within = Holder::new(SITE);
    within.pull(store, 1).await?;
    ada.base = 5;
    // The lot goes with its product.
    ada.book(store, [Action::DeleteProduct { id: product(1).id }]).await?;
    let mut after = Holder::all_of(store, SITE).await?;
    ada.now = days_ago(5);
    ada.book(store, [Action::DeleteProduct { id: product(2).id }]).await?;

    assert_eq!(store.purge(days_ago(10)).await?, 0, "those at this time stay");
    assert_eq!(before.clone().pull(store, 9).await?.replaced, None);
    assert_eq!(store.purge(days_ago(7)).await?, 2);
    assert_eq!(store.purge(days_ago(7)).await?, 0);
    let state = site(store, SITE).await?;
    assert_eq!((state.rev, state.purged_rev, site(store, "other").await?.purged_rev), (7, 6, 0));
    let began_again = |pulled: &Pulled| pulled.replaced.as_ref().is_some_and(|range| range.after.is_empty());
    assert!(began_again(&before.pull(store, 9).await?));
    assert!(began_again(&within.pull(store, 9).await?));
    let pulled = after.pull(store, 9).await?;
    assert_eq!((pulled.replaced, pulled.removed.len()), (None, 1));
    let all = Holder::all_of(store, SITE).await?;
    for held in [&mut before, &mut within, &mut after] {
        held.pull_all(store, 9).await?;
        assert_eq!((held.rows.len(), &held.rows), (1, &all.rows));
    }
    Ok(())
}

/// Codes and conflicts that nobody settles become tombstones under a new revision of their site.
pub async fn what_nobody_settles_expires(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    let mut ada = Sender::new(SITE, 1);
    ada.now = days_ago(366);
    ada.book(store, [create(1), report("old")]).await?;
    ada.push(store, [create(1)]).await?;
    ada.now = days_ago(89);
    ada.book(store, [report("young")]).await?;
    ada.push(store, [create(1)]).await?;
    Sender::new("other", 2).book(store, [report("other")]).await?;
    let mut held = Holder::all_of(store, SITE).await?;
    assert_eq!(held.rows.len(), 5);
    let before = (site(store, SITE).await?.rev, site(store, "other").await?.rev);
    assert_eq!(store.expire(NOW).await?, 2);
    assert_eq!(store.expire(NOW).await?, 0);
    let after = (site(store, SITE).await?.rev, site(store, "other").await?.rev);
    assert_eq!(after, (before.0 + 1, before.1));
    let pulled = held.pull(store, 100).await?;
    assert_eq!((pulled.rows.len(), pulled.removed.len()), (0, 2));
    assert!(pulled.removed.iter().all(|removal| removal.rev == after.0), "{pulled:?}");
    assert_eq!(held.rows, Holder::all_of(store, SITE).await?.rows);
    Ok(())
}

/// Purges and expiries beside pulls and pushes: in the end, every device has all rows and no others.
pub async fn purges_beside_pulls_leave_no_row_behind(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let mut ada = Sender::new(SITE, 1);
    ada.now = days_ago(200);
    for part in 0..12 {
        ada.book(&*stores[0], (0..100).map(|at| report(&format!("C-{part}-{at}")))).await?;
    }
    ada.book(&*stores[0], CODES.map(report)).await?;
    let work = {
        let (store, other) = (Arc::clone(&stores[0]), Arc::clone(&stores[1]));
        tokio::spawn(async move {
            let mut ben = Sender::new(SITE, 2);
            for step in 0..6_u128 {
                store.expire(NOW).await?;
                ben.push(&*other, [create(step), report(&format!("new-{step}"))]).await?;
                other.purge(UnixMillis(NOW.0 + 1)).await?;
            }
            anyhow::Ok(())
        })
    };
    let first = Holder::all_of(&*stores[1], SITE).await?;
    let mut held: Vec<Holder> =
        (0..4).map(|_| first.clone()).chain((0..4).map(|_| Holder::new(SITE))).collect();
    while !work.is_finished() {
        for (at, holder) in held.iter_mut().enumerate() {
            // They go on at their own pace, some within a snapshot.
            holder.pull(&*stores[at % 2], [1_000, 100, 7, 50][at % 4]).await?;
        }
    }
    work.await??;
    let all = Holder::all_of(&*stores[0], SITE).await?;
    assert_eq!(all.rows.len(), 12);
    for mut holder in held {
        holder.pull_all(&*stores[0], 500).await?;
        assert!(matches!(holder.cursor, Cursor::Live { .. }));
        assert_eq!(holder.rows, all.rows);
    }
    Ok(())
}

/// Receipts are forgotten that no device asks for any more. What is sent again after that is not booked again.
pub async fn old_receipts_are_forgotten(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (mut ada, bin) = (Sender::new(SITE, 1), lot_of(&product(1), "A-1"));
    ada.now = days_ago(200);
    let first = ada.batch([create(1), receive(&bin, Quantity::units(10))]);
    store.push(first.clone()).await?;
    let second = Batch { last_outcome_seq: 2, ..ada.batch([pick(&bin, 3)]) };
    let picked = store.push(second.clone()).await?;

    assert_eq!(store.forget_receipts(days_ago(30)).await?, 0, "they are 170 days old");
    assert_eq!(verdicts(&store.push(first.clone()).await?), [(Verdict::Applied, ""); 2]);
    assert_eq!(store.forget_receipts(days_ago(10)).await?, 2, "those of the second batch may be asked for");
    assert_eq!(store.push(second.clone()).await?.receipts, picked.receipts);
    let late = store.push(first).await?;
    assert_eq!(verdicts(&late), [(Verdict::Rejected, "too_late"); 2]);
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(7)));
    let much_later = UnixMillis(NOW.0 + 201 * i64::try_from(DAY_MILLIS)?);
    assert_eq!(store.forget_receipts(much_later).await?, 3, "the refusals have receipts as well");
    assert_eq!(verdicts(&store.push(second).await?), [(Verdict::Rejected, "too_late")]);
    assert_eq!(on_hand(store, &bin).await?, Some(Quantity::units(7)));
    Ok(())
}
