//! A consistent copy of the whole database, taken while others read and write.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::super::StoreFault;
use crate::{private_file, random};

/// Writes a copy of `file`, of whatever version, to `to`, which must not exist. The copy gets new epochs: after a
/// restore, the revisions that devices know do not apply.
///
/// # Errors
/// [`StoreFault`]; then there is no file `to`.
pub fn backup(file: &Path, to: &Path) -> Result<(), StoreFault> {
    if to.exists() {
        let message = format!("{} exists already. Choose a new file, or remove that one.", to.display());
        return Err(StoreFault::invalid("exists", message));
    }
    let part = Part::of(to, "part")?;
    copy(&open_as_it_is(file)?, &part)?;
    new_epochs(&part.open()?)?;
    part.publish(to)
}

/// Opens a database of any version, writable if the system allows it: then closing it folds the log into the file.
pub(super) fn open_as_it_is(file: &Path) -> Result<Connection, StoreFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(file, flags).map_err(|error| super::schema::unusable(file, &error))?;
    super::schema::set_timeout(&connection)?;
    Ok(connection)
}

/// Sets a new epoch at every site.
pub(super) fn new_epochs(connection: &Connection) -> Result<(), StoreFault> {
    let mut statement = connection.prepare("SELECT site FROM sites")?;
    let sites: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for site in sites {
        connection.execute("UPDATE sites SET epoch = ?2 WHERE site = ?1", params![site, random::uuid()?])?;
    }
    if super::schema::version(connection)? >= super::schema::RENEWALS_VERSION {
        // This epoch is the one that was due.
        connection.execute("UPDATE sites SET epoch_is_due = 0", [])?;
    }
    Ok(())
}

/// An unfinished copy, which is removed on drop unless it was published.
#[derive(Debug)]
pub(super) struct Part(PathBuf);

impl Part {
    /// Creates an empty one for the file `to`.
    pub(super) fn of(to: &Path, extension: &str) -> Result<Self, StoreFault> {
        // Another process may write the same copy.
        let part = Self(to.with_added_extension(format!("{}.{extension}", std::process::id())));
        let created = private_file::options().create(true).truncate(true).write(true).open(&part.0);
        created.map(|_| ()).map_err(|error| unwritable(to, &error))?;
        Ok(part)
    }

    /// Opens the copy to change it. Nothing needs to be undone: a copy that fails is removed.
    pub(super) fn open(&self) -> Result<Connection, StoreFault> {
        let connection = Connection::open(&self.0)?;
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
        Ok(connection)
    }

    /// Makes the copy durable and gives it its name.
    pub(super) fn publish(self, to: &Path) -> Result<(), StoreFault> {
        let publish = || {
            fs::File::open(&self.0)?.sync_all()?;
            fs::rename(&self.0, to)?;
            private_file::sync_folder_of(to)
        };
        publish().map_err(|error| unwritable(to, &error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It has its final name, or cannot be removed any better.
        let _ = fs::remove_file(&self.0);
    }
}

/// Copies one snapshot of the database. The connection must be outside a transaction.
pub(super) fn copy(from: &Connection, to: &Part) -> Result<(), StoreFault> {
    let Some(name) = to.0.to_str() else {
        let message = format!("The path {} is not valid Unicode. Choose another.", to.0.display());
        return Err(StoreFault::invalid("bad_path", message));
    };
    from.execute("VACUUM INTO ?1", [name])?;
    Ok(())
}

fn unwritable(to: &Path, error: &std::io::Error) -> StoreFault {
    let message = format!(
        "{} cannot be written: {error}. Check the path, the free space and who may write there.",
        to.display()
    );
    StoreFault::invalid("unwritable", message)
}
