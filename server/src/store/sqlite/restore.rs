//! Puts a backup in the place of a database that nobody serves.
//!
//! The backup is checked and copied first. From the moment the old files are renamed until the copy has its name,
//! the copy is called `DATABASE.restoring`; `serve` refuses to start beside such a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::CalendarDate;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sync::UnixMillis;

use super::super::StoreFault;
use super::backup::{Part, copy, new_epochs, open_as_it_is};
use super::schema;
use super::security_log::{CarriedOver, SecurityLog, carry_over, end_sessions};

/// A database and its log and log index.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];
const MILLIS_A_SECOND: i64 = 1_000;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The old database's new name; none if there was no database.
    pub aside: Option<PathBuf>,
    /// What the backup did not have; none without a security log.
    pub carried: Option<CarriedOver>,
}

/// Replaces `database`, whose lock the caller holds, by the backup `from` under new epochs. Devices then send again
/// what the backup lacks. Revocations, used codes and enrolments are carried over from the security log; without
/// one, `is_log_optional` must be true.
///
/// # Errors
/// [`StoreFault`]; then the database is as before, unless the message says otherwise.
pub fn restore(
    database: &Path,
    from: &Path,
    is_log_optional: bool,
    now: UnixMillis,
) -> Result<Restored, StoreFault> {
    let log = SecurityLog::beside(database);
    let entries = log.read()?;
    if entries.is_none() && !is_log_optional {
        let message = format!(
            "The security log {} is missing: devices revoked since the backup would be let in again. Put it there, \
             or restore with --without-security-log and then disconnect lost devices with `revoke`.",
            log.path().display()
        );
        return Err(StoreFault::invalid("no_security_log", message));
    }
    refuse_if_in_use(database)?;
    let backup = checked(from, database)?;
    let part = Part::of(database, "restore")?;
    copy(&backup, &part)?;
    drop(backup);
    let copied = part.open()?;
    let transaction = copied.unchecked_transaction()?;
    new_epochs(&transaction)?;
    end_sessions(&transaction, now)?;
    let carried = match entries {
        Some((entries, unreadable)) => {
            let unreadable = u64::try_from(unreadable).unwrap_or(u64::MAX);
            Some(CarriedOver { unreadable, ..carry_over(&transaction, &entries)? })
        }
        None => None,
    };
    transaction.commit()?;
    drop(copied);
    let restoring = restoring(database);
    part.publish(&restoring)?;
    let aside = aside(database, now);
    let moved = swap(database, &restoring, &aside).map_err(|error| {
        let message = format!(
            "The files of {} cannot be renamed: {error}. Mend that, then restore again: until then the server does \
             not start.",
            database.display()
        );
        StoreFault::invalid("unwritable", message)
    })?;
    Ok(Restored { aside: moved.then_some(aside), carried })
}

/// The copy while files are being renamed.
fn restoring(database: &Path) -> PathBuf {
    database.with_added_extension("restoring")
}

/// Refuses a database that a restore has left half-way.
pub(super) fn refuse_half_restored(database: &Path) -> Result<(), StoreFault> {
    let restoring = restoring(database);
    if !restoring.exists() {
        return Ok(());
    }
    let message = format!(
        "A restore of {} was interrupted: {} is still there. Run `lotbook-server restore` again.",
        database.display(),
        restoring.display()
    );
    Err(StoreFault::invalid("half_restored", message))
}

/// A dated name beside the database.
fn aside(database: &Path, now: UnixMillis) -> PathBuf {
    let seconds = now.0.div_euclid(MILLIS_A_SECOND).rem_euclid(86_400);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let day = CalendarDate::of(now, 0);
    database.with_added_extension(format!("before-restore-{day}-{hour:02}{minute:02}{second:02}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Renames the old files, log and index with the database, so that they can still be opened together. Returns
/// whether there was a database.
fn swap(database: &Path, restoring: &Path, aside: &Path) -> io::Result<bool> {
    let mut moved = false;
    for suffix in SUFFIXES {
        let (from, to) = (with_suffix(database, suffix), with_suffix(aside, suffix));
        if to.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} exists", to.display())));
        }
        match fs::rename(&from, &to) {
            Ok(()) => moved |= suffix.is_empty(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    crate::private_file::sync_folder_of(database)?;
    fs::rename(restoring, database)?;
    crate::private_file::sync_folder_of(database)?;
    Ok(moved)
}

/// Refuses a database that another command is writing. A damaged one passes.
fn refuse_if_in_use(database: &Path) -> Result<(), StoreFault> {
    let Ok(mut old) = open_as_it_is(database) else { return Ok(()) };
    // The old files are kept as they are.
    old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let locked = old.transaction_with_behavior(TransactionBehavior::Immediate).map(|_| ());
    match locked.map_err(StoreFault::from) {
        Err(StoreFault::Busy) => {
            let message = format!(
                "Another command is writing {}. Wait until it has ended, then restore again.",
                database.display()
            );
            Err(StoreFault::invalid("in_use", message))
        }
        _ => Ok(()),
    }
}

/// Checks every page of a backup, and that it is one of a version that this server can restore.
///
/// # Errors
/// [`StoreFault`] if it cannot be restored.
pub fn check_backup(backup: &Path) -> Result<(), StoreFault> {
    checked(backup, Path::new("")).map(|_| ())
}

/// Opens a backup after a check of every page and of its version.
fn checked(from: &Path, database: &Path) -> Result<Connection, StoreFault> {
    let no_backup = |reason: &str| {
        let message = format!("{} {reason}. Choose another backup; nothing was changed.", from.display());
        StoreFault::invalid("bad_backup", message)
    };
    let Ok(real) = from.canonicalize() else { return Err(no_backup("cannot be read")) };
    if real == database {
        return Err(no_backup("is the database itself"));
    }
    let backup = open_unchanged(&real).map_err(|_| no_backup("is no database that can be read"))?;
    let check = |sql: &str| backup.query_row(sql, [], |row| row.get::<_, String>(0));
    let is_whole = check("PRAGMA integrity_check(1)").is_ok_and(|verdict| verdict == "ok");
    if !is_whole {
        return Err(no_backup("is damaged or no database"));
    }
    if check("SELECT name FROM sqlite_schema WHERE name = 'stock_ledger'").is_err() {
        return Err(no_backup("is no backup of Lotbook"));
    }
    schema::refuse_newer(schema::version(&backup)?, from)?;
    Ok(backup)
}

/// Opens a file without writing beside it, so that a backup on a read-only medium can be read. A copy of a running
/// server's file with its log is read with the log.
fn open_unchanged(file: &Path) -> Result<Connection, StoreFault> {
    let has_log = fs::metadata(with_suffix(file, "-wal")).is_ok_and(|log| log.len() > 0);
    if has_log {
        return open_as_it_is(file);
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)?)
}
