//! One round: exchanges in sequence until no mutation is pending and there is nothing left to pull.
//!
//! A round may be dropped at any await, and several may run at once: the server replays stored outcomes, and
//! the store keeps rows only from an answer to its own cursor.

use std::borrow::Cow;

use futures::future::{OptionFuture, join};

use crate::clock::HeardTime;
use crate::model::{Records, RowKey};
use crate::mutation::UnixMillis;
use crate::protocol::{
    Cursor, MAX_BATCH_MUTATIONS, MAX_PULL_ROWS, PROTOCOL_VERSION, Progress, SyncRequest, SyncResponse,
};
use crate::site;
use crate::store::{Commit, Outbox, Store, StoreError};
use crate::transport::{Transport, TransportError};

/// Bounds of one round.
#[derive(Clone, Copy, Debug)]
pub struct RoundLimits {
    /// Mutations in one exchange.
    pub max_batch_mutations: usize,
    /// Rows in one answer.
    pub max_pull_rows: usize,
    /// Exchanges in one round; the remaining work waits for the next round.
    pub max_exchanges: usize,
}

impl Default for RoundLimits {
    fn default() -> Self {
        Self { max_batch_mutations: MAX_BATCH_MUTATIONS, max_pull_rows: MAX_PULL_ROWS, max_exchanges: 1_000 }
    }
}

/// Maximum number of changed keys that are listed; beyond this, listeners reload everything.
pub const MAX_NAMED_KEYS: usize = 500;

/// The rows that an exchange changed on the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Changed {
    /// None.
    #[default]
    Nothing,
    /// These.
    Rows(Vec<RowKey>),
    /// More than [`MAX_NAMED_KEYS`], or a part of a snapshot.
    Many,
}

/// Progress of a running round, after each exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoundProgress {
    /// Mutations decided so far.
    pub sent: usize,
    /// Mutations to send, those decided included.
    pub to_send: usize,
    /// The snapshot, while there is one.
    pub snapshot: Option<Progress>,
    /// The rows that the last exchange changed.
    pub changed: Changed,
    /// Whether the last exchange changed the queue.
    pub queue: bool,
}

/// Result of a finished round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundReport {
    /// Mutations booked.
    pub acknowledged: usize,
    /// Mutations that now need a person's attention.
    pub attention: usize,
    /// Rows and removals received.
    pub received: usize,
    /// Requests made.
    pub exchanges: usize,
    /// `false` when the limit of exchanges ended the round: another round is due at once.
    pub complete: bool,
    /// The revision reached; 0 while a snapshot runs.
    pub rev: u64,
    /// The server's time in the last prompt answer.
    pub heard: Option<HeardTime>,
}

/// The reason why a round ended early. Earlier commits are kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// The device's storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The exchange failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Runs one round. `now` is read for the journal and the server's time only; `on_progress` is called after every exchange.
///
/// # Errors
/// The first failure of either port.
pub async fn run_round<S: Store, T: Transport<S::Records>>(
    store: &S,
    transport: &T,
    limits: RoundLimits,
    now: impl Fn() -> UnixMillis,
    mut on_progress: impl FnMut(RoundProgress),
) -> Result<RoundReport, RoundError> {
    let mut report = RoundReport::default();
    let (mut ahead, mut has_tables) = (None, None);
    let mut held_site = site::held_site(store).await?;
    while report.exchanges < limits.max_exchanges {
        let outbox = store.outbox(limits.max_batch_mutations).await?;
        let pending = outbox.pending;
        let request_was_empty = outbox.mutations.is_empty();
        let mut request = request::<S::Records>(outbox, held_site.clone(), limits);
        let response = match ahead.take() {
            Some((asked, answer)) if asked == request => answer,
            _ => {
                request.sent_at = Some(now());
                transport.exchange(&request).await
            }
        }?;
        check::<S::Records>(&request, &response)?;
        held_site = site::of_answer(store, held_site, response.site.as_deref()).await?;
        let heard = request.sent_at.and_then(|at| HeardTime::of_answer(response.server_time, at, now()));
        report.heard = heard.or(report.heard);
        report.exchanges += 1;
        report.received += response.rows.len() + response.removed.len();
        report.rev = live_rev(&response.cursor);
        let more = response.more;
        let has = |table: &&str| response.tables.iter().any(|known| known == table);
        has_tables = Some(S::Records::TABLES.iter().all(has));
        let snapshot = snapshot_progress(&response.cursor);
        let changed = changed::<S::Records>(&response);
        let next = next_part::<S::Records>(&request, &response, held_site.clone());
        let committing = store.commit(commit(request.cursor, request.last_outcome_seq, response, now()));
        let fetching = OptionFuture::from(next.as_ref().map(|next| transport.exchange(next)));
        let (committed, fetched) = join(committing, fetching).await;
        let committed = committed?;
        ahead = next.zip(fetched);
        report.acknowledged += committed.acknowledged;
        report.attention += committed.attention;
        let sent = report.acknowledged + report.attention;
        let decided = committed.acknowledged + committed.attention;
        let left = pending.saturating_sub(decided) + committed.requeued;
        let queue = decided + committed.requeued > 0;
        on_progress(RoundProgress { sent, to_send: sent + left, snapshot, changed, queue });
        // Mutations that the store counts but cannot return belong to another build.
        let is_stuck = request_was_empty && committed.requeued == 0;
        if (left == 0 || is_stuck) && !more {
            report.complete = true;
            break;
        }
    }
    if let Some(has_tables) = has_tables {
        note_tables(store, has_tables).await?;
    }
    Ok(report)
}

/// The setting that exists while the server has every table of the build that wrote it: the version of the tables.
const SERVER_TABLES_SETTING: &str = "server_tables";

/// Whether the server has every table of this build, according to its last answer.
///
/// # Errors
/// [`StoreError`].
pub async fn server_has_tables<S: Store>(store: &S) -> Result<bool, StoreError> {
    let noted = store.setting(SERVER_TABLES_SETTING).await?;
    Ok(noted.is_some_and(|noted| noted == S::Records::TABLES_VERSION.to_string()))
}

async fn note_tables<S: Store>(store: &S, has_tables: bool) -> Result<(), StoreError> {
    if server_has_tables(store).await? == has_tables {
        return Ok(());
    }
    let version = has_tables.then(|| S::Records::TABLES_VERSION.to_string());
    store.put_setting(SERVER_TABLES_SETTING, version.as_deref()).await
}

/// The request for the snapshot's next part, sent while the current part is being stored. If the store's next
/// request turns out to be different, because a mutation was enqueued or another tab continued the snapshot,
/// its answer is dropped.
fn next_part<M: Records>(
    request: &SyncRequest<M::Action>,
    response: &SyncResponse<M::Row>,
    site: Option<String>,
) -> Option<SyncRequest<M::Action>> {
    let is_part = matches!(response.cursor, Cursor::Snapshot { .. });
    (is_part && response.more && request.mutations.is_empty()).then(|| SyncRequest {
        site,
        epoch: Some(response.epoch),
        cursor: response.cursor.clone(),
        sent_at: None,
        ..request.clone()
    })
}

/// The tables of `M`, for a request.
pub fn tables_of<M: Records>() -> Vec<Cow<'static, str>> {
    M::TABLES.iter().map(|table| Cow::Borrowed(*table)).collect()
}

fn request<M: Records>(
    outbox: Outbox<M::Action>,
    site: Option<String>,
    limits: RoundLimits,
) -> SyncRequest<M::Action> {
    SyncRequest {
        protocol: PROTOCOL_VERSION,
        client: outbox.client,
        site,
        epoch: outbox.epoch,
        last_outcome_seq: outbox.last_outcome_seq,
        mutations: outbox.mutations,
        cursor: outbox.cursor,
        scope: outbox.scope,
        tables: tables_of::<M>(),
        max_rows: u32::try_from(limits.max_pull_rows).unwrap_or(u32::MAX),
        sent_at: None,
    }
}

/// An answer must decide exactly the mutations of the request, in order: any other answer is not from our
/// server, and following it could lose a mutation or loop forever. Only a restored server sends no receipts,
/// because the device has to resend the lost mutations first.
fn check<M: Records>(
    request: &SyncRequest<M::Action>,
    response: &SyncResponse<M::Row>,
) -> Result<(), TransportError> {
    let asked = request.mutations.iter().map(|mutation| (mutation.seq, mutation.id));
    let answered = response.receipts.iter().map(|receipt| (receipt.seq, receipt.id));
    let restored = response.known_seq < request.last_outcome_seq && response.receipts.is_empty();
    // In a new epoch, a snapshot that starts again may stand at the position of the old one.
    let is_new_history = restored || request.epoch != Some(response.epoch);
    let moved = response.cursor != request.cursor || !response.more || is_new_history;
    let whole = response.protocol == PROTOCOL_VERSION && (restored || asked.eq(answered)) && moved;
    if whole { Ok(()) } else { Err(TransportError::Garbled) }
}

fn commit<R: Clone>(
    from: Cursor,
    last_outcome_seq: u64,
    response: SyncResponse<R>,
    at: UnixMillis,
) -> Commit<R> {
    let SyncResponse { epoch, receipts, known_seq, rows, removed, replaced, cursor, .. } = response;
    Commit { from, cursor, receipts, rows, removed, replaced, epoch, known_seq, last_outcome_seq, at }
}

fn changed<M: Records>(response: &SyncResponse<M::Row>) -> Changed {
    if response.replaced.is_some() {
        return Changed::Many;
    }
    let outcomes = || response.receipts.iter().map(|receipt| &receipt.outcome);
    let rows = response.rows.iter().chain(outcomes().flat_map(|outcome| &outcome.rows));
    let removed = response.removed.iter().chain(outcomes().flat_map(|outcome| &outcome.removed));
    let gone = removed.map(|removal| RowKey { table: removal.table.clone(), key: removal.key.clone() });
    let keys: Vec<RowKey> = rows.map(|held| M::key(&held.row)).chain(gone).take(MAX_NAMED_KEYS + 1).collect();
    match keys.len() {
        0 => Changed::Nothing,
        1..=MAX_NAMED_KEYS => Changed::Rows(keys),
        _ => Changed::Many,
    }
}

fn live_rev(cursor: &Cursor) -> u64 {
    match cursor {
        Cursor::Live { rev } => *rev,
        Cursor::Start | Cursor::Snapshot { .. } => 0,
    }
}

fn snapshot_progress(cursor: &Cursor) -> Option<Progress> {
    match cursor {
        Cursor::Snapshot { progress, .. } => Some(*progress),
        Cursor::Start | Cursor::Live { .. } => None,
    }
}
