//! A file of unsent mutations: it rescues mutations from a device that will never reach the server again.
//!
//! Importing a file twice, or after the device has sent the same mutations after all, is a no-op: the server
//! books an id once, whichever device sends it. It knows the id for [`MIN_RECEIPT_DAYS`], so a device takes in no older work.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::Records;
use crate::mutation::{Mutation, UnixMillis};
use crate::protocol::OtherSite;
use crate::relay::Json;
use crate::site::held_site;
use crate::sort::set_of;
use crate::store::{Store, StoreError};

/// The format name inside the file.
pub const UNSENT_FORMAT: &str = "unsent-work";
/// The version of the format.
pub const UNSENT_VERSION: u32 = 1;
/// The highest `seq` of a mutation: databases store signed numbers.
const MAX_SEQ: u64 = i64::MAX.unsigned_abs();
/// Days for which a server keeps the receipt of a mutation at least. While it does, the mutation is booked once, whichever
/// device sends it.
pub const MIN_RECEIPT_DAYS: u32 = 180;
const MILLIS_A_DAY: u64 = 24 * 60 * 60 * 1_000;
/// Mutations in one file.
pub const MAX_UNSENT_MUTATIONS: usize = 100_000;

/// The file. Actions keep their original JSON; the schema of each mutation tells how to parse it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsent {
    /// [`UNSENT_FORMAT`].
    pub format: String,
    /// [`UNSENT_VERSION`].
    pub version: u32,
    /// The id of the database that the mutations were queued in.
    pub client: Uuid,
    /// The site that they are of. Files of builds before it do not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The time of the export, by the device's clock.
    pub written_at: UnixMillis,
    /// By ascending `seq`.
    pub mutations: Vec<Mutation<Json>>,
}

/// The reason why a file was not imported. None of its entries was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsentError {
    /// It has another format, or is truncated.
    #[error("not a whole file of unsent work: {0}")]
    Unreadable(String),
    /// A newer build of the app wrote it.
    #[error("the file has version {0}, and this build reads versions up to {max}", max = UNSENT_VERSION)]
    Newer(u32),
    /// An entry cannot be parsed.
    #[error("entry {seq} cannot be read by this build: {reason}")]
    BadEntry {
        /// The `seq` of the entry.
        seq: u64,
        /// The reason.
        reason: String,
    },
    /// It has the work of another site than this device.
    #[error("a file of site {}, on a device that holds site {}", .0.asked, .0.held)]
    OtherSite(OtherSite),
    /// It has work that is so old that the server may not know any more whether it was booked.
    #[error("work older than {days} days may have been booked, and the server could not tell", days = MIN_RECEIPT_DAYS)]
    TooOld,
    /// It has too many entries.
    #[error("{0} entries, of at most {max}", max = MAX_UNSENT_MUTATIONS)]
    TooLong(usize),
    /// The device could not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// Entries added to this device's queue.
    pub added: usize,
    /// Entries that were already queued, or had been withdrawn.
    pub skipped: usize,
}

impl Unsent {
    /// All queued mutations of `store`. Pass a [`Store::relay`]: only a relay returns the records of other
    /// builds, and each action's original JSON.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(store: &impl Store, now: UnixMillis) -> Result<Self, StoreError> {
        let client = store.outbox(0).await?.client;
        let records = store.queue().await?.records;
        let pending = records.into_iter().filter(|record| record.is_pending()).map(|record| record.mutation);
        let mutations = pending.map(unread).collect::<Result<_, _>>()?;
        Ok(Self {
            format: UNSENT_FORMAT.to_owned(),
            version: UNSENT_VERSION,
            client,
            site: held_site(store).await?,
            written_at: now,
            mutations,
        })
    }

    /// Parses a file.
    ///
    /// # Errors
    /// [`UnsentError`].
    pub fn read(text: &str) -> Result<Self, UnsentError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let unreadable = |error: serde_json::Error| UnsentError::Unreadable(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(unreadable)?;
        if head.format != UNSENT_FORMAT {
            return Err(UnsentError::Unreadable("another format".to_owned()));
        }
        if head.version > UNSENT_VERSION {
            return Err(UnsentError::Newer(head.version));
        }
        let unsent: Self = serde_json::from_str(text).map_err(unreadable)?;
        if unsent.mutations.len() > MAX_UNSENT_MUTATIONS {
            return Err(UnsentError::TooLong(unsent.mutations.len()));
        }
        if !unsent.mutations.is_sorted_by(|a, b| a.seq < b.seq) {
            return Err(UnsentError::Unreadable("its entries are out of order".to_owned()));
        }
        if !unsent.mutations.iter().all(|mutation| (1..=MAX_SEQ).contains(&mutation.seq)) {
            return Err(UnsentError::Unreadable("the number of an entry is out of range".to_owned()));
        }
        Ok(unsent)
    }

    /// Adds the entries to `store`'s queue, under their own ids. An interrupted import can be repeated. `now` is the server's
    /// clock.
    ///
    /// # Errors
    /// [`UnsentError`]. If one entry cannot be parsed, the file is of another site, or it has old work, no entry is added.
    pub async fn take_in<S: Store>(self, store: &S, now: UnixMillis) -> Result<TakenIn, UnsentError> {
        if let (Some(held), Some(asked)) = (held_site(store).await?, self.site)
            && held != asked
        {
            return Err(UnsentError::OtherSite(OtherSite { held, asked }));
        }
        // Work may have been booked from when it was done, not only from when the file was written.
        let times = self.mutations.iter().map(|mutation| mutation.captured_at).chain([self.written_at]);
        if times.min().is_some_and(|oldest| now.since(oldest) > u64::from(MIN_RECEIPT_DAYS) * MILLIS_A_DAY) {
            return Err(UnsentError::TooOld);
        }
        let mut drafts = Vec::with_capacity(self.mutations.len());
        for mutation in self.mutations {
            let (seq, schema) = (mutation.seq, mutation.schema);
            let bad = |reason: String| UnsentError::BadEntry { seq, reason };
            if schema > S::Records::SCHEMA {
                return Err(bad(format!("it is of version {schema}")));
            }
            let action = S::Records::read_action(schema, mutation.action.text())
                .map_err(|error| bad(error.to_string()))?;
            drafts.push(mutation.with_action(action));
        }
        let queued = store.queue().await?.records.into_iter().map(|record| record.mutation.id);
        let sent = store.journal(usize::MAX).await?.into_iter().map(|record| record.mutation.id);
        let mut here = set_of(queued.chain(sent));
        let mut taken = TakenIn::default();
        for mutation in drafts {
            if mutation.withdrawn || !here.insert(mutation.id) {
                taken.skipped += 1;
            } else {
                store.enqueue(mutation.into_draft()).await?;
                taken.added += 1;
            }
        }
        Ok(taken)
    }
}

fn unread<A: Serialize>(mutation: Mutation<A>) -> Result<Mutation<Json>, StoreError> {
    let action = Json::of(&mutation.action).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(mutation.with_action(action))
}
