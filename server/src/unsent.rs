//! Books a file of unsent mutations that a device could not send itself.

use domain::Row;
use sync::{MAX_BATCH_MUTATIONS, Mutation, OTHER_SITE, Receipt, UnixMillis, Unsent};
use uuid::Uuid;

use crate::booking::{Batch, DecodedAction, Scope, decoded, shortened};
use crate::store::{Store, StoreFault};

/// Books the file's mutations under their device's own numbers: if the device sends them after all, it gets
/// their receipts. A file of another site is refused: its work would be booked there. Returns a receipt for each.
///
/// # Errors
/// [`StoreFault`], `other_site` for such a file; batches before the failing one are booked, and booking the file again books the rest.
pub async fn book_unsent(
    store: &dyn Store,
    site: &str,
    unsent: Unsent,
    now: UnixMillis,
) -> Result<Vec<Receipt<Row>>, StoreFault> {
    let other_site = match &unsent.site {
        Some(named) => Some(named.clone()).filter(|named| named != site),
        // Files of earlier builds do not name it.
        None => store.other_site_of(site, unsent.client, None).await?,
    };
    if let Some(other) = other_site {
        // A file may have any text there, and the sentence goes to a terminal.
        let other = shortened(&other).escape_debug().to_string();
        let message = format!(
            "The file has the work of site \"{other}\", not of \"{site}\". Import it with --site {other}."
        );
        return Err(StoreFault::invalid(OTHER_SITE, message));
    }
    let mut receipts = Vec::with_capacity(unsent.mutations.len());
    let mutations: Vec<Mutation<DecodedAction>> = unsent.mutations.into_iter().map(decoded).collect();
    for part in mutations.chunks(MAX_BATCH_MUTATIONS) {
        let batch = Batch {
            site: site.to_owned(),
            device: Uuid::nil(),
            device_name: None,
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
