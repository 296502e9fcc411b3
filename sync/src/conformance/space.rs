//! A full device: rows can be fetched again, mutations cannot.

use super::{Backend, Checked, add, commit, counter, receipt};
use crate::protocol::{Cursor, Verdict};
use crate::store::{Commit, Committed, Store, StoreError};

/// With no space left, rows are refused as a whole and mutations are saved; outcomes are stored without their
/// cursor. Once there is space again, rows are stored.
pub async fn saves_mutations_when_full(backend: &impl Backend) -> Checked {
    let store = &backend.open().await?;
    store.commit(Commit { rows: vec![counter("a", 1, 1)], ..commit(Cursor::Start, 1) }).await?;
    if !backend.set_full(store, true).await? {
        return Ok(());
    }
    let first = store.enqueue(add(1, "a", 1)).await?;
    let second = store.enqueue(add(2, "a", 1)).await?;
    assert!(store.is_full().await?);
    let more = || Commit { rows: vec![counter("b", 1, 2)], ..commit(Cursor::Live { rev: 1 }, 2) };
    assert_eq!(store.commit(more()).await, Err(StoreError::Full));
    let receipts = vec![receipt(&first, Verdict::Applied, vec![])];
    let decided = store.commit(Commit { receipts, ..more() }).await?;
    assert_eq!(decided, Committed { acknowledged: 1, ..Committed::default() });
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations, outbox.cursor), (vec![second], Cursor::Live { rev: 1 }));
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 1, 1)]);

    backend.set_full(store, false).await?;
    assert!(!store.is_full().await?);
    assert!(store.commit(more()).await?.advanced);
    assert!(!store.is_full().await?);
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 1, 1), counter("b", 1, 2)]);
    Ok(())
}
