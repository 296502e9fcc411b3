//! Records of the mutation queue and the journal, each a JSON text; the queue's key is the mutation's `seq`.
//! Actions and rows in them are parsed only for display.

use futures::FutureExt;
use idb::{CursorDirection, KeyRange, ObjectStore, Query};
use js_sys::{Object, Reflect};
use sync::{
    JournalRecord, JournalRecordOf, Json, MAX_BATCH_BYTES, Mutation, Outcome, QueueRecord, QueueRecordOf,
    QueueState, Records, StoreError,
};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::migrations::ATTENTION;
use crate::rows::corrupt;
use crate::transaction::{of_idb, of_js};

const RECORD: &str = "record";
const SEQ: &str = "seq";
/// Journal records kept: several weeks of mutations, and a few megabytes at most.
const MAX_JOURNAL_RECORDS: u32 = 10_000;

fn key(seq: u64) -> JsValue {
    // An IndexedDB key is a double: exact up to 2^53 mutations.
    #[expect(clippy::cast_precision_loss, reason = "a device never makes 2^53 mutations")]
    JsValue::from_f64(seq as f64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the key generator counts 1, 2, 3..."
)]
fn seq_of(value: &JsValue) -> u64 {
    value.as_f64().unwrap_or_default() as u64
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), StoreError> {
    Reflect::set(object, &JsValue::from_str(name), value).map(drop).map_err(|error| of_js(&error))
}

fn field(object: &JsValue, name: &str) -> Result<JsValue, StoreError> {
    Reflect::get(object, &JsValue::from_str(name)).map_err(|error| of_js(&error))
}

/// The record as stored; with a `seq` of 0, the key generator numbers it.
fn encode(record: &QueueRecord<Json, Json>) -> Result<JsValue, StoreError> {
    let object = Object::new();
    let json = serde_json::to_string(record).map_err(corrupt)?;
    set(&object, RECORD, &JsValue::from_str(&json))?;
    set(&object, ATTENTION, &JsValue::from_f64(if record.is_pending() { 0.0 } else { 1.0 }))?;
    if record.mutation.seq > 0 {
        set(&object, SEQ, &key(record.mutation.seq))?;
    }
    Ok(object.into())
}

fn decode(value: &JsValue) -> Result<QueueRecord<Json, Json>, StoreError> {
    let json = field(value, RECORD)?.as_string().ok_or_else(|| corrupt("a queue record has no text"))?;
    let mut record: QueueRecord<Json, Json> = serde_json::from_str(&json).map_err(corrupt)?;
    record.mutation.seq = seq_of(&field(value, SEQ)?);
    Ok(record)
}

/// A mutation with its action as stored and sent.
pub(crate) fn unread<M: Records>(mutation: &Mutation<M::Action>) -> Result<Mutation<Json>, StoreError> {
    let action = Json::of(&mutation.action).map_err(corrupt)?;
    Ok(mutation.clone().with_action(action))
}

/// A mutation with its action parsed; an earlier build may have written it.
pub(crate) fn read_mutation<M: Records>(mutation: Mutation<Json>) -> Result<Mutation<M::Action>, StoreError> {
    let action = M::read_action(mutation.schema, mutation.action.text()).map_err(corrupt)?;
    Ok(mutation.with_action(action))
}

fn read_outcome<M: Records>(outcome: Outcome<Json>) -> Result<Outcome<M::Row>, StoreError> {
    outcome.try_with_rows(|row| serde_json::from_str(row.text()).map_err(corrupt))
}

/// A record with its action and rows parsed.
fn read_record<M: Records>(record: QueueRecord<Json, Json>) -> Result<QueueRecordOf<M>, StoreError> {
    let state = match record.state {
        QueueState::Pending => QueueState::Pending,
        QueueState::Attention(outcome) => QueueState::Attention(read_outcome::<M>(outcome)?),
    };
    Ok(QueueRecord { mutation: read_mutation::<M>(record.mutation)?, state })
}

fn decode_journal(value: &JsValue) -> Result<JournalRecord<Json, Json>, StoreError> {
    let json = value.as_string().ok_or_else(|| corrupt("a journal record has no text"))?;
    serde_json::from_str(&json).map_err(corrupt)
}

/// A journal record with its action and rows parsed.
fn read_journal<M: Records>(record: JournalRecord<Json, Json>) -> Result<JournalRecordOf<M>, StoreError> {
    let JournalRecord { mutation, outcome, acknowledged_at } = record;
    let (mutation, outcome) = (read_mutation::<M>(mutation)?, read_outcome::<M>(outcome)?);
    Ok(JournalRecord { mutation, outcome, acknowledged_at })
}

/// Requests that a mutation is appended. Its number may be awaited after the transaction's commit as well.
pub(crate) fn push(
    store: &ObjectStore,
    mutation: Mutation<Json>,
) -> Result<impl Future<Output = Result<u64, StoreError>> + use<>, StoreError> {
    let mut record = QueueRecord { mutation, state: QueueState::Pending };
    record.mutation.seq = 0;
    let given = store.add(&encode(&record)?, None).map_err(of_idb)?.into_future();
    Ok(given.map(|given| given.map(|key| seq_of(&key)).map_err(of_idb)))
}

/// The number of the mutation with this id, if it is in the queue.
pub(crate) async fn seq_of_id(store: &ObjectStore, id: Uuid) -> Result<Option<u64>, StoreError> {
    let (records, _) = all(store).await?;
    Ok(records.iter().find(|record| record.mutation.id == id).map(|record| record.mutation.seq))
}

/// The number of the mutation with this id, if it is in the journal.
pub(crate) async fn journaled_seq_of_id(store: &ObjectStore, id: Uuid) -> Result<Option<u64>, StoreError> {
    let values = store.get_all(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
    let mut records = values.iter().filter_map(|value| decode_journal(value).ok());
    Ok(records.find(|record| record.mutation.id == id).map(|record| record.mutation.seq))
}

/// The last record's number; 0 if there is none.
pub(crate) async fn last_seq(store: &ObjectStore) -> Result<u64, StoreError> {
    let cursor = store.open_key_cursor(None, Some(CursorDirection::Prev)).map_err(of_idb)?;
    let Some(cursor) = cursor.await.map_err(of_idb)? else { return Ok(0) };
    Ok(seq_of(&cursor.key().map_err(of_idb)?))
}

/// Stores a record at its `seq`.
pub(crate) fn put(store: &ObjectStore, record: &QueueRecord<Json, Json>) -> Result<(), StoreError> {
    store.put(&encode(record)?, None).map(drop).map_err(of_idb)
}

/// One record.
pub(crate) async fn get(
    store: &ObjectStore,
    seq: u64,
) -> Result<Option<QueueRecord<Json, Json>>, StoreError> {
    let value = store.get(key(seq)).map_err(of_idb)?.await.map_err(of_idb)?;
    value.map(|value| decode(&value)).transpose()
}

/// Removes a record.
pub(crate) fn remove(store: &ObjectStore, seq: u64) -> Result<(), StoreError> {
    store.delete(key(seq)).map(drop).map_err(of_idb)
}

/// Every record that can be parsed, by ascending `seq`, and the number of those that cannot.
pub(crate) async fn all(store: &ObjectStore) -> Result<(Vec<QueueRecord<Json, Json>>, usize), StoreError> {
    let values = store.get_all(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
    let records: Vec<_> = values.iter().filter_map(|value| decode(value).ok()).collect();
    let unreadable = values.len() - records.len();
    Ok((records, unreadable))
}

/// Like [`all`], with actions and rows parsed.
pub(crate) async fn all_read<M: Records>(
    store: &ObjectStore,
) -> Result<(Vec<QueueRecordOf<M>>, usize), StoreError> {
    let (records, unreadable) = all(store).await?;
    let count = records.len();
    let read: Vec<_> = records.into_iter().filter_map(|record| read_record::<M>(record).ok()).collect();
    let unreadable = unreadable + count - read.len();
    Ok((read, unreadable))
}

/// The first pending mutations, and the total number of pending ones.
pub(crate) async fn pending(
    store: &ObjectStore,
    limit: usize,
) -> Result<(Vec<Mutation<Json>>, usize), StoreError> {
    let index = store.index(ATTENTION).map_err(of_idb)?;
    let query = || Some(Query::Key(JsValue::from_f64(0.0)));
    let counting = index.count(query()).map_err(of_idb)?;
    // IndexedDB treats a limit of 0 as no limit.
    let reading = match u32::try_from(limit).unwrap_or(u32::MAX) {
        0 => None,
        limit => Some(index.get_all(query(), Some(limit)).map_err(of_idb)?),
    };
    // In the order of the requests: an answer that comes before it is awaited is lost.
    let count = counting.await.map_err(of_idb)?;
    let values = match reading {
        Some(reading) => reading.await.map_err(of_idb)?,
        None => Vec::new(),
    };
    let (mut mutations, mut bytes) = (Vec::new(), 0);
    for value in &values {
        bytes += field(value, RECORD)?.as_string().map_or(0, |json| json.len());
        if bytes > MAX_BATCH_BYTES && !mutations.is_empty() {
            break;
        }
        // An unparsable record must not block the others.
        mutations.extend(decode(value).ok().map(|record| record.mutation));
    }
    Ok((mutations, usize::try_from(count).unwrap_or(usize::MAX)))
}

/// Adds a journal record, and deletes the oldest ones beyond the limit.
pub(crate) async fn journal(
    store: &ObjectStore,
    record: &JournalRecord<Json, Json>,
) -> Result<(), StoreError> {
    let json = serde_json::to_string(record).map_err(corrupt)?;
    store.put(&JsValue::from_str(&json), Some(&key(record.mutation.seq))).map_err(of_idb)?;
    let count = store.count(None).map_err(of_idb)?.await.map_err(of_idb)?;
    if let Some(beyond) = count.checked_sub(MAX_JOURNAL_RECORDS).filter(|beyond| *beyond > 0) {
        let oldest = store.get_all_keys(None, Some(beyond)).map_err(of_idb)?.await.map_err(of_idb)?;
        for key in oldest {
            store.delete(key).map_err(of_idb)?;
        }
    }
    Ok(())
}

/// The newest journal records that can be parsed, newest first.
pub(crate) async fn newest<M: Records>(
    store: &ObjectStore,
    limit: usize,
) -> Result<Vec<JournalRecordOf<M>>, StoreError> {
    let request = store.open_cursor(None, Some(CursorDirection::Prev)).map_err(of_idb)?;
    let Some(cursor) = request.await.map_err(of_idb)? else { return Ok(Vec::new()) };
    let mut cursor = cursor.into_managed();
    let mut records = Vec::new();
    while records.len() < limit {
        let Some(value) = cursor.value().map_err(of_idb)? else { break };
        records.extend(decode_journal(&value).and_then(read_journal::<M>));
        cursor.next(None).await.map_err(of_idb)?;
    }
    Ok(records)
}

/// Removes the journal records above `above` and returns them.
pub(crate) async fn take(
    store: &ObjectStore,
    above: u64,
) -> Result<Vec<JournalRecord<Json, Json>>, StoreError> {
    let range = || {
        let range = KeyRange::lower_bound(&key(above), Some(true));
        range.map(Query::KeyRange).map_err(of_idb)
    };
    let values = store.get_all(Some(range()?), None).map_err(of_idb)?.await.map_err(of_idb)?;
    store.delete(range()?).map_err(of_idb)?;
    values.iter().map(decode_journal).collect()
}
