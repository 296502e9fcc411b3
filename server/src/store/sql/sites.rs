//! Sites, their revisions and epochs, and the sites that devices belong to.

use std::collections::BTreeSet;

use sync::UnixMillis;
use uuid::Uuid;

use super::super::{EpochRenewal, MIN_EPOCH_GAP_MILLIS, Site, StoreFault};
use super::convert::{from_i64, to_i64};
use super::session::{Change, Columns, Dialect, Query, Session, params};
use crate::random;

const STORE_REV: &str = "UPDATE sites SET rev = ?2 WHERE site = ?1";
/// The columns that [`site_of`] reads.
const COLUMNS: &str =
    "site, epoch, rev, purged_rev, epoch_renewed_at, epoch_is_due, is_importing, has_people";

pub(crate) fn ensure_site(session: &dyn Session, site: &str) -> Result<(), StoreFault> {
    let sql = "INSERT INTO sites (site, name, epoch) VALUES (?1, ?1, ?2) ON CONFLICT DO NOTHING";
    session.execute(sql, &params![site, random::uuid()?])?;
    Ok(())
}

pub(crate) fn sites(session: &dyn Session) -> Result<Vec<Site>, StoreFault> {
    session.all(&format!("SELECT {COLUMNS} FROM sites ORDER BY site"), &[], site_of)
}

/// The site, which must exist, and whose rows must not be those of a half-written import.
pub(crate) fn site(session: &dyn Session, name: &str) -> Result<Site, StoreFault> {
    named(session, name, "")?.open()
}

/// Whether the site's rows can be read: not while an import is half written. An unknown site has none.
pub(super) fn check_open(session: &dyn Session, name: &str) -> Result<(), StoreFault> {
    let sql = "SELECT is_importing FROM sites WHERE site = ?1";
    match session.first(sql, &params![name], |row| row.flag(0))? {
        Some(true) => Err(StoreFault::Importing),
        Some(false) | None => Ok(()),
    }
}

/// The names of which there are sites.
pub(super) fn existing<'n>(
    session: &dyn Session,
    names: impl Iterator<Item = &'n String>,
) -> Result<BTreeSet<String>, StoreFault> {
    let mut found = BTreeSet::new();
    for name in names {
        let sql = "SELECT site FROM sites WHERE site = ?1";
        found.extend(session.first(sql, &params![name], |row| row.text(0).map(str::to_owned))?);
    }
    Ok(found)
}

/// Like [`site`], with its row locked until the end of the transaction: the next revision is this transaction's.
pub(crate) fn lock(session: &dyn Session, name: &str) -> Result<Site, StoreFault> {
    lock_any(session, name)?.open()
}

/// Like [`lock`], for the import itself and for what does not touch the site's rows.
pub(crate) fn lock_any(session: &dyn Session, name: &str) -> Result<Site, StoreFault> {
    named(session, name, session.dialect().for_update)
}

impl Site {
    fn open(self) -> Result<Self, StoreFault> {
        if self.is_importing { Err(StoreFault::Importing) } else { Ok(self) }
    }
}

fn named(session: &dyn Session, name: &str, lock: &str) -> Result<Site, StoreFault> {
    let found = session.first(&select(lock), &params![name], site_of)?;
    found.ok_or_else(|| unknown(name))
}

fn select(lock: &str) -> String {
    format!("SELECT {COLUMNS} FROM sites WHERE site = ?1{lock}")
}

fn unknown(name: &str) -> StoreFault {
    StoreFault::invalid("unknown_site", format!("There is no site \"{name}\"."))
}

/// The query of [`lock`]; [`site_of`] reads its row, and [`locked`] checks it.
pub(super) fn locking<'q>(dialect: &Dialect, name: &'q str) -> Query<'q> {
    Query::Plain(select(dialect.for_update), params![name].to_vec())
}

/// The result of [`lock`], given what its query found.
pub(super) fn locked(found: Option<Site>, name: &str) -> Result<Site, StoreFault> {
    found.ok_or_else(|| unknown(name))?.open()
}

pub(super) fn site_of(row: &dyn Columns) -> Result<Site, StoreFault> {
    Ok(Site {
        site: row.text(0)?.to_owned(),
        epoch: row.id(1)?,
        rev: from_i64(row.int(2)?),
        purged_rev: from_i64(row.int(3)?),
        epoch_renewed_at: row.optional_int(4)?.map(UnixMillis),
        epoch_is_due: row.flag(5)?,
        is_importing: row.flag(6)?,
        has_people: row.flag(7)?,
    })
}

/// Stores the site's revision and announces it.
pub(crate) fn set_rev(session: &dyn Session, site: &str, rev: u64) -> Result<(), StoreFault> {
    store_rev(session, site, rev)?;
    session.announce(site, rev);
    Ok(())
}

/// The change that stores a site's revision; it has to be announced as well.
pub(super) fn rev_change(site: &str, rev: u64) -> Change<'_> {
    Change::Execute(STORE_REV, params![site, rev].to_vec())
}

/// Stores the revision of a site that is closed: nobody can fetch it yet.
pub(super) fn store_rev(session: &dyn Session, site: &str, rev: u64) -> Result<(), StoreFault> {
    session.execute(STORE_REV, &params![site, rev])?;
    Ok(())
}

pub(crate) fn renew_epoch(
    session: &dyn Session,
    site: &str,
    epoch: Uuid,
    now: UnixMillis,
) -> Result<EpochRenewal, StoreFault> {
    let sql = "UPDATE sites SET epoch = ?1, epoch_renewed_at = ?2, epoch_is_due = ?5 \
               WHERE site = ?3 AND epoch = ?4 \
               AND (epoch_renewed_at IS NULL OR epoch_renewed_at > ?2 OR epoch_renewed_at <= ?6)";
    let until = now.0.saturating_sub(to_i64(MIN_EPOCH_GAP_MILLIS));
    if session.execute(sql, &params![random::uuid()?, now, site, epoch, false, until])? > 0 {
        return Ok(EpochRenewal::Begun);
    }
    let sql = "UPDATE sites SET epoch_is_due = ?3 WHERE site = ?1 AND epoch = ?2 AND NOT epoch_is_due";
    let deferred = session.execute(sql, &params![site, epoch, true])?;
    Ok(if deferred > 0 { EpochRenewal::Deferred } else { EpochRenewal::Unchanged })
}

pub(crate) fn other_site_of(
    session: &dyn Session,
    site: &str,
    client: Uuid,
    epoch: Option<Uuid>,
) -> Result<Option<String>, StoreFault> {
    let name = |row: &dyn Columns| row.text(0).map(str::to_owned);
    let sites = session.all("SELECT site FROM clients WHERE client = ?1", &params![client], name)?;
    if sites.iter().any(|known| known == site) {
        return Ok(None);
    }
    if let Some(other) = sites.into_iter().next() {
        return Ok(Some(other));
    }
    let sql = "SELECT site FROM sites WHERE epoch = ?1 AND site <> ?2 LIMIT 1";
    session.first(sql, &params![epoch, site], name)
}
