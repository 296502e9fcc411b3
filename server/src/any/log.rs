//! A file of entries, a line of JSON each. An entry is on the disk before anybody hears of it.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The open file, which no other process may write meanwhile.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    /// Opens the file, or creates it, and reads its entries. A last line without its end is cut off: the server stopped
    /// while it wrote it, and has told nobody.
    ///
    /// # Errors
    /// When another server has the file, or a line in it cannot be read.
    pub(super) fn open<T: DeserializeOwned>(path: &Path) -> Result<(Self, Vec<T>)> {
        let file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .with_context(|| format!("{} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("Another server has {}. Stop it first.", path.display()),
            Err(TryLockError::Error(error)) => return Err(error).context("the log cannot be locked"),
        }
        let (mut reader, mut line, mut whole_bytes) = (BufReader::new(&file), Vec::new(), 0_u64);
        let mut entries = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).context("the log cannot be read")?;
            if !line.ends_with(b"\n") {
                break;
            }
            let number = entries.len() + 1;
            let entry = serde_json::from_slice(&line);
            entries.push(entry.with_context(|| format!("{}, line {number}", path.display()))?);
            whole_bytes += u64::try_from(read)?;
        }
        file.set_len(whole_bytes).context("the log's torn end cannot be cut off")?;
        Ok((Self(file), entries))
    }

    /// Appends an entry and waits until it is on the disk.
    ///
    /// # Errors
    /// When it may not be.
    pub(super) fn append(&mut self, entry: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.write_all(&line)?;
        Ok(self.0.sync_data()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_come_back_and_a_torn_one_makes_room_for_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let (mut log, none) = Log::open::<u32>(&path).expect("a new log");
        assert!(none.is_empty());
        log.append(&1).expect("written");
        assert!(Log::open::<u32>(&path).expect_err("taken").to_string().contains("Stop it first"));
        log.0.write_all(b"{\"torn").expect("written");
        drop(log);
        let (mut log, entries) = Log::open::<u32>(&path).expect("the log again");
        assert_eq!(entries, [1]);
        log.append(&2).expect("written");
        drop(log);
        assert_eq!(Log::open::<u32>(&path).expect("the log again").1, [1, 2]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        std::fs::write(&path, "1\nnonsense\n3\n").expect("written");
        assert!(Log::open::<u32>(&path).expect_err("damaged").to_string().ends_with("line 2"));
    }
}
