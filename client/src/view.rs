//! Rows as screens show them: the server's rows with the pending mutations folded in.

use std::collections::BTreeMap;

use sync::{Model, Read, Records, RowKey, Rows, Store, StoreError, Versioned, View, fold};

use crate::client::Client;
use crate::host::{Host, RowOf};
use crate::queue::Queue;

/// Maximum reads of a queue that keeps changing.
const MAX_VIEW_READS: usize = 20;

/// Stored rows, and the queue to fold over them.
#[derive(Debug)]
pub struct Base<M: Model> {
    /// The server's rows.
    pub rows: Rows<M::Row>,
    revs: BTreeMap<RowKey, u64>,
    queue: Queue<M>,
    site_rev: u64,
}

/// Rows with the pending mutations folded in.
#[derive(Debug)]
pub struct Shown<R> {
    /// The rows, and the keys of those with pending mutations.
    pub view: View<R>,
    revs: BTreeMap<RowKey, u64>,
    pub(crate) site_rev: u64,
}

impl<M: Model> Base<M> {
    /// Folds the queue over the rows; only rows accepted by `is_wanted` are kept.
    pub fn fold(self, is_wanted: impl Fn(&RowKey) -> bool) -> Shown<M::Row> {
        let pending = self.queue.iter().filter(|record| record.is_pending()).map(|record| &record.mutation);
        let view = fold::<M>(self.rows, pending, is_wanted);
        Shown { view, revs: self.revs, site_rev: self.site_rev }
    }
}

impl<R> Shown<R> {
    /// A row's revision on the server; 0 if the server has not seen it yet.
    pub fn rev(&self, key: &RowKey) -> u64 {
        self.revs.get(key).copied().unwrap_or(0)
    }
}

impl<H: Host> Client<H> {
    /// Reads rows and folds the pending mutations over them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn view(
        &self,
        reads: &[Read],
        is_wanted: impl Fn(&RowKey) -> bool,
    ) -> Result<Shown<RowOf<H>>, StoreError> {
        Ok(self.base(reads).await?.fold(is_wanted))
    }

    /// Reads rows together with the queue of the same moment: with another queue, a mutation would be missing
    /// or applied twice.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn base(&self, reads: &[Read]) -> Result<Base<H::Model>, StoreError> {
        for _ in 0..MAX_VIEW_READS {
            let found = self.noted(self.store().read(reads).await)?;
            if found.queue_version != self.0.mirror.version() {
                self.reload_queue().await?;
                continue;
            }
            let (mut revs, mut rows) = (BTreeMap::new(), Rows::new());
            for Versioned { rev, row } in found.rows {
                let key = H::Model::key(&row);
                revs.insert(key.clone(), rev);
                rows.insert(key, row);
            }
            return Ok(Base { rows, revs, queue: self.queue(), site_rev: found.site_rev });
        }
        Err(StoreError::Unavailable("the queue changed faster than it could be read".to_owned()))
    }
}
