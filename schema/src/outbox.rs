//! What the next exchange is to carry, unread.

use sync::{Json, Outbox, StoreError};

use crate::connection::Connection;
use crate::meta::{read_cursor, read_number, read_text};
use crate::rows::corrupt;
use crate::transaction::Mode;
use crate::{META, MUTATION_QUEUE, queue};

/// The highest `seq` with a stored outcome.
pub(crate) const LAST_OUTCOME_SEQ: &str = "last_outcome_seq";

/// Reads it, with at most `max_mutations`.
pub(crate) async fn read(connection: &Connection, max_mutations: usize) -> Result<Outbox<Json>, StoreError> {
    let tx = connection.begin(&[META, MUTATION_QUEUE], Mode::Read).await?;
    let meta = tx.store(META)?;
    let client = read_text(&meta, "client").await?.ok_or_else(|| corrupt("the client's id is missing"))?;
    let epoch = read_text(&meta, "epoch").await?;
    let (mutations, pending) = queue::pending(&tx.store(MUTATION_QUEUE)?, max_mutations).await?;
    Ok(Outbox {
        client: client.parse().map_err(corrupt)?,
        epoch: epoch.map(|text| text.parse()).transpose().map_err(corrupt)?,
        last_outcome_seq: read_number(&meta, LAST_OUTCOME_SEQ).await?,
        cursor: read_cursor(&meta).await?,
        scope: read_text(&meta, "scope").await?.unwrap_or_default(),
        mutations,
        pending,
    })
}
