//! Books a file of unsent mutations that a device could not send itself.

use domain::Row;
use sync::{MAX_BATCH_MUTATIONS, Mutation, Receipt, UnixMillis, Unsent};
use uuid::Uuid;

use crate::booking::{Batch, DecodedAction, Scope, decoded};
use crate::store::{Store, StoreFault};

/// Books the file's mutations under their device's own numbers: if the device sends them after all, it gets
/// their receipts. Returns a receipt for each.
///
/// # Errors
/// [`StoreFault`]; batches before the failing one are booked, and booking the file again books the rest.
pub async fn book_unsent(
    store: &dyn Store,
    site: &str,
    unsent: Unsent,
    now: UnixMillis,
) -> Result<Vec<Receipt<Row>>, StoreFault> {
    let mut receipts = Vec::with_capacity(unsent.mutations.len());
    let mutations: Vec<Mutation<DecodedAction>> = unsent.mutations.into_iter().map(decoded).collect();
    for part in mutations.chunks(MAX_BATCH_MUTATIONS) {
        let batch = Batch {
            site: site.to_owned(),
            device: Uuid::nil(),
            client: unsent.client,
            mutations: part.to_vec(),
            scope: Scope::EVERYTHING,
            last_outcome_seq: 0,
            now,
        };
        receipts.extend(store.push(batch).await?.receipts);
    }
    Ok(receipts)
}
