//! Request bodies, posted to the complete router.

use anyhow::{Context, Result};
use domain::Row;
use serde_json::Value;
use sync::{AuditResponse, ErrorBody, SyncResponse, Versioned};

use super::rows::check_row;
use crate::site::Site;

pub(super) fn sync_body(data: &[u8]) -> Result<()> {
    let site = Site::open()?;
    let before = site.content()?;
    let (status, answer) = site.post("/api/sync", data)?;
    if !status.is_success() {
        check_refusal(status.as_u16(), &answer)?;
        assert_eq!(site.content()?, before, "a refused request changed something");
        return Ok(());
    }
    let answer: SyncResponse<Row> = serde_json::from_slice(&answer).context("the answer")?;
    // The server skips unknown fields even if they hold invalid UTF-8, which `Value` refuses.
    if let Ok(request) = serde_json::from_slice(data) {
        check_receipts(&request, &answer);
    }
    let outcomes = answer.receipts.iter().flat_map(|receipt| &receipt.outcome.rows);
    for Versioned { rev, row } in answer.rows.iter().chain(outcomes) {
        check_row(row)?;
        assert!(*rev > 0);
    }
    site.assert_books_balance()?;
    check_replay(&site, data, &answer)
}

fn check_refusal(status: u16, answer: &[u8]) -> Result<()> {
    let ErrorBody { code, message, .. } = serde_json::from_slice(answer).context("the refusal")?;
    assert!((400..500).contains(&status), "{status} {code}: {message}");
    assert!(!code.is_empty() && message.ends_with('.'), "{code}: {message}");
    Ok(())
}

/// One receipt per mutation, in order, or none at all if the device holds outcomes that the server does not
/// know.
fn check_receipts(request: &Value, answer: &SyncResponse<Row>) {
    let none = Vec::new();
    let sent = request["mutations"].as_array().unwrap_or(&none);
    if request["last_outcome_seq"].as_u64().unwrap_or(0) > answer.known_seq {
        assert!(answer.receipts.is_empty());
        return;
    }
    let answered: Vec<u64> = answer.receipts.iter().map(|receipt| receipt.seq).collect();
    let sent: Vec<u64> = sent.iter().filter_map(|mutation| mutation["seq"].as_u64()).collect();
    assert_eq!(answered, sent);
}

/// Sends the request again: the receipts are the same and nothing changes.
fn check_replay(site: &Site, data: &[u8], first: &SyncResponse<Row>) -> Result<()> {
    let booked = site.content()?;
    let (status, again) = site.post("/api/sync", data)?;
    assert!(status.is_success(), "{}", String::from_utf8_lossy(&again));
    assert_eq!(site.content()?, booked, "a replay changed something");
    let again: SyncResponse<Row> = serde_json::from_slice(&again)?;
    let outcomes = |answer: &SyncResponse<Row>| -> Vec<_> {
        let receipts = answer.receipts.iter();
        receipts.map(|one| (one.seq, one.id, one.outcome.verdict, one.outcome.code.clone())).collect()
    };
    assert_eq!(outcomes(&again), outcomes(first));
    Ok(())
}

pub(super) fn audit_body(data: &[u8]) -> Result<()> {
    let site = Site::open()?;
    let before = site.content()?;
    let (status, answer) = site.post("/api/audit", data)?;
    assert_eq!(site.content()?, before, "an audit changed something");
    if !status.is_success() {
        return check_refusal(status.as_u16(), &answer);
    }
    let answer: AuditResponse<Row> = serde_json::from_slice(&answer).context("the answer")?;
    for repair in answer.repairs {
        let keys: Vec<_> =
            repair.rows.iter().map(|held| <domain::Warehouse as sync::Records>::key(&held.row)).collect();
        assert!(keys.is_sorted_by(|a, b| a.key < b.key), "{keys:?}");
        let range = &repair.range;
        let inside = |key: &str| {
            key > range.after.as_str() && range.through.as_deref().is_none_or(|through| key <= through)
        };
        assert!(keys.iter().all(|key| key.table == range.table && inside(&key.key)), "{range:?}: {keys:?}");
        repair.rows.iter().try_for_each(|held| check_row(&held.row))?;
    }
    Ok(())
}
