//! Whether the disk of the database has room for work.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::super::StoreFault;
use crate::private_file;

/// Size of the file that a probe writes: about that of the largest request's rows. A commit alone proves little, as the
/// write-ahead log reuses its space.
const PROBE_BYTES: usize = 1024 * 1024;

/// Writes a file beside the database and removes it.
pub(super) fn write_beside(database: &Path) -> Result<(), StoreFault> {
    let path = database.with_added_extension("probe");
    let write = || -> io::Result<()> {
        let mut file = private_file::options().create(true).truncate(true).write(true).open(&path)?;
        file.write_all(&vec![0xA5; PROBE_BYTES])?;
        file.sync_all()
    };
    let written = write();
    if written.is_ok() || path.is_file() {
        // It is overwritten by the next probe.
        let _ = fs::remove_file(&path);
    }
    written.map_err(|error| StoreFault::Failed(format!("{} cannot be written: {error}", path.display())))
}
