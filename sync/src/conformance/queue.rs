//! The queue, from the first save to the outcome.

use uuid::Uuid;

use super::{Backend, Checked, Counters, add, commit, counter, receipt};
use crate::model::{RowKey, Rows, fold};
use crate::mutation::QueueState;
use crate::protocol::{ALREADY_BOOKED, Cursor, Verdict, WITHDRAWN};
use crate::store::{Commit, Committed, QueueVersion, Read, Store, StoreError};

/// Enqueued mutations are returned in order, numbered by ascending `seq`, one batch at a time.
pub async fn keeps_the_queue_in_order(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    for n in 0..5 {
        store.enqueue(add(n, "a", 1)).await?;
    }
    let queue = store.queue().await?.records;
    assert!(queue.windows(2).all(|pair| pair[0].mutation.seq < pair[1].mutation.seq));
    assert_eq!(queue.iter().map(|record| record.mutation.id.as_u128()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let outbox = store.outbox(3).await?;
    assert_eq!((outbox.mutations.len(), outbox.pending), (3, 5));
    assert_eq!(outbox.scope, "all");
    Ok(())
}

/// A receipt removes its mutation from the queue and stores its row, in one transaction; a receipt for
/// another mutation is a no-op.
pub async fn acknowledges_only_what_the_receipt_names(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let mine = store.enqueue(add(1, "a", 3)).await?;
    let mut foreign = receipt(&mine, Verdict::Applied, vec![counter("a", 9, 4)]);
    foreign.id = Uuid::from_u128(77);
    let done = store.commit(Commit { receipts: vec![foreign], ..commit(Cursor::Start, 4) }).await?;
    assert_eq!(done, Committed { advanced: true, ..Committed::default() });
    assert_eq!(store.queue().await?.records.len(), 1);
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, None);

    let right = receipt(&mine, Verdict::Applied, vec![counter("a", 3, 5)]);
    let done = store.commit(Commit { receipts: vec![right], ..commit(Cursor::Live { rev: 4 }, 5) }).await?;
    assert_eq!((done.acknowledged, store.queue().await?.records.len()), (1, 0));
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, Some(counter("a", 3, 5)));
    assert_eq!(store.journal(10).await?[0].mutation, mine);
    assert_eq!(store.outbox(1).await?.last_outcome_seq, mine.seq);
    Ok(())
}

/// A refused mutation stays for a person, is not sent again, and can be replaced or dropped once.
pub async fn keeps_refusals_for_a_person(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let first = store.enqueue(add(1, "a", 3)).await?;
    let second = store.enqueue(add(2, "a", 4)).await?;
    let receipts = vec![
        receipt(&first, Verdict::Conflict, vec![counter("a", 8, 6)]),
        receipt(&second, Verdict::Rejected, vec![]),
    ];
    let done = store.commit(Commit { receipts, ..commit(Cursor::Start, 6) }).await?;
    assert_eq!((done.acknowledged, done.attention), (0, 2));
    assert!(
        store.queue().await?.records.iter().all(|record| matches!(record.state, QueueState::Attention(_)))
    );
    assert_eq!(store.outbox(9).await?.pending, 0);
    assert_eq!(store.get(&RowKey::new("counters", "a")).await?, Some(counter("a", 8, 6)));

    let again = store.settle(first.seq, Some(add(3, "a", 5))).await?.ok_or(StoreError::Gone)?;
    assert!(again.seq > second.seq);
    store.settle(second.seq, None).await?;
    assert_eq!(store.settle(second.seq, None).await, Err(StoreError::Gone));
    assert_eq!(store.outbox(9).await?.mutations, [again]);
    Ok(())
}

/// When the server has fewer receipts than the device has outcomes, the lost mutations return to the queue
/// unchanged.
pub async fn requeues_mutations_that_a_restored_server_lost(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let first = store.enqueue(add(1, "a", 1)).await?;
    let second = store.enqueue(add(2, "a", 2)).await?;
    let receipts = [&first, &second].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts, ..commit(Cursor::Start, 9) }).await?;
    let (known_seq, last_outcome_seq) = (first.seq, second.seq);
    let restored = Commit { known_seq, last_outcome_seq, ..commit(Cursor::Live { rev: 9 }, 3) };
    assert_eq!(store.commit(restored).await?.requeued, 1);
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations, outbox.last_outcome_seq), (vec![second.clone()], first.seq));
    // The same, with an answer that was delayed until after further acknowledgements: all of them may be
    // lost.
    let third = store.enqueue(add(3, "a", 3)).await?;
    let receipts = [&second, &third].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts, ..commit(Cursor::Live { rev: 3 }, 4) }).await?;
    let restored = Commit { known_seq, last_outcome_seq, ..commit(Cursor::Start, 3) };
    assert_eq!(store.commit(restored).await?.requeued, 2);
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations, outbox.last_outcome_seq), (vec![second, third], first.seq));
    Ok(())
}

/// Every change of the queue changes its version, and rows are read together with that version.
pub async fn reads_rows_with_the_version_of_the_queue(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let reads = [
        Read::Row(RowKey::new("counters", "b")),
        Read::Prefix { table: "counters", prefix: "a".to_owned(), limit: 2 },
        Read::Row(RowKey::new("counters", "none")),
    ];
    let mut versions = vec![store.queue().await?.version];
    let first = store.enqueue(add(1, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    let second = store.enqueue(add(2, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    assert_eq!(
        versions[2],
        QueueVersion { last_seq: second.seq, ..versions[1] },
        "what is added can be followed"
    );
    let rows = vec![counter("a1", 1, 3), counter("a2", 1, 3), counter("a3", 1, 3), counter("b", 1, 3)];
    let receipts = vec![receipt(&first, Verdict::Applied, vec![])];
    store.commit(Commit { rows, receipts, ..commit(Cursor::Start, 3) }).await?;
    let reading = store.read(&reads).await?;
    assert_eq!(reading.rows, [counter("b", 1, 3), counter("a1", 1, 3), counter("a2", 1, 3)]);
    assert_eq!(reading.queue_version, store.queue().await?.version);
    assert_eq!(reading.site_rev, 3);
    versions.push(reading.queue_version);
    store.withdraw(second.seq).await?;
    versions.push(store.read(&[]).await?.queue_version);
    let third = store.enqueue(add(3, "b", 1)).await?;
    versions.push(store.queue().await?.version);
    let receipts = vec![receipt(&third, Verdict::Applied, vec![])];
    store.commit(Commit { receipts, ..commit(Cursor::Live { rev: 3 }, 3) }).await?;
    versions.push(store.queue().await?.version);
    let fourth = store.enqueue(add(4, "b", 1)).await?;
    assert!(fourth.seq > third.seq, "numbers go on though the last record has gone");
    versions.push(store.queue().await?.version);
    let is_new = |at: usize| !versions[..at].contains(&versions[at]);
    assert!((0..versions.len()).all(is_new), "{versions:?}");
    store.commit(Commit { rows: vec![counter("b", 5, 4)], ..commit(Cursor::Live { rev: 3 }, 4) }).await?;
    assert_eq!(Some(&store.queue().await?.version), versions.last(), "rows alone leave the queue as it is");
    Ok(())
}

/// An overtaken answer knows fewer receipts, and is not a sign of a restored server.
pub async fn an_outdated_answer_is_not_a_restore(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let first = store.enqueue(add(1, "a", 1)).await?;
    let second = store.enqueue(add(2, "a", 2)).await?;
    let both = [&first, &second].map(|sent| receipt(sent, Verdict::Applied, vec![])).to_vec();
    store.commit(Commit { receipts: both, ..commit(Cursor::Start, 9) }).await?;
    let late =
        Commit { receipts: vec![receipt(&first, Verdict::Applied, vec![])], ..commit(Cursor::Start, 8) };
    assert_eq!(store.commit(late).await?, Committed::default());
    assert_eq!(store.queue().await?.records, []);
    Ok(())
}

/// A withdrawn mutation stays until the server's answer to the withdrawal, and is not part of the view
/// meanwhile.
pub async fn withdraws_a_mutation_that_may_have_been_sent(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    let sent = store.enqueue(add(1, "a", 1)).await?;
    assert_eq!(store.settle(sent.seq, None).await, Err(StoreError::Gone), "it waits for no person");
    store.withdraw(sent.seq).await?;
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.pending, outbox.mutations[0].withdrawn), (1, true));
    let view = fold::<Counters>(Rows::new(), &outbox.mutations, |_| true);
    assert_eq!(view.rows, Rows::new());
    // The answer to a request from before the withdrawal does not settle the withdrawal.
    let receipts = vec![receipt(&sent, Verdict::Applied, vec![])];
    let overtaken = store.commit(Commit { receipts, ..commit(Cursor::Start, 1) }).await?;
    assert_eq!((overtaken.acknowledged, store.outbox(9).await?.pending), (0, 1));
    for (verdict, code, is_left) in [
        (Verdict::Rejected, ALREADY_BOOKED, true),
        (Verdict::Rejected, "taken", false),
        (Verdict::Applied, WITHDRAWN, false),
    ] {
        let undone = store.enqueue(add(2, "a", 1)).await?;
        store.withdraw(undone.seq).await?;
        let mut answered = receipt(&undone, verdict, vec![]);
        answered.outcome.code = code.to_owned();
        store.commit(Commit { receipts: vec![answered], ..commit(Cursor::Start, 1) }).await?;
        let left = store.queue().await?.records.into_iter().find(|record| record.mutation.seq == undone.seq);
        assert_eq!(left.is_some_and(|record| !record.is_pending()), is_left, "{code}");
        assert_eq!(
            store.withdraw(undone.seq).await,
            Err(StoreError::Gone),
            "that it came too late must be seen"
        );
    }
    // A server that lost the booking is asked again.
    let last_outcome_seq = store.outbox(9).await?.last_outcome_seq;
    let restored = Commit { known_seq: 1, last_outcome_seq, ..commit(Cursor::Live { rev: 1 }, 1) };
    store.commit(restored).await?;
    let asked = store.outbox(9).await?.mutations;
    assert!(asked.len() > 1 && asked.iter().all(|mutation| mutation.withdrawn), "{asked:?}");
    Ok(())
}
