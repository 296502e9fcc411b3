//! The unparsed mutations and cursors for the next exchange.

use sync::{Json, Outbox, StoreError};

use crate::connection::Connection;
use crate::meta::{CURSOR, cursor_of, number_of, read_texts};
use crate::rows::corrupt;
use crate::transaction::Mode;
use crate::{META, MUTATION_QUEUE, queue};

/// The highest `seq` with a stored outcome.
pub(crate) const LAST_OUTCOME_SEQ: &str = "last_outcome_seq";

/// Reads the outbox, with at most `max_mutations`.
pub(crate) async fn read(connection: &Connection, max_mutations: usize) -> Result<Outbox<Json>, StoreError> {
    let read = connection.run(&[META, MUTATION_QUEUE], Mode::Read, async |tx| {
        let (meta, queue) = (tx.store(META)?, tx.store(MUTATION_QUEUE)?);
        let texts = read_texts(&meta, ["client", "epoch", LAST_OUTCOME_SEQ, CURSOR, "scope"]);
        let both = async { futures::join!(texts, queue::pending(&queue, max_mutations)) };
        let (texts, waiting) = tx.last(both).await;
        Ok((texts?, waiting?))
    });
    let ([client, epoch, last_outcome_seq, cursor, scope], (mutations, pending)) = read.await?;
    Ok(Outbox {
        client: client.ok_or_else(|| corrupt("the client's id is missing"))?.parse().map_err(corrupt)?,
        epoch: epoch.map(|text| text.parse()).transpose().map_err(corrupt)?,
        last_outcome_seq: number_of(last_outcome_seq)?,
        cursor: cursor_of(cursor)?,
        scope: scope.unwrap_or_default(),
        mutations,
        pending,
    })
}
