//! The lock that `serve` and `restore` hold on a database.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::private_file;

/// A lock file beside the database. Two servers on one file would not notify each other's devices of changes.
#[derive(Debug)]
pub struct DatabaseLock {
    database: PathBuf,
    _file: File,
}

impl DatabaseLock {
    /// Locks the database, which need not exist. The lock is on the file that symbolic links lead to.
    ///
    /// # Errors
    /// When another process holds the lock, or the folder cannot be used.
    pub fn take(database: &Path) -> Result<Self> {
        let shown = database.display();
        let cannot = |path: &Path| {
            format!("{} cannot be written. Check the path and who may write there.", path.display())
        };
        let real = real_path(database).with_context(|| cannot(database))?;
        let path = real.with_added_extension("lock");
        let file = private_file::open_or_create(&path).with_context(|| cannot(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { database: real, _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "Another lotbook-server serves {shown} already. Stop it first, or choose another --database."
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| cannot(&path)),
        }
    }

    /// The database's path without symbolic links.
    pub fn database(&self) -> &Path {
        &self.database
    }
}

/// The path without symbolic links of a file that may be missing.
pub(crate) fn real_path(file: &Path) -> std::io::Result<PathBuf> {
    if let Ok(real) = file.canonicalize() {
        return Ok(real);
    }
    // A link to a missing file leads there once more, as opening it would.
    let target = match file.read_link() {
        Ok(target) => file.parent().map_or_else(|| target.clone(), |folder| folder.join(&target)),
        Err(_) => file.to_owned(),
    };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
    Ok(target.file_name().map_or_else(|| folder.clone(), |name| folder.join(name)))
}
