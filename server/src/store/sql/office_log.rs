//! The log of the office: it is only added to.

use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::office::{Actor, FAILURE_LOG_MILLIS, LogEntry};
use super::convert::to_i64;
use super::session::{Columns, Session, params};
use crate::random;

/// The log's entry about an act.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deed<'d> {
    pub(super) act: &'static str,
    /// None for what is of the company.
    pub(super) site: Option<&'d str>,
    pub(super) subject: &'d str,
}

impl<'d> Deed<'d> {
    /// Of the company.
    pub(super) const fn of_company(act: &'static str, subject: &'d str) -> Self {
        Self { act, site: None, subject }
    }
}

const FAILED: &str = "sign_in_failed";

pub(super) fn write(
    session: &dyn Session,
    by: &Actor,
    deed: Deed<'_>,
    now: UnixMillis,
) -> Result<(), StoreFault> {
    let sql = "INSERT INTO office_log (at, entry_id, site, account_id, login, act, subject) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Deed { act, site, subject } = deed;
    let site = site.map(str::to_owned);
    session.execute(sql, &params![now, random::uuid()?, site, by.account, &by.login, act, subject])?;
    Ok(())
}

pub(super) fn sign_in_failed(session: &dyn Session, by: &Actor, now: UnixMillis) -> Result<(), StoreFault> {
    let since = now.0.saturating_sub(to_i64(FAILURE_LOG_MILLIS));
    let sql = "SELECT 1 FROM office_log WHERE at > ?1 AND at <= ?2 AND act = ?3 AND login = ?4 LIMIT 1";
    if session.exists(sql, &params![since, now, FAILED, &by.login])? {
        return Ok(());
    }
    write(session, by, Deed::of_company(FAILED, ""), now)
}

pub(super) fn read(
    session: &dyn Session,
    site: Option<&str>,
    before: Option<(UnixMillis, Uuid)>,
    max_entries: usize,
) -> Result<Vec<LogEntry>, StoreFault> {
    let (at, entry) = before.unwrap_or((UnixMillis(i64::MAX), Uuid::max()));
    let most = i64::try_from(max_entries).unwrap_or(i64::MAX);
    let columns = "SELECT entry_id, at, site, account_id, login, act, subject FROM office_log";
    let order = "(at, entry_id) < (?1, ?2) ORDER BY at DESC, entry_id DESC LIMIT ?3";
    match site {
        Some(site) => {
            let sql = format!("{columns} WHERE site = ?4 AND {order}");
            session.all(&sql, &params![at, entry, most, site], read_entry)
        }
        None => session.all(&format!("{columns} WHERE {order}"), &params![at, entry, most], read_entry),
    }
}

fn read_entry(row: &dyn Columns) -> Result<LogEntry, StoreFault> {
    Ok(LogEntry {
        entry: row.id(0)?,
        at: UnixMillis(row.int(1)?),
        site: row.optional_text(2)?.map(str::to_owned),
        actor: Actor { account: row.optional_id(3)?, login: row.text(4)?.to_owned() },
        act: row.text(5)?.to_owned(),
        subject: row.text(6)?.to_owned(),
    })
}
