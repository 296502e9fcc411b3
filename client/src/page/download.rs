//! Rows that are fetched outside a round, because a person wants them now.

use browser::{get_json, now};
use sync::{Changed, Commit, Model, Outbox, RelayedRow, Store, StoreError, TransportError, Versioned};

use super::host::PageClient;

/// The wait for an answer. A person waits with it.
const DOWNLOAD_TIMEOUT_MILLIS: u32 = 10_000;

/// Why rows were not fetched or not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The server gave no answer that counts.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The device could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<M: Model> PageClient<M> {
    /// Fetches a JSON list of [`Versioned`] rows from `path` and keeps them. `false` where the server has none (404).
    ///
    /// # Errors
    /// [`DownloadError`]; nothing was kept.
    pub async fn download(&self, path: &str) -> Result<bool, DownloadError> {
        let asked_at = self.store().outbox(0).await?;
        let rows = get_json::<Vec<Versioned<M::Row>>>(path, DOWNLOAD_TIMEOUT_MILLIS).await?;
        let Some(rows) = rows else { return Ok(false) };
        self.keep(&rows, asked_at).await?;
        Ok(true)
    }

    /// Keeps rows of the server's. `asked_at` is the outbox before they were asked for: they count only while the cursor
    /// is still there. The cursor stays, so the next round brings the same rows or newer ones.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was kept.
    pub async fn keep(
        &self,
        rows: &[Versioned<M::Row>],
        asked_at: Outbox<M::Action>,
    ) -> Result<(), StoreError> {
        let keys = rows.iter().map(|held| M::key(&held.row)).collect();
        let relayed =
            |held: &Versioned<M::Row>| Ok(Versioned { rev: held.rev, row: RelayedRow::of(&held.row)? });
        let rows: Result<_, serde_json::Error> = rows.iter().map(relayed).collect();
        let commit = Commit {
            from: asked_at.cursor.clone(),
            cursor: asked_at.cursor,
            receipts: Vec::new(),
            rows: rows.map_err(|error| StoreError::Corrupt(error.to_string()))?,
            removed: Vec::new(),
            replaced: None,
            epoch: asked_at.epoch.unwrap_or_default(),
            known_seq: 0,
            last_outcome_seq: 0,
            at: now(),
        };
        self.relay().commit(commit).await?;
        self.rows_stored(Changed::Rows(keys)).await;
        Ok(())
    }
}
