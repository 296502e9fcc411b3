//! Reserved space for the queue. Rows must not use up the last space of a device: a file beside the database, as large
//! as a shift's mutations, is there before any row is stored, and is emptied when a mutation finds no space.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sync::StoreError;

/// Space for about a thousand mutations.
const RESERVE_BYTES: u64 = 2 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// The reserve of one database. Several handles may have it.
#[derive(Debug)]
pub(crate) struct Reserve {
    file: Option<PathBuf>,
    /// Whether every write fails until the reserve is spent.
    #[cfg(test)]
    pub(crate) is_full: std::cell::Cell<bool>,
}

impl Reserve {
    /// That of a database file; of one in memory there is none.
    pub(crate) fn of(database: Option<&Path>) -> Self {
        let file = database.map(|path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".reserve");
            PathBuf::from(name)
        });
        Self {
            file,
            #[cfg(test)]
            is_full: std::cell::Cell::default(),
        }
    }

    /// Makes sure that the reserve exists. `false` if there is no space for it.
    pub(crate) fn ensure(&self) -> Result<bool, StoreError> {
        #[cfg(test)]
        if self.is_full.get() {
            return Ok(false);
        }
        let Some(file) = &self.file else { return Ok(true) };
        if length(file)? == Some(RESERVE_BYTES) {
            return Ok(true);
        }
        match write(file) {
            Ok(()) => Ok(true),
            Err(error) if is_full(&error) => {
                // A part of a reserve would be taken for none; its space is needed.
                File::create(file).map_err(|error| unavailable(file, &error))?;
                Ok(false)
            }
            Err(error) => Err(unavailable(file, &error)),
        }
    }

    /// Frees the reserved space. `false` if there is none left.
    pub(crate) fn release(&self) -> Result<bool, StoreError> {
        let Some(file) = &self.file else { return Ok(false) };
        if length(file)?.is_none_or(|bytes| bytes == 0) {
            return Ok(false);
        }
        let emptied = File::options().write(true).truncate(true).open(file).and_then(|file| file.sync_all());
        emptied.map(|()| true).map_err(|error| unavailable(file, &error))
    }

    /// Whether the space was used and is not reserved again yet: then the file is there, and empty.
    pub(crate) fn is_spent(&self) -> Result<bool, StoreError> {
        self.file.as_deref().map_or(Ok(false), |file| Ok(length(file)? == Some(0)))
    }
}

fn length(file: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(file) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(file, &error)),
    }
}

fn unavailable(file: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", file.display()))
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Writes noise (xorshift64), which no file system compresses.
fn write(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = RESERVE_BYTES;
    while left > 0 {
        for word in chunk.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&chunk)?;
        left = left.saturating_sub(chunk.len() as u64);
    }
    file.sync_all()
}
