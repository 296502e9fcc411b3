//! A consistent copy of the whole database, taken while others read and write.

use std::path::Path;

use rusqlite::{Connection, params};

use super::super::StoreFault;
use super::schema;
use crate::random;

/// Writes a copy of `file` to `to`, which must not exist. Each site of the copy gets a new epoch: after a restore, the
/// revisions that devices know do not apply.
pub(super) fn backup(file: &Path, to: &Path) -> Result<(), StoreFault> {
    if to.exists() {
        let message = format!("{} exists already. Choose a new file, or remove that one.", to.display());
        return Err(StoreFault::invalid("exists", message));
    }
    let Some(name) = to.to_str() else {
        let message = format!("The path {} is not valid Unicode. Choose another.", to.display());
        return Err(StoreFault::invalid("bad_path", message));
    };
    // VACUUM INTO reads one snapshot of the database, and needs a connection outside a transaction.
    schema::open_reader(file)?.execute("VACUUM INTO ?1", [name])?;
    let copy = Connection::open(to)?;
    for site in schema::sites(&copy)? {
        let sql = "UPDATE sites SET epoch = ?2, epoch_renewed_at = NULL, epoch_is_due = 0 WHERE site = ?1";
        copy.execute(sql, params![site.site, random::uuid()?])?;
    }
    Ok(())
}
