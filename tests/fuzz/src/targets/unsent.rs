//! Files of unsent work, booked by the server or taken over by a device.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use domain::Warehouse;
use server::DEFAULT_SITE;
use server::store::StoreFault;
use server::unsent::book_unsent;
use sync::memory::MemoryStore;
use sync::{Store as _, UnixMillis, Unsent, UnsentError};
use uuid::Uuid;

use crate::site::Site;

const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

pub(super) fn unsent_file(data: &[u8]) -> Result<()> {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let Ok(unsent) = Unsent::read(text) else { return Ok(()) };
    let written = serde_json::to_string(&unsent)?;
    assert_eq!(Unsent::read(&written)?, unsent, "{written}");
    let site = Site::open()?;
    booked_by_the_server(&site, &unsent)?;
    site.run(taken_in_by_a_device(unsent))
}

fn booked_by_the_server(site: &Site, unsent: &Unsent) -> Result<()> {
    let before = site.content()?;
    let receipts = match site.run(book_unsent(site.store(), DEFAULT_SITE, unsent.clone(), NOW)) {
        Ok(receipts) => receipts,
        Err(StoreFault::Invalid { .. }) => {
            assert_eq!(site.content()?, before, "a refused file changed something");
            return Ok(());
        }
        Err(fault) => bail!(fault),
    };
    assert_eq!(receipts.len(), unsent.mutations.len());
    site.assert_books_balance()?;
    let booked = site.content()?;
    let again =
        site.run(book_unsent(site.store(), DEFAULT_SITE, unsent.clone(), NOW)).context("a second time")?;
    assert_eq!(site.content()?, booked, "a file booked twice changed something");
    for (first, again) in receipts.iter().zip(&again) {
        assert_eq!(
            (first.seq, first.id, first.outcome.verdict),
            (again.seq, again.id, again.outcome.verdict)
        );
    }
    Ok(())
}

async fn taken_in_by_a_device(unsent: Unsent) -> Result<()> {
    let store = MemoryStore::<Warehouse>::new(Uuid::from_u128(0xDE), "all");
    let taken = match unsent.clone().take_in(&store, NOW).await {
        Ok(taken) => taken,
        Err(UnsentError::BadEntry { .. } | UnsentError::TooOld) => {
            assert_eq!(store.queue().await?.records, [], "a refused file was taken in");
            return Ok(());
        }
        Err(error) => bail!(error),
    };
    assert_eq!(taken.added + taken.skipped, unsent.mutations.len());
    let queue = store.queue().await?.records;
    let ids: BTreeSet<Uuid> = queue.iter().map(|record| record.mutation.id).collect();
    assert_eq!(ids.len(), queue.len(), "a mutation is in the queue twice");
    let again = unsent.take_in(&store, NOW).await?;
    assert_eq!(again.added, 0, "a mutation was taken over twice");
    Ok(())
}
