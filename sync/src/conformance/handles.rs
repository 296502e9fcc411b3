//! Durability across handles, and visibility between handles: an app has several windows and a worker.

use super::{Backend, Checked, add, commit, counter, label, receipt};
use crate::protocol::{Cursor, Verdict};
use crate::store::{Commit, Read, Store};

/// All data is still there when the database is opened again, and numbering continues.
pub async fn keeps_everything_when_opened_again(backend: &impl Backend) -> Checked {
    let store = backend.open().await?;
    let booked = store.enqueue(add(1, "a", 1)).await?;
    let refused = store.enqueue(add(2, "a", 1)).await?;
    let waits = store.enqueue(add(3, "a", 1)).await?;
    let receipts =
        vec![receipt(&booked, Verdict::Applied, vec![]), receipt(&refused, Verdict::Rejected, vec![])];
    let rows = vec![counter("b", 2, 3), label("x", "red", 3)];
    store.commit(Commit { receipts, rows, ..commit(Cursor::Start, 3) }).await?;
    store.put_setting("theme", Some("dark")).await?;
    store.next_number("n").await?;
    let before = (store.outbox(9).await?, store.queue().await?, store.journal(9).await?);
    assert_eq!(
        (before.0.mutations.as_slice(), before.1.records.len(), before.2.len()),
        ([waits.clone()].as_slice(), 2, 1)
    );

    let store = backend.reopen(store).await?;
    assert_eq!((store.outbox(9).await?, store.queue().await?, store.journal(9).await?), before);
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("b", 2, 3)]);
    assert_eq!(store.find("labels", "colour:red").await?, [label("x", "red", 3)]);
    assert_eq!(store.setting("theme").await?.as_deref(), Some("dark"));
    assert_eq!(store.next_number("n").await?, 2);
    assert!(store.enqueue(add(4, "a", 1)).await?.seq > waits.seq);
    Ok(())
}

/// No `seq` is given twice, even if the queue was empty when the database was opened again.
pub async fn never_gives_a_seq_twice(backend: &impl Backend) -> Checked {
    let store = backend.open().await?;
    let first = store.enqueue(add(1, "a", 1)).await?;
    let receipts = vec![receipt(&first, Verdict::Applied, vec![])];
    store.commit(Commit { receipts, ..commit(Cursor::Start, 1) }).await?;
    assert_eq!(store.queue().await?.records, []);
    let store = backend.reopen(store).await?;
    assert!(store.enqueue(add(2, "a", 1)).await?.seq > first.seq);
    Ok(())
}

/// Two handles fill one queue, and each immediately sees the writes of the other, regardless of its earlier
/// reads.
pub async fn handles_share_their_data(backend: &impl Backend) -> Checked {
    let one = backend.open().await?;
    let two = backend.second_handle(&one).await?;
    for handle in [&one, &two] {
        assert_eq!(handle.find("labels", "colour:red").await?, []);
        assert_eq!(handle.scan("labels", "", "", 9).await?, []);
        assert_eq!(handle.queue().await?.records, []);
    }
    let first = one.enqueue(add(1, "a", 1)).await?;
    let second = two.enqueue(add(2, "a", 1)).await?;
    let third = one.enqueue(add(3, "a", 1)).await?;
    assert!(first.seq < second.seq && second.seq < third.seq);
    let all = [first.clone(), second, third];
    assert_eq!(
        (one.outbox(9).await?.mutations.as_slice(), two.outbox(9).await?.mutations.as_slice()),
        (&all[..], &all[..])
    );

    let receipts = vec![receipt(&first, Verdict::Applied, vec![counter("a", 1, 1)])];
    two.commit(Commit { receipts, rows: vec![label("x", "red", 1)], ..commit(Cursor::Start, 1) }).await?;
    assert_eq!(one.find("labels", "colour:red").await?, [label("x", "red", 1)]);
    let reads = [Read::Prefix { table: "counters", prefix: String::new(), limit: 9 }];
    assert_eq!(one.read(&reads).await?, two.read(&reads).await?);
    assert_eq!((one.queue().await?, one.journal(9).await?), (two.queue().await?, two.journal(9).await?));
    one.commit(Commit { rows: vec![label("x", "blue", 2)], ..commit(Cursor::Live { rev: 1 }, 2) }).await?;
    assert_eq!(two.find("labels", "colour:red").await?, []);
    assert_eq!(two.find("labels", "colour:blue").await?, [label("x", "blue", 2)]);
    assert_eq!(two.next_number("n").await?, 1);
    assert_eq!(one.next_number("n").await?, 2);
    Ok(())
}
