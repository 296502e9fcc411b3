//! SQLite's write-ahead log: finds where transactions end, and damages the part after the last acknowledged
//! one as a power cut may.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::books::Books;
use crate::dice::Dice;

/// Bytes before the first frame.
const HEADER_BYTES: usize = 32;
/// Bytes before each frame's page.
const FRAME_HEADER_BYTES: usize = 24;
/// The unit in which a disk writes.
const SECTOR_BYTES: usize = 512;
/// Most bytes of garbage appended to the log.
const MAX_GARBAGE_BYTES: usize = 9_000;

/// Contents of a database file and its log at one moment.
pub(crate) struct Image {
    pub(crate) database: Vec<u8>,
    pub(crate) log: Vec<u8>,
}

/// Kind of damage to the log's tail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tear {
    /// No damage: everything reached the disk.
    Nowhere,
    /// Truncated at any byte.
    CutOff,
    /// Some sectors were not written.
    SectorsMissing,
    /// Some bytes differ from what was written.
    Garbled,
    /// Followed by random bytes, as of an unfinished write.
    FollowedByGarbage,
    /// Followed by a copy of earlier frames, the last one truncated.
    FollowedByOldFrames,
}

impl Tear {
    pub(crate) const ALL: [Self; 6] = [
        Self::Nowhere,
        Self::CutOff,
        Self::SectorsMissing,
        Self::Garbled,
        Self::FollowedByGarbage,
        Self::FollowedByOldFrames,
    ];
}

impl Image {
    /// Reads both files.
    pub(crate) fn read(database: &Path, log: &Path) -> Result<Self> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
        // Only a checkpoint writes to the database file, and it changes both files.
        Ok(Self { database: read(database)?, log: read(log)? })
    }

    pub(crate) fn write(&self, database: &Path, log: &Path) -> Result<()> {
        fs::write(database, &self.database)?;
        Ok(fs::write(log, &self.log)?)
    }

    /// Offsets at which the log's transactions end, beginning with the empty log.
    fn commits(&self) -> Result<Vec<usize>> {
        let number = |at: usize| -> Option<u32> {
            Some(u32::from_be_bytes(self.log.get(at..at + 4)?.try_into().ok()?))
        };
        if self.log.is_empty() {
            return Ok(vec![0]);
        }
        let page = usize::try_from(number(8).context("a log has a header")?)?;
        ensure!(page >= 512, "pages of {page} bytes");
        let frames = (HEADER_BYTES..self.log.len()).step_by(FRAME_HEADER_BYTES + page);
        // The last frame of a transaction holds the database's size in pages; the others hold zero.
        let ends = frames
            .filter(|at| number(at + 4).is_some_and(|pages| pages > 0))
            .map(|at| at + FRAME_HEADER_BYTES + page)
            .filter(|end| *end <= self.log.len());
        Ok([HEADER_BYTES].into_iter().chain(ends).collect())
    }

    /// Length in bytes of the shortest log for which `holds` is true. Nothing after it was acknowledged.
    pub(crate) fn promised(&self, holds: impl Fn(&Books) -> Result<bool>) -> Result<usize> {
        let commits = self.commits()?;
        let dir = TempDir::new()?;
        let holds_up_to = |end: usize| -> Result<bool> {
            let (database, log) =
                (dir.path().join(format!("{end}.db")), dir.path().join(format!("{end}.db-wal")));
            fs::write(&database, &self.database)?;
            fs::write(log, self.log.get(..end).unwrap_or(&self.log))?;
            holds(&Books::open(&database)?)
        };
        let last = *commits.last().context("at least the empty log")?;
        ensure!(holds_up_to(last)?, "the whole log lacks something that was acknowledged");
        let (mut from, mut to) = (0, commits.len() - 1);
        while from < to {
            let middle = usize::midpoint(from, to);
            if holds_up_to(commits[middle])? { to = middle } else { from = middle + 1 }
        }
        Ok(commits[to])
    }

    /// Damages the log after the first `promised` bytes.
    pub(crate) fn tear(&mut self, promised: usize, tear: Tear, dice: &Dice) {
        let end = self.log.len();
        match tear {
            Tear::Nowhere => {}
            Tear::CutOff => self.log.truncate(dice.between(promised, end)),
            Tear::SectorsMissing => {
                for sector in (promised.next_multiple_of(SECTOR_BYTES)..end).step_by(SECTOR_BYTES) {
                    if dice.roll(2) == 0 {
                        let sector_end = (sector + SECTOR_BYTES).min(end);
                        self.log[sector..sector_end].fill(0);
                    }
                }
            }
            Tear::Garbled => {
                let from = dice.between(promised, end);
                let garbage = dice.bytes(dice.between(1, SECTOR_BYTES).min(end - from));
                self.log[from..from + garbage.len()].copy_from_slice(&garbage);
            }
            Tear::FollowedByGarbage => {
                let garbage = dice.bytes(dice.between(1, MAX_GARBAGE_BYTES));
                self.log.extend(garbage);
            }
            Tear::FollowedByOldFrames => {
                // Salts and page numbers are valid, so only the checksums reveal the copy.
                let frames = self.log.get(HEADER_BYTES..).unwrap_or_default();
                let again = frames[..dice.between(0, frames.len())].to_vec();
                self.log.extend(again);
            }
        }
    }
}
