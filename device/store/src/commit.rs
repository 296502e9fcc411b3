//! Stores an answer's outcomes, rows and cursor in one transaction.

use rusqlite::Connection;
use sync::{
    Commit, Committed, JournalRecord, Json, QueueRecord, QueueState, Receipt, Records, Settlement,
    StoreError, UnixMillis,
};

use crate::database::Database;
use crate::fault::Kept;
use crate::rows::Writing;
use crate::schema::Kinds;
use crate::{meta, queue};

/// Stores an answer. Rows never use the reserved space; without room for them, only outcomes are kept.
pub(crate) fn store<M: Records>(
    database: &Database,
    commit: &Commit<M::Row>,
) -> Result<Committed, StoreError> {
    let has_rows = !commit.rows.is_empty() || commit.replaced.is_some();
    let decides = commit.known_seq < commit.last_outcome_seq || !commit.receipts.is_empty();
    if !has_rows || database.reserve.ensure()? {
        let stored = database.write_once(|tx| store_in::<M>(tx, &database.kinds, commit, true));
        if !(decides && stored == Err(StoreError::Full)) {
            return stored;
        }
    }
    if !decides {
        return Err(StoreError::Full);
    }
    database.write(|tx| store_in::<M>(tx, &database.kinds, commit, false))
}

fn store_in<M: Records>(
    tx: &Connection,
    kinds: &Kinds,
    commit: &Commit<M::Row>,
    has_room: bool,
) -> Kept<Committed> {
    let advanced = has_room && meta::cursor(tx)? == commit.from;
    let restored = commit.known_seq < commit.last_outcome_seq;
    let mut committed = Committed { advanced, ..Committed::default() };
    if restored {
        committed.requeued = requeue(tx, commit.known_seq)?;
    }
    let mut rows = Writing::new(tx, kinds);
    // Receipts first: the changes were read after the mutations were booked.
    decide::<M>(tx, &mut rows, commit, &mut committed)?;
    if advanced {
        if let Some(range) = &commit.replaced {
            rows.clear::<M>(range)?;
        }
        commit.rows.iter().cloned().try_for_each(|versioned| rows.put::<M>(versioned))?;
        commit.removed.iter().try_for_each(|removal| rows.remove::<M>(removal))?;
        meta::put_cursor(tx, &commit.cursor)?;
        meta::put(tx, meta::EPOCH, Some(&commit.epoch.to_string()))?;
    }
    rows.end()?;
    if restored || !commit.receipts.is_empty() {
        meta::count_up(tx, meta::QUEUE_CHANGES)?;
    }
    Ok(committed)
}

/// Applies the receipts. Those of unknown mutations are skipped.
fn decide<M: Records>(
    tx: &Connection,
    rows: &mut Writing<'_>,
    commit: &Commit<M::Row>,
    committed: &mut Committed,
) -> Kept<()> {
    let mut last_outcome_seq = meta::number(tx, meta::LAST_OUTCOME_SEQ)?;
    for receipt in &commit.receipts {
        let Some(settlement) = settle::<M>(tx, receipt, commit.at)? else { continue };
        if settlement == Settlement::Acknowledged {
            committed.acknowledged += 1;
        } else {
            committed.attention += 1;
        }
        last_outcome_seq = last_outcome_seq.max(receipt.seq);
        receipt.outcome.rows.iter().cloned().try_for_each(|versioned| rows.put::<M>(versioned))?;
        receipt.outcome.removed.iter().try_for_each(|removal| rows.remove::<M>(removal))?;
    }
    if !commit.receipts.is_empty() {
        meta::put_number(tx, meta::LAST_OUTCOME_SEQ, last_outcome_seq)?;
    }
    Ok(())
}

/// Moves the mutation of a receipt to the journal, or marks it for a person. `None` if none waits for this receipt.
fn settle<M: Records>(
    tx: &Connection,
    receipt: &Receipt<M::Row>,
    at: UnixMillis,
) -> Kept<Option<Settlement>> {
    let held = queue::get(tx, receipt.seq)?;
    let is_its = |record: &queue::Unread| record.mutation.id == receipt.id && record.is_pending();
    let Some(QueueRecord { mutation, .. }) = held.filter(is_its) else { return Ok(None) };
    let settlement = mutation.settlement(&receipt.outcome);
    let outcome = receipt.outcome.clone().try_with_rows(|row| Json::of(&row))?;
    match settlement {
        Settlement::Overtaken => return Ok(None),
        Settlement::Acknowledged => {
            queue::remove(tx, receipt.seq)?;
            queue::journal(tx, &JournalRecord { mutation, outcome, acknowledged_at: at })?;
        }
        Settlement::Attention => {
            queue::put(tx, &QueueRecord { mutation, state: QueueState::Attention(outcome) })?;
        }
    }
    Ok(Some(settlement))
}

/// Puts the mutations that the server lost, all above `known_seq`, back into the queue. The next exchange reports the
/// server's decisions since then again.
fn requeue(tx: &Connection, known_seq: u64) -> Kept<usize> {
    let lost = queue::take(tx, known_seq)?;
    let mut requeued = lost.len();
    let (waited, _) = queue::all_above(tx, known_seq)?;
    // The receipt said that it was booked before the withdrawal; the restored server has lost that booking.
    for record in waited.into_iter().filter(|record| record.mutation.withdrawn && !record.is_pending()) {
        queue::put(tx, &QueueRecord { state: QueueState::Pending, ..record })?;
        requeued += 1;
    }
    for JournalRecord { mutation, .. } in lost {
        queue::put(tx, &QueueRecord { mutation, state: QueueState::Pending })?;
    }
    let last_outcome_seq = meta::number(tx, meta::LAST_OUTCOME_SEQ)?.min(known_seq);
    meta::put_number(tx, meta::LAST_OUTCOME_SEQ, last_outcome_seq)?;
    Ok(requeued)
}
