//! Changes that the server did not book, on other devices and on this one.

use std::collections::BTreeSet;

use client::RecordError;
use domain::{Action, CONFLICTS, Conflict, Row, Warehouse, conflict_key};
use serde::{Deserialize, Serialize};
use sync::{Cursor, Model as _, Outcome, Read, Store, StoreError, Versioned, server_has_tables, sort_by};
use uuid::Uuid;

use super::Book;

/// Maximum conflicts shown.
const MAX_SHOWN_CONFLICTS: usize = 1_000;
const SETTING: &str = "own_conflicts";

/// This device's refused changes whose conflict rows have reached it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct OwnConflicts {
    /// The server's epoch. A restored server lacks rows that are still unsettled, so a missing row of another epoch
    /// proves nothing.
    epoch: Option<Uuid>,
    ids: BTreeSet<Uuid>,
}

impl Book {
    /// The conflicts of other devices, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let reads = [Read::Prefix { table: CONFLICTS, prefix: String::new(), limit: MAX_SHOWN_CONFLICTS }];
        let view = self.client().view(&reads, |key| key.table == CONFLICTS).await?.view;
        let queue = self.client().queue();
        // This device has the change itself, or has sent it again.
        let is_here = |id: Uuid| {
            let mut mutations = queue.iter().map(|record| &record.mutation);
            mutations.any(|mutation| mutation.id == id || mutation.replaces == Some(id))
        };
        let rows = view.rows.into_values().filter_map(|row| match row {
            Row::Conflict(conflict) if !is_here(conflict.id) => Some(conflict),
            _ => None,
        });
        let mut conflicts: Vec<Conflict> = rows.collect();
        sort_by(&mut conflicts, |a, b| b.at.cmp(&a.at));
        Ok(conflicts)
    }

    /// The outcome of a conflict of another device, with the row that its action edits as it is on this one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn outcome_of(&self, conflict: &Conflict) -> Result<Outcome<Row>, StoreError> {
        let Conflict { verdict, code, message, .. } = conflict.clone();
        let edited = conflict.action().and_then(|action| Warehouse::edits(&action));
        let mut rows = Vec::new();
        if let Some(key) = edited {
            let view = self.client().view(&[Read::Row(key.clone())], |wanted| *wanted == key).await?.view;
            rows.extend(view.rows.into_values().map(|row| Versioned { rev: 0, row }));
        }
        Ok(Outcome { verdict, code, message, rows, removed: Vec::new() })
    }

    /// Settles a conflict of another device for all devices.
    ///
    /// # Errors
    /// [`RecordError`]; it stays in the list.
    pub(crate) async fn close_conflict(&self, id: Uuid) -> Result<(), RecordError> {
        self.record(Action::CloseConflict { id }, 0).await.map(drop)
    }

    /// Drops a change of this device that was not booked, and its row on all devices.
    ///
    /// # Errors
    /// [`RecordError`]; the change stays, or was handled already.
    pub(crate) async fn give_up(&self, id: Uuid) -> Result<(), RecordError> {
        self.have_people().await?;
        self.may_drop(id)?;
        // The entry of somebody who may not close it for all leaves the queue, and its row stays in the inboxes.
        if server_has_tables(self.store()).await? && self.may_close_conflicts() {
            self.record_unasked(Action::CloseConflict { id }).await?;
        }
        self.client().discard(id).await
    }

    /// Whether the person who is signed in closes conflicts for all devices.
    pub(crate) fn may_close_conflicts(&self) -> bool {
        self.may_alone(&Action::CloseConflict { id: Uuid::nil() })
    }

    /// Undoes a pending change of this device.
    ///
    /// # Errors
    /// [`RecordError`]; the change stays, or was handled already.
    pub(crate) async fn withdraw(&self, id: Uuid) -> Result<(), RecordError> {
        self.have_people().await?;
        self.may_drop(id)?;
        self.client().discard(id).await
    }

    /// Drops changes of this device whose rows somebody has settled elsewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn follow_conflicts(&self) -> Result<(), StoreError> {
        let outbox = self.store().outbox(0).await?;
        // Rows may be missing until a snapshot is complete.
        if !matches!(outbox.cursor, Cursor::Live { .. }) {
            return Ok(());
        }
        let noted = self.store().setting(SETTING).await?;
        let noted: OwnConflicts = noted.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let is_same_life = noted.epoch == outbox.epoch;
        let mut own = OwnConflicts { epoch: outbox.epoch, ids: BTreeSet::new() };
        let queue = self.client().queue();
        for record in queue.iter().filter(|record| !record.is_pending()) {
            let id = record.mutation.id;
            if self.store().get(&conflict_key(id)).await?.is_some() {
                own.ids.insert(id);
            } else if is_same_life && noted.ids.contains(&id) {
                // It fails if another window is handling the change.
                drop(self.client().discard(id).await);
            }
        }
        if own == noted || (own.ids.is_empty() && noted.ids.is_empty()) {
            return Ok(());
        }
        let text = serde_json::to_string(&own).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store().put_setting(SETTING, Some(&text)).await
    }
}
