//! Appends a mutation to the queue, exactly once: a save that was not answered may be stored later.

use std::cell::Cell;

use futures::FutureExt;
use sync::{Json, Mutation, StoreError};

use crate::connection::Connection;
use crate::transaction::Mode;
use crate::{JOURNAL, MUTATION_QUEUE, queue, reserve};

/// Durably appends a mutation, and returns its number. If there is no space, deletes the reserve and tries once
/// more.
pub(crate) async fn save(connection: &Connection, mutation: &Mutation<Json>) -> Result<u64, StoreError> {
    let departures = connection.departures();
    // While a commit is requested and its result not known.
    let may_be_stored = Cell::new(false);
    let add = async || add(connection, mutation.clone(), &may_be_stored).await;
    let added = reserve::with(connection, add).await;
    if added.is_ok() || !(may_be_stored.get() || connection.departures() != departures) {
        return added;
    }
    let add = async || add_if_missing(connection, mutation, &may_be_stored).await;
    let added = reserve::with(connection, add).await;
    if added.is_err() && may_be_stored.get() { Err(StoreError::Undecided) } else { added }
}

async fn add(
    connection: &Connection,
    mutation: Mutation<Json>,
    may_be_stored: &Cell<bool>,
) -> Result<u64, StoreError> {
    // A person waits for this, so it uses one store only, and commits without waiting for the request.
    connection
        .run_once(&[MUTATION_QUEUE], Mode::WriteDurably, async |tx| {
            let given = queue::push(&tx.store(MUTATION_QUEUE)?, mutation)?;
            may_be_stored.set(true);
            let committed = tx.commit().await;
            may_be_stored.set(false);
            match committed {
                Ok(()) => given.await,
                // A transaction that aborts because of its request may not contain the reason.
                Err(error) => Err(match given.now_or_never() {
                    Some(Err(StoreError::Full)) => StoreError::Full,
                    _ => error,
                }),
            }
        })
        .await
}

/// Runs after an attempt that may have been stored. Transactions over one store run in the order in which they
/// were created, also those of other handles: when this one runs, that attempt has ended.
async fn add_if_missing(
    connection: &Connection,
    mutation: &Mutation<Json>,
    may_be_stored: &Cell<bool>,
) -> Result<u64, StoreError> {
    connection
        .run(&[MUTATION_QUEUE, JOURNAL], Mode::WriteDurably, async |tx| {
            let waiting = tx.store(MUTATION_QUEUE)?;
            if let Some(seq) = queue::seq_of_id(&waiting, mutation.id).await? {
                return Ok(seq);
            }
            if let Some(seq) = queue::journaled_seq_of_id(&tx.store(JOURNAL)?, mutation.id).await? {
                return Ok(seq);
            }
            may_be_stored.set(false);
            let given = queue::push(&waiting, mutation.clone())?;
            may_be_stored.set(true);
            let committed = tx.commit().await;
            may_be_stored.set(false);
            committed?;
            given.await
        })
        .await
}
