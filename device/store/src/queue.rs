//! Records of the queue and the journal, each a JSON text. Actions and rows in them are parsed for display only: a
//! record of another build is forwarded as it was written.

use rusqlite::{Connection, OptionalExtension as _};
use sync::{
    JournalRecord, JournalRecordOf, Json, MAX_BATCH_BYTES, Mutation, Outcome, QueueRecord, QueueRecordOf,
    QueueState, QueueVersion, Records,
};

use crate::fault::{Kept, corrupt};
use crate::meta;

/// Journal records kept: several weeks of mutations, and a few megabytes at most.
const MAX_JOURNAL_RECORDS: i64 = 10_000;

/// A record as stored and sent.
pub(crate) type Unread = QueueRecord<Json, Json>;

/// A number of a column, which holds signed ones only.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn decode(seq: i64, text: &str) -> Kept<Unread> {
    let mut record: Unread = serde_json::from_str(text)?;
    record.mutation.seq = unsigned(seq);
    Ok(record)
}

/// A mutation with its action as stored and sent.
pub(crate) fn unread<M: Records>(mutation: &Mutation<M::Action>) -> Kept<Mutation<Json>> {
    let action = Json::of(&mutation.action)?;
    Ok(mutation.clone().with_action(action))
}

/// A mutation with its action parsed; an earlier build may have written it.
pub(crate) fn read_mutation<M: Records>(mutation: Mutation<Json>) -> Kept<Mutation<M::Action>> {
    let action = M::read_action(mutation.schema, mutation.action.text())?;
    Ok(mutation.with_action(action))
}

fn read_outcome<M: Records>(outcome: Outcome<Json>) -> Kept<Outcome<M::Row>> {
    outcome.try_with_rows(|row| serde_json::from_str(row.text()).map_err(corrupt))
}

fn read_record<M: Records>(record: Unread) -> Kept<QueueRecordOf<M>> {
    let state = match record.state {
        QueueState::Pending => QueueState::Pending,
        QueueState::Attention(outcome) => QueueState::Attention(read_outcome::<M>(outcome)?),
    };
    Ok(QueueRecord { mutation: read_mutation::<M>(record.mutation)?, state })
}

/// Appends a mutation and returns its number.
pub(crate) fn push(connection: &Connection, mutation: &Mutation<Json>) -> Kept<u64> {
    let record = Unread { mutation: mutation.clone(), state: QueueState::Pending };
    let mut statement = connection.prepare_cached("INSERT INTO queue (attention, record) VALUES (0, ?1)")?;
    Ok(unsigned(statement.insert([serde_json::to_string(&record)?])?))
}

/// Stores a record at its `seq`.
pub(crate) fn put(connection: &Connection, record: &Unread) -> Kept<()> {
    let sql = "REPLACE INTO queue (seq, attention, record) VALUES (?1, ?2, ?3)";
    let text = serde_json::to_string(record)?;
    let values = (signed(record.mutation.seq), !record.is_pending(), text);
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// One record.
pub(crate) fn get(connection: &Connection, seq: u64) -> Kept<Option<Unread>> {
    let mut statement = connection.prepare_cached("SELECT record FROM queue WHERE seq = ?1")?;
    let text: Option<String> = statement.query_row([signed(seq)], |row| row.get(0)).optional()?;
    text.map(|text| decode(signed(seq), &text)).transpose()
}

/// Removes a record.
pub(crate) fn remove(connection: &Connection, seq: u64) -> Kept<()> {
    connection.prepare_cached("DELETE FROM queue WHERE seq = ?1")?.execute([signed(seq)])?;
    Ok(())
}

/// Every record above `above` that can be parsed, by ascending `seq`, and the number of those that cannot.
pub(crate) fn all_above(connection: &Connection, above: u64) -> Kept<(Vec<Unread>, usize)> {
    let sql = "SELECT seq, record FROM queue WHERE seq > ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([signed(above)])?;
    let (mut records, mut unreadable) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        match decode(row.get(0)?, row.get_ref(1)?.as_str().map_err(corrupt)?) {
            Ok(record) => records.push(record),
            Err(_) => unreadable += 1,
        }
    }
    Ok((records, unreadable))
}

/// Like [`all_above`] from the start, with actions and rows parsed.
pub(crate) fn all_read<M: Records>(connection: &Connection) -> Kept<(Vec<QueueRecordOf<M>>, usize)> {
    let (records, unreadable) = all_above(connection, 0)?;
    let count = records.len();
    let read: Vec<_> = records.into_iter().filter_map(|record| read_record::<M>(record).ok()).collect();
    let unreadable = unreadable + count - read.len();
    Ok((read, unreadable))
}

/// The version of the queue.
pub(crate) fn version(connection: &Connection) -> Kept<QueueVersion> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM queue")?;
    let last_seq = unsigned(statement.query_row([], |row| row.get(0))?);
    Ok(QueueVersion { changes: meta::number(connection, meta::QUEUE_CHANGES)?, last_seq })
}

/// The first pending mutations, and the total number of pending ones.
pub(crate) fn pending(connection: &Connection, max_mutations: usize) -> Kept<(Vec<Mutation<Json>>, usize)> {
    let mut counting = connection.prepare_cached("SELECT count(*) FROM queue WHERE attention = 0")?;
    let count: i64 = counting.query_row([], |row| row.get(0))?;
    let sql = "SELECT seq, record FROM queue WHERE attention = 0 ORDER BY seq LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([i64::try_from(max_mutations).unwrap_or(i64::MAX)])?;
    let (mut mutations, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let text = row.get_ref(1)?.as_str().map_err(corrupt)?;
        bytes += text.len();
        if bytes > MAX_BATCH_BYTES && !mutations.is_empty() {
            break;
        }
        // An unparsable record must not block the others.
        mutations.extend(decode(row.get(0)?, text).ok().map(|record| record.mutation));
    }
    Ok((mutations, usize::try_from(count).unwrap_or(usize::MAX)))
}

/// Adds a journal record, and deletes the oldest ones beyond the limit.
pub(crate) fn journal(connection: &Connection, record: &JournalRecord<Json, Json>) -> Kept<()> {
    let sql = "REPLACE INTO journal (seq, record) VALUES (?1, ?2)";
    let text = serde_json::to_string(record)?;
    connection.prepare_cached(sql)?.execute((signed(record.mutation.seq), text))?;
    let sql = "DELETE FROM journal WHERE seq <=
               (SELECT seq FROM journal ORDER BY seq DESC LIMIT 1 OFFSET ?1)";
    connection.prepare_cached(sql)?.execute([MAX_JOURNAL_RECORDS])?;
    Ok(())
}

/// The newest journal records that can be parsed, newest first.
pub(crate) fn newest<M: Records>(connection: &Connection, limit: usize) -> Kept<Vec<JournalRecordOf<M>>> {
    let mut statement = connection.prepare_cached("SELECT record FROM journal ORDER BY seq DESC")?;
    let (mut found, mut records) = (statement.query([])?, Vec::new());
    while records.len() < limit
        && let Some(row) = found.next()?
    {
        let text = row.get_ref(0)?.as_str().map_err(corrupt)?;
        records.extend(read_journal::<M>(text).ok());
    }
    Ok(records)
}

fn read_journal<M: Records>(text: &str) -> Kept<JournalRecordOf<M>> {
    let JournalRecord { mutation, outcome, acknowledged_at } = serde_json::from_str(text)?;
    let (mutation, outcome) = (read_mutation::<M>(mutation)?, read_outcome::<M>(outcome)?);
    Ok(JournalRecord { mutation, outcome, acknowledged_at })
}

/// Removes the journal records above `above` and returns them.
pub(crate) fn take(connection: &Connection, above: u64) -> Kept<Vec<JournalRecord<Json, Json>>> {
    let mut statement =
        connection.prepare_cached("SELECT record FROM journal WHERE seq > ?1 ORDER BY seq")?;
    let (mut found, mut records) = (statement.query([signed(above)])?, Vec::new());
    while let Some(row) = found.next()? {
        records.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(corrupt)?)?);
    }
    connection.prepare_cached("DELETE FROM journal WHERE seq > ?1")?.execute([signed(above)])?;
    Ok(records)
}
