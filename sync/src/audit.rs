//! The audit: compares the device's rows with the server's, a few ranges at a time.
//!
//! Cursors keep both sides equal as long as no component has a bug or loses data. The audit does not rely on
//! that: it digests the rows that the store really holds, and fetches only the ranges that differ.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::Records;
use crate::mutation::UnixMillis;
use crate::protocol::{Cursor, PROTOCOL_VERSION, ReplacedRange, Versioned};
use crate::round::{RoundError, server_has_tables};
use crate::site::held_site;
use crate::store::{Commit, Store};
use crate::transport::{Transport, TransportError};

/// Ranges in one audit request.
pub const MAX_AUDIT_RANGES: usize = 40;
/// Rows in one audit answer: a range with more rows is truncated.
pub const MAX_REPAIR_ROWS: usize = 10_000;
/// Rows after which a server compares no further range of a request.
pub const MAX_AUDIT_ROWS: usize = 20_000;

/// The setting that stores the position of the audit.
const AUDIT_SETTING: &str = "audit";
/// Minimum time between two parts of a background audit.
const MIN_AUDIT_GAP_MILLIS: u64 = 50_000;

/// The digest of one side's rows in a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeDigest {
    /// The range.
    pub range: ReplacedRange,
    /// The [`Digest`] of its rows, by ascending key.
    pub digest: u64,
}

/// Asks whether these ranges match the server's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRequest {
    /// [`PROTOCOL_VERSION`] of the sender.
    pub protocol: u32,
    /// The site whose data the device holds. Not sent by builds before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The epoch of the server's data that `rev` belongs to.
    pub epoch: Option<Uuid>,
    /// The revision that the device has reached. A range with later changes cannot be compared yet.
    pub rev: u64,
    /// The device's scope.
    pub scope: String,
    /// At most [`MAX_AUDIT_RANGES`], by rising keys within each table, and without overlaps.
    pub ranges: Vec<RangeDigest>,
}

/// The answer to an [`AuditRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditResponse<R: Clone> {
    /// [`PROTOCOL_VERSION`] of the server.
    pub protocol: u32,
    /// The epoch of the server's data.
    pub epoch: Uuid,
    /// The ranges that differ, with the server's rows.
    pub repairs: Vec<Repair<R>>,
    /// The number of ranges compared, from the first on; none for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<usize>,
}

/// A range that differed, with all its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repair<R: Clone> {
    /// The range, or its beginning if it was truncated.
    pub range: ReplacedRange,
    /// Its rows within the scope, by ascending key.
    pub rows: Vec<Versioned<R>>,
}

/// FNV-1a over rows in key order: key, revision and JSON of each row.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds the next row.
    pub fn add(&mut self, key: &str, rev: u64, json: &str) {
        // A zero byte ends each part: neither keys nor JSON contain one.
        for bytes in [key.as_bytes(), &[0], &rev.to_be_bytes(), json.as_bytes(), &[0]] {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }

    /// The digest of all added rows.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// The position from which an audit continues: after this key of this table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPosition {
    /// The table.
    pub table: String,
    /// The last key compared; empty before the first.
    pub after: String,
}

/// Bounds of one part of an audit.
#[derive(Clone, Copy, Debug)]
pub struct AuditLimits {
    /// Rows in a range; at most half of [`MAX_REPAIR_ROWS`], so that truncated repairs make progress.
    pub range_rows: usize,
    /// Ranges compared; at most [`MAX_AUDIT_RANGES`].
    pub max_ranges: usize,
}

impl Default for AuditLimits {
    fn default() -> Self {
        Self { range_rows: 250, max_ranges: 10 }
    }
}

/// Result of one part of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Start of the next part; `None` once every table was compared.
    pub next: Option<AuditPosition>,
    /// Rows compared.
    pub checked_rows: usize,
    /// Ranges that differed and were repaired.
    pub repaired_ranges: usize,
}

/// Compares the next ranges after `position` (`None`: from the beginning) and repairs those that differ.
/// No-op while a snapshot is downloading.
///
/// # Errors
/// The first failure of either port.
pub async fn audit_part<S: Store, T: Transport<S::Records>>(
    store: &S,
    transport: &T,
    position: Option<AuditPosition>,
    limits: AuditLimits,
    now: impl Fn() -> UnixMillis,
) -> Result<AuditReport, RoundError> {
    let outbox = store.outbox(0).await?;
    let Cursor::Live { rev } = outbox.cursor else { return Ok(AuditReport::default()) };
    let mut report = AuditReport::default();
    let has_tables = server_has_tables(store).await?;
    let mut digested = digests(store, position, limits, &mut report).await?;
    // A server of an older build refuses ranges of tables that it does not have; those are empty on the device.
    digested.retain(|(_, rows)| has_tables || rows.is_some());
    let (ranges, rows): (Vec<RangeDigest>, Vec<Option<usize>>) = digested.into_iter().unzip();
    let request = AuditRequest {
        protocol: PROTOCOL_VERSION,
        site: held_site(store).await?,
        epoch: outbox.epoch,
        rev,
        scope: outbox.scope.clone(),
        ranges,
    };
    let response = transport.audit(&request).await?;
    check(&request, &response)?;
    let compared = response.compared.unwrap_or(rows.len());
    report.checked_rows = rows.iter().take(compared).flatten().sum();
    if let Some(RangeDigest { range, .. }) = request.ranges.get(compared) {
        report.next = Some(AuditPosition { table: range.table.clone(), after: range.after.clone() });
    }
    for Repair { range, rows } in response.repairs {
        let cursor = outbox.cursor.clone();
        let committed = store
            .commit(Commit {
                from: cursor.clone(),
                cursor,
                receipts: Vec::new(),
                rows,
                removed: Vec::new(),
                replaced: Some(range),
                epoch: response.epoch,
                known_seq: outbox.last_outcome_seq,
                last_outcome_seq: outbox.last_outcome_seq,
                at: now(),
            })
            .await?;
        report.repaired_ranges += usize::from(committed.advanced);
    }
    Ok(report)
}

/// The position of the audit, stored as a setting.
#[derive(Default, Serialize, Deserialize)]
struct Audit {
    position: Option<AuditPosition>,
    at: UnixMillis,
}

/// Audits the next part, unless the previous part was audited less than 50 seconds ago. Every row of a large
/// book is compared within a few hours.
///
/// # Errors
/// As [`audit_part`].
pub async fn audit_when_due<S: Store, T: Transport<S::Records>>(
    store: &S,
    transport: &T,
    now: impl Fn() -> UnixMillis,
) -> Result<AuditReport, RoundError> {
    let setting = store.setting(AUDIT_SETTING).await?;
    let audit: Audit = setting.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let begun = now();
    // A clock that was set back must not delay the audit.
    if audit.at <= begun && begun.since(audit.at) < MIN_AUDIT_GAP_MILLIS {
        return Ok(AuditReport::default());
    }
    let report = audit_part(store, transport, audit.position, AuditLimits::default(), &now).await?;
    let next = Audit { position: report.next.clone(), at: begun };
    let text = serde_json::to_string(&next).map_err(|_| TransportError::Garbled)?;
    store.put_setting(AUDIT_SETTING, Some(&text)).await?;
    Ok(report)
}

/// Digests ranges from `position` up to the limit or the end of the last table, each with its number of rows; none if its
/// table is empty.
async fn digests<S: Store>(
    store: &S,
    position: Option<AuditPosition>,
    limits: AuditLimits,
    report: &mut AuditReport,
) -> Result<Vec<(RangeDigest, Option<usize>)>, RoundError> {
    let is_there = |position: &AuditPosition| S::Records::TABLES.contains(&position.table.as_str());
    let start = || AuditPosition {
        table: S::Records::TABLES.first().copied().unwrap_or_default().to_owned(),
        after: String::new(),
    };
    let mut at = position.filter(is_there).unwrap_or_else(start);
    let range_rows = limits.range_rows.clamp(1, MAX_REPAIR_ROWS / 2);
    let mut ranges = Vec::new();
    while ranges.len() < limits.max_ranges.min(MAX_AUDIT_RANGES) {
        let tables = S::Records::TABLES;
        let Some(place) = tables.iter().position(|name| *name == at.table) else { return Ok(ranges) };
        let (table, following) = (tables[place], tables.get(place + 1));
        let rows = store.scan(table, "", &at.after, range_rows).await?;
        let (digest, last) = digest_of::<S::Records>(&rows)?;
        let count = (!rows.is_empty() || !at.after.is_empty()).then_some(rows.len());
        let through = last.filter(|_| rows.len() >= range_rows);
        let AuditPosition { table, after } = at;
        at = match (&through, following) {
            (Some(through), _) => AuditPosition { table: table.clone(), after: through.clone() },
            (None, Some(following)) => AuditPosition { table: (*following).to_owned(), after: String::new() },
            (None, None) => {
                let range = ReplacedRange { table, after, through };
                ranges.push((RangeDigest { range, digest }, count));
                return Ok(ranges);
            }
        };
        ranges.push((RangeDigest { range: ReplacedRange { table, after, through }, digest }, count));
    }
    report.next = Some(at);
    Ok(ranges)
}

fn digest_of<M: Records>(rows: &[Versioned<M::Row>]) -> Result<(u64, Option<String>), RoundError> {
    let (mut digest, mut last) = (Digest::default(), None);
    for Versioned { rev, row } in rows {
        let key = M::key(row).key;
        let json = serde_json::to_string(row).map_err(|_| TransportError::Garbled)?;
        digest.add(&key, *rev, &json);
        last = Some(key);
    }
    Ok((digest.value(), last))
}

/// Repairs must be of requested ranges and of the same epoch.
fn check<R: Clone>(request: &AuditRequest, response: &AuditResponse<R>) -> Result<(), TransportError> {
    let asked = |range: &ReplacedRange| {
        request
            .ranges
            .iter()
            .any(|asked| asked.range.table == range.table && asked.range.after == range.after)
    };
    let is_ours = response.protocol == PROTOCOL_VERSION
        && (request.epoch == Some(response.epoch) || response.repairs.is_empty());
    // Without progress the audit would not end.
    let goes_on = response.compared != Some(0) || request.ranges.is_empty();
    let whole = is_ours && goes_on && response.repairs.iter().all(|repair| asked(&repair.range));
    if whole { Ok(()) } else { Err(TransportError::Garbled) }
}
