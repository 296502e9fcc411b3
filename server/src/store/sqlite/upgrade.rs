//! What `serve` does before it opens a database of an earlier version.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::StoreFault;
use super::backup::{Part, copy, open_as_it_is};
use super::{restore, schema};

/// Refuses a database that a restore has left half-way.
///
/// # Errors
/// [`StoreFault`] with what to do.
pub fn check_servable(database: &Path) -> Result<(), StoreFault> {
    restore::refuse_half_restored(database)
}

/// Copies a database that will be migrated to `DATABASE.before-vN`, N being the new version of its tables. Earlier
/// copies are removed, so that there is one. Returns its path; none if there is nothing to migrate.
///
/// # Errors
/// [`StoreFault`] if there is no room for the copy, or the database is a newer server's.
pub fn copy_before_upgrade(database: &Path) -> Result<Option<PathBuf>, StoreFault> {
    if !database.exists() {
        return Ok(None);
    }
    let connection = open_as_it_is(database)?;
    let version = schema::version(&connection).map_err(|error| schema::unusable(database, &error))?;
    schema::refuse_newer(version, database)?;
    let newest = schema::newest_version();
    if version == 0 || version == newest {
        return Ok(None);
    }
    let named = |version: u32| database.with_added_extension(format!("before-v{version}"));
    let to = named(newest);
    let part = Part::of(&to, "part")?;
    copy(&connection, &part)?;
    part.publish(&to)?;
    for earlier in (1..newest).map(named) {
        // A copy that cannot be removed does no harm.
        let _ = fs::remove_file(earlier);
    }
    Ok(Some(to))
}
