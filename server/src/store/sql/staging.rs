//! The rows of a large import while they are written: kept in the database, so that an import whose process dies can be
//! ended by another one.

use sync::UnixMillis;
use uuid::Uuid;

use super::super::{Site, StoreFault};
use super::convert::{from_i64, stored_json, unreadable};
use super::import::{AUTHOR, ImportRow, Slices};
use super::session::{Columns, Insert, Param, Session, params};
use super::sites;

/// The code of the fault of an import that another process has ended.
pub(super) const ENDED: &str = "import_ended";
/// Rows booked in one transaction: writes of other sites wait for it in an embedded database.
const MAX_SLICE_ROWS: i64 = 1_000;

const ROW: Insert<'_> = Insert::new("import_rows", "site, position, content");

/// The stage of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its rows are being stored.
    Staging,
    /// The site is closed, and the changes are looked at once more.
    Checking,
    /// Its rows are being booked.
    Applying,
}

const STATES: [(State, &str); 3] =
    [(State::Staging, "staging"), (State::Checking, "checking"), (State::Applying, "applying")];

/// An import in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) id: Uuid,
    pub(super) state: State,
    /// Changes with every step.
    beats: u64,
    /// The time that its rows are booked at.
    now: UnixMillis,
}

/// The import in progress at a site.
pub(super) fn progress(session: &dyn Session, site: &str) -> Result<Option<Progress>, StoreFault> {
    let sql = "SELECT import_id, state, beats, booked_at FROM imports WHERE site = ?1";
    session.first(sql, &params![site], |row| progress_of(row, 0))
}

/// Every import in progress, with its site.
pub(super) fn all(session: &dyn Session) -> Result<Vec<(String, Progress)>, StoreFault> {
    let sql = "SELECT site, import_id, state, beats, booked_at FROM imports";
    session.all(sql, &[], |row| Ok((row.text(0)?.to_owned(), progress_of(row, 1)?)))
}

fn progress_of(row: &dyn Columns, from: usize) -> Result<Progress, StoreFault> {
    let code = row.text(from + 1)?;
    let state = STATES.into_iter().find(|(_, known)| *known == code);
    Ok(Progress {
        id: row.id(from)?,
        state: state.ok_or_else(|| unreadable("a state of an import"))?.0,
        beats: from_i64(row.int(from + 2)?),
        now: UnixMillis(row.int(from + 3)?),
    })
}

/// Begins an import, unless another one is in progress, which is returned.
pub(super) fn begin(
    session: &dyn Session,
    site: &str,
    id: Uuid,
    now: UnixMillis,
) -> Result<Option<Progress>, StoreFault> {
    sites::ensure_site(session, site)?;
    sites::lock_any(session, site)?;
    if let Some(other) = progress(session, site)? {
        return Ok(Some(other));
    }
    let sql =
        "INSERT INTO imports (site, import_id, state, beats, booked_at) VALUES (?1, ?2, 'staging', 0, ?3)";
    session.execute(sql, &params![site, id, now])?;
    Ok(None)
}

/// Stores rows from a position on; each is the JSON of an [`ImportRow`].
pub(super) fn stage(
    session: &dyn Session,
    site: &str,
    id: Uuid,
    position: u64,
    contents: &[String],
) -> Result<(), StoreFault> {
    step(session, site, id)?;
    let row = |(content, position): (&String, u64)| {
        [Param::from(site), Param::from(position), Param::from(content.clone())].to_vec()
    };
    session.insert(ROW, &contents.iter().zip(position..).map(row).collect::<Vec<_>>())
}

/// Goes to the next state. The site is closed from [`State::Checking`] on. Returns the site as it was.
pub(super) fn enter(session: &dyn Session, site: &str, id: Uuid, state: State) -> Result<Site, StoreFault> {
    let found = sites::lock_any(session, site)?;
    step(session, site, id)?;
    let code = STATES.into_iter().find(|(known, _)| *known == state).map_or("", |(_, code)| code);
    session.execute("UPDATE imports SET state = ?2 WHERE site = ?1", &params![site, code])?;
    let sql = "UPDATE sites SET is_importing = ?2 WHERE site = ?1";
    session.execute(sql, &params![site, state != State::Staging])?;
    Ok(found)
}

/// Notes a step, unless the import was taken over because it had made none for long.
fn step(session: &dyn Session, site: &str, id: Uuid) -> Result<(), StoreFault> {
    let sql = "UPDATE imports SET beats = beats + 1 WHERE site = ?1 AND import_id = ?2";
    if session.execute(sql, &params![site, id])? > 0 {
        return Ok(());
    }
    let message =
        "The import stood still for too long and was ended. Look at the stock, then import the files again.";
    Err(StoreFault::invalid(ENDED, message))
}

/// Books the next rows. Returns true if none were left: the site is open again then.
pub(super) fn apply_slice(session: &dyn Session, site: &str, import: Progress) -> Result<bool, StoreFault> {
    let rev = sites::lock_any(session, site)?.rev;
    step(session, site, import.id)?;
    let staged = next_rows(session, site)?;
    let Some(through) = staged.last().map(|(position, _)| *position) else {
        end(session, (site, rev), import.id)?;
        return Ok(true);
    };
    let rows: Vec<ImportRow<'_>> = staged.into_iter().map(|(_, row)| row).collect();
    let (rev, _) = Slices { session, site, now: import.now, author: AUTHOR }.book(&rows, rev)?;
    sites::store_rev(session, site, rev)?;
    forget_rows(session, site, through)?;
    Ok(false)
}

/// The next rows of a site's import, with their positions. Rows before them are not looked at: a database that keeps deleted
/// rows for a while would go through all of them again.
fn next_rows(session: &dyn Session, site: &str) -> Result<Vec<(i64, ImportRow<'static>)>, StoreFault> {
    let sql = "SELECT next FROM imports WHERE site = ?1";
    let next = session.first(sql, &params![site], |row| row.int(0))?.unwrap_or_default();
    let sql = "SELECT position, content FROM import_rows WHERE site = ?1 AND position >= ?2 ORDER BY position LIMIT ?3";
    session.all(sql, &params![site, next, MAX_SLICE_ROWS], |row| {
        Ok((row.int(0)?, stored_json::<ImportRow<'static>>(row.text(1)?)?))
    })
}

/// Deletes the rows from the next one to a position.
fn forget_rows(session: &dyn Session, site: &str, through: i64) -> Result<(), StoreFault> {
    let sql = "DELETE FROM import_rows WHERE site = ?1 AND position <= ?2 \
               AND position >= (SELECT next FROM imports WHERE site = ?1)";
    session.execute(sql, &params![site, through])?;
    let sql = "UPDATE imports SET next = ?2 WHERE site = ?1";
    session.execute(sql, &params![site, through + 1])?;
    Ok(())
}

/// Deletes some of the rows of an import that is dropped. Returns whether none are left: the site is open again then.
pub(super) fn drop_slice(session: &dyn Session, site: &str, id: Uuid) -> Result<bool, StoreFault> {
    let rev = sites::lock_any(session, site)?.rev;
    step(session, site, id)?;
    if progress(session, site)?.is_some_and(|progress| progress.state == State::Applying) {
        // Its first rows may be booked already: it can only be written to its end.
        return Err(StoreFault::Importing);
    }
    if let Some(through) = next_rows(session, site)?.last().map(|(position, _)| *position) {
        forget_rows(session, site, through)?;
        return Ok(false);
    }
    end(session, (site, rev), id)?;
    Ok(true)
}

fn end(session: &dyn Session, (site, rev): (&str, u64), id: Uuid) -> Result<(), StoreFault> {
    session.execute("DELETE FROM imports WHERE site = ?1 AND import_id = ?2", &params![site, id])?;
    session.execute("UPDATE sites SET is_importing = ?2 WHERE site = ?1", &params![site, false])?;
    session.announce(site, rev);
    Ok(())
}
