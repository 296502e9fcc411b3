//! The rows that a device still lacks, and the ranges of its rows that differ.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Decided, Ledger, LedgerReceipt, LedgerRow};
use crate::audit::{AuditRequest, AuditResponse, Digest, MAX_REPAIR_ROWS, RangeDigest, Repair};
use crate::model::Records;
use crate::mutation::UnixMillis;
use crate::protocol::{
    Cursor, MAX_PULL_ROWS, PROTOCOL_VERSION, Progress, Removal, ReplacedRange, SyncRequest, SyncResponse,
    Versioned,
};

/// The part of a response that the cursor decides.
struct Pulled<R: Clone> {
    rows: Vec<Versioned<R>>,
    removed: Vec<Removal>,
    replaced: Option<ReplacedRange>,
    cursor: Cursor,
}

/// The position within a device's snapshot.
struct Position<'a> {
    rev: u64,
    table: &'a str,
    after: &'a str,
    progress: Progress,
}

impl<M: Records> Ledger<M> {
    /// Answers a request whose decisions were applied.
    pub fn answer<A>(
        &self,
        request: &SyncRequest<A>,
        decided: Decided<M::Row>,
        now: UnixMillis,
    ) -> SyncResponse<M::Row> {
        let Decided { known_seq, answers, .. } = decided;
        let tables: BTreeSet<&str> = request.tables.iter().map(|table| &**table).collect();
        // Builds that do not name their tables know all there were.
        let is_known = |table: &&str| tables.is_empty() || tables.contains(table);
        let tables: Vec<&'static str> = M::TABLES.iter().copied().filter(is_known).collect();
        let known: BTreeSet<&str> = tables.iter().copied().collect();
        let receipts = answers.into_iter().map(|receipt: LedgerReceipt| self.with_rows(receipt, &known));
        let receipts = receipts.collect();
        let max_rows = usize::try_from(request.max_rows).unwrap_or(usize::MAX).clamp(1, MAX_PULL_ROWS);
        let is_restored = known_seq < request.last_outcome_seq;
        let reaches = |rev: u64| {
            !is_restored && request.epoch.is_none_or(|epoch| epoch == self.epoch) && rev <= self.rev
        };
        let Pulled { rows, removed, replaced, cursor } = match &request.cursor {
            Cursor::Live { rev } if reaches(*rev) => self.changes(*rev, &known, max_rows),
            Cursor::Snapshot { rev, table, after, progress }
                if reaches(*rev) && known.contains(table.as_str()) =>
            {
                self.part(&tables, &Position { rev: *rev, table, after, progress: *progress }, max_rows)
            }
            Cursor::Start | Cursor::Live { .. } | Cursor::Snapshot { .. } => self.begin(&tables, max_rows),
        };
        let more = cursor != Cursor::Live { rev: self.rev };
        SyncResponse {
            protocol: PROTOCOL_VERSION,
            epoch: self.epoch,
            server_time: now,
            receipts,
            known_seq,
            site: None,
            rows,
            removed,
            replaced,
            cursor,
            more,
            tables: tables.iter().map(|table| Cow::Owned((*table).to_owned())).collect(),
        }
    }

    fn changes(&self, after: u64, tables: &BTreeSet<&str>, max_rows: usize) -> Pulled<M::Row> {
        let is_wanted = |held: &&LedgerRow<M::Row>| held.rev > after && tables.contains(&*held.key.table);
        let mut found: Vec<&LedgerRow<M::Row>> = self.rows.values().filter(is_wanted).collect();
        found.sort_by_key(|held| held.rev);
        let mut reached = self.rev;
        if let Some(first_too_many) = found.get(max_rows) {
            // One revision is never split over two answers: a single one may have more rows than wanted.
            let first = found.first().map_or(0, |held| held.rev);
            reached = if first_too_many.rev == first { first } else { first_too_many.rev - 1 };
            found.retain(|held| held.rev <= reached);
        }
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        found.iter().for_each(|held| held.add_to(&mut rows, &mut removed));
        Pulled { rows, removed, replaced: None, cursor: Cursor::Live { rev: reached } }
    }

    fn begin(&self, tables: &[&'static str], max_rows: usize) -> Pulled<M::Row> {
        let total = tables.iter().map(|table| self.rows(table).count()).sum::<usize>();
        let progress = Progress { done_rows: 0, total_rows: u64::try_from(total).unwrap_or(u64::MAX) };
        let table = tables.first().copied().unwrap_or_default();
        self.part(tables, &Position { rev: self.rev, table, after: "", progress }, max_rows)
    }

    /// The snapshot's next part: at most `max_rows` rows of one table.
    fn part(&self, tables: &[&'static str], position: &Position<'_>, max_rows: usize) -> Pulled<M::Row> {
        let Position { rev, table, after, progress } = *position;
        let live = self.range(table, after, None).filter(|held| held.row.is_some());
        let mut found: Vec<&LedgerRow<M::Row>> = live.take(max_rows + 1).collect();
        let is_last = found.len() <= max_rows;
        found.truncate(max_rows);
        let through = found.last().filter(|_| !is_last).map(|held| held.key.key.clone());
        let done_rows = progress.done_rows + u64::try_from(found.len()).unwrap_or(u64::MAX);
        let progress = Progress { done_rows, total_rows: progress.total_rows.max(done_rows) };
        let next = |table: &str, after: &str| Cursor::Snapshot {
            rev,
            table: table.to_owned(),
            after: after.to_owned(),
            progress,
        };
        let cursor = match (&through, tables.iter().skip_while(|name| **name != table).nth(1)) {
            (Some(through), _) => next(table, through),
            (None, Some(following)) => next(following, ""),
            (None, None) => Cursor::Live { rev },
        };
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        found.iter().for_each(|held| held.add_to(&mut rows, &mut removed));
        let replaced = Some(ReplacedRange { table: table.to_owned(), after: after.to_owned(), through });
        Pulled { rows, removed, replaced, cursor }
    }

    /// The ranges that differ from the device's, as they should be.
    ///
    /// # Errors
    /// When a row cannot be written as JSON.
    pub fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<M::Row>, serde_json::Error> {
        let mut repairs = Vec::new();
        // Otherwise the next pull begins a snapshot.
        if request.epoch == Some(self.epoch) && request.rev <= self.rev {
            let mut room = MAX_REPAIR_ROWS;
            for RangeDigest { range, digest } in &request.ranges {
                let held = || self.range(&range.table, &range.after, range.through.as_deref());
                // A range with later changes tells nothing yet.
                if room == 0 || held().any(|held| held.rev > request.rev) {
                    continue;
                }
                let live = held().filter_map(|held| Some((held, held.row.as_ref()?)));
                let mut own = Digest::default();
                let mut rows = Vec::new();
                for (held, row) in live {
                    own.add(&held.key.key, held.rev, &serde_json::to_string(row)?);
                    rows.push(Versioned { rev: held.rev, row: row.clone() });
                }
                if own.value() != *digest {
                    let repair = cut::<M>(range.clone(), rows, room);
                    room -= repair.rows.len();
                    repairs.push(repair);
                }
            }
        }
        Ok(AuditResponse { protocol: PROTOCOL_VERSION, epoch: self.epoch, repairs, compared: None })
    }
}

/// A range's rows; if there is no room for all of them, the beginning of the range.
fn cut<M: Records>(range: ReplacedRange, mut rows: Vec<Versioned<M::Row>>, room: usize) -> Repair<M::Row> {
    if rows.len() <= room {
        return Repair { range, rows };
    }
    rows.truncate(room);
    let through = rows.last().map(|last| M::key(&last.row).key);
    Repair { range: ReplacedRange { through, ..range }, rows }
}
