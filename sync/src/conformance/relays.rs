//! The relay of a store, and the records of other builds of the app, which only a relay can forward.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Add, Backend, Checked, Counters, add, commit, counter, label, receipt};
use crate::model::Records;
use crate::mutation::{Draft, Mutation, UnixMillis};
use crate::protocol::{Cursor, Receipt, Verdict, Versioned};
use crate::relay::Json;
use crate::store::{ActionIn, Commit, RowIn, Store, StoreError};

fn corrupt(error: impl ToString) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// Converts a value to another type with the same JSON.
fn as_sent<T: DeserializeOwned>(value: &impl Serialize) -> Result<T, StoreError> {
    serde_json::from_str(&serde_json::to_string(value).map_err(corrupt)?).map_err(corrupt)
}

/// A commit as a relay `R` receives it.
fn relayed<R: Store>(commit: Commit<super::CounterRow>) -> Result<Commit<RowIn<R>>, StoreError> {
    let Commit { from, cursor, receipts, rows, removed, replaced, epoch, known_seq, last_outcome_seq, at } =
        commit;
    let receipts = receipts.iter().map(as_sent::<Receipt<RowIn<R>>>).collect::<Result<_, _>>()?;
    let rows = rows.iter().map(as_sent::<Versioned<RowIn<R>>>).collect::<Result<_, _>>()?;
    Ok(Commit { from, cursor, receipts, rows, removed, replaced, epoch, known_seq, last_outcome_seq, at })
}

/// Rows stored by a relay are found by its typed store.
pub async fn reads_records_stored_by_its_relay<B: Backend>(backend: &B) -> Checked {
    let store = backend.open().await?;
    let relay = store.relay();
    let Draft { id, action, base, author, signed_by, captured_at, depends_on, replaces } = add(1, "a", 5);
    let action = as_sent::<ActionIn<<B::Store as Store>::Relay>>(&action)?;
    let sent = relay
        .enqueue(Draft { id, action, base, author, signed_by, captured_at, depends_on, replaces })
        .await?;
    let queue = store.queue().await?.records;
    assert_eq!(
        queue.iter().map(|record| &record.mutation.action).collect::<Vec<_>>(),
        [&add(1, "a", 5).action]
    );

    let receipts =
        vec![receipt(&sent.with_action(add(1, "a", 5).action), Verdict::Applied, vec![counter("a", 5, 3)])];
    let next = Commit { receipts, rows: vec![label("x", "red", 3)], ..commit(Cursor::Start, 3) };
    relay.commit(relayed::<<B::Store as Store>::Relay>(next)?).await?;
    assert_eq!(store.find("labels", "colour:red").await?, [label("x", "red", 3)]);
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 5, 3)]);
    assert_eq!((store.queue().await?.records, store.journal(9).await?.len()), (vec![], 1));
    assert_eq!(store.outbox(9).await?.cursor, Cursor::Live { rev: 3 });
    Ok(())
}

/// Rows and mutations stored by a typed store are forwarded by its relay.
pub async fn a_relay_forwards_stored_records<B: Backend>(backend: &B) -> Checked {
    let store = backend.open().await?;
    let relay = store.relay();
    let mutation = store.enqueue(add(1, "a", 5)).await?;
    store.commit(Commit { rows: vec![label("x", "red", 3)], ..commit(Cursor::Start, 3) }).await?;
    let sent = relay.outbox(9).await?.mutations;
    let sent: Vec<Mutation<Add>> = sent.iter().map(as_sent).collect::<Result<_, _>>()?;
    assert_eq!(sent, [mutation]);
    let rows = relay.find("labels", "colour:red").await?;
    let rows: Vec<Versioned<super::CounterRow>> = rows.iter().map(as_sent).collect::<Result<_, _>>()?;
    assert_eq!(rows, [label("x", "red", 3)]);
    assert_eq!(relay.scan("labels", "", "", 9).await?.len(), 1);
    Ok(())
}

/// A mutation as another build wrote it, with its action as text.
fn written_as(n: u128, schema: u32, action: &str) -> Result<Mutation<Json>, StoreError> {
    Ok(Mutation {
        seq: 0,
        id: Uuid::from_u128(n),
        action: serde_json::from_str(action).map_err(corrupt)?,
        base: 0,
        author: "suite".to_owned(),
        signed_by: None,
        captured_at: UnixMillis(5),
        schema,
        depends_on: None,
        replaces: None,
        withdrawn: false,
    })
}

/// An action of an earlier schema is parsed, and sent with its original JSON.
pub async fn reads_records_of_an_earlier_build<B: Backend>(backend: &B) -> Checked {
    let store = backend.open().await?;
    let earlier = r#"["a",5]"#;
    if !backend.insert_of_other_build(&store, written_as(1, 1, earlier)?).await? {
        return Ok(());
    }
    let queue = store.queue().await?;
    assert_eq!((queue.records.len(), queue.unreadable), (1, 0));
    assert_eq!(queue.records[0].mutation.action, add(1, "a", 5).action);
    let sent = store.relay().outbox(9).await?.mutations;
    let sent: Vec<Mutation<Json>> = sent.iter().map(as_sent).collect::<Result<_, _>>()?;
    assert_eq!(
        (sent[0].schema, sent[0].action.text()),
        (1, earlier),
        "the server reads it as it was written"
    );
    Ok(())
}

/// A record that this build cannot parse is kept, counted, sent unparsed and settled by its receipt, and does
/// not block others.
pub async fn forwards_records_it_cannot_parse<B: Backend>(backend: &B) -> Checked {
    let store = backend.open().await?;
    let unknown = r#"{"multiply":{"key":"a","by":2}}"#;
    let later = written_as(1, Counters::SCHEMA + 1, unknown)?;
    if !backend.insert_of_other_build(&store, later).await? {
        return Ok(());
    }
    let mine = store.enqueue(add(2, "a", 5)).await?;
    let queue = store.queue().await?;
    assert_eq!((queue.records.len(), queue.unreadable), (1, 1));
    let outbox = store.outbox(9).await?;
    assert_eq!((outbox.mutations.as_slice(), outbox.pending), ([mine.clone()].as_slice(), 2));

    let relay = store.relay();
    let sent = relay.outbox(9).await?.mutations;
    let sent: Vec<Mutation<Json>> = sent.iter().map(as_sent).collect::<Result<_, _>>()?;
    assert_eq!((sent.len(), sent[0].action.text(), sent[1].id), (2, unknown, mine.id));

    let booked = Commit {
        receipts: vec![receipt(&mine, Verdict::Applied, vec![counter("a", 5, 1)])],
        ..commit(Cursor::Start, 1)
    };
    assert_eq!(store.commit(booked).await?.acknowledged, 1, "it holds up nothing");
    assert_eq!((store.queue().await?.unreadable, store.outbox(9).await?.pending), (1, 1));
    let unread = sent[0].clone().with_action(add(1, "a", 0).action);
    let booked = Commit {
        receipts: vec![receipt(&unread, Verdict::Applied, vec![counter("a", 10, 2)])],
        ..commit(Cursor::Live { rev: 1 }, 2)
    };
    assert_eq!(relay.commit(relayed::<<B::Store as Store>::Relay>(booked)?).await?.acknowledged, 1);
    assert_eq!((store.queue().await?.unreadable, store.outbox(9).await?.pending), (0, 0));
    assert_eq!(store.scan("counters", "", "", 9).await?, [counter("a", 10, 2)]);
    Ok(())
}
