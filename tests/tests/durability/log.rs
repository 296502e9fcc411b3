//! SQLite's write-ahead log: where its transactions end, and what a power cut may make of what lies behind the last one
//! that somebody was told of.

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
/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;
/// Most bytes of garbage behind the log's end.
const MAX_GARBAGE_BYTES: usize = 9_000;

/// The files of a database as they lay at one moment. Nobody has them open.
pub(crate) struct Image {
    pub(crate) database: Vec<u8>,
    pub(crate) log: Vec<u8>,
}

/// What became of the log's tail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tear {
    /// All of it reached the disk.
    Nowhere,
    /// It ends at any byte.
    CutOff,
    /// Some sectors were never written, others were.
    SectorsMissing,
    /// Bytes in it are not what was written.
    Garbled,
    /// Something else follows it: a write that had begun.
    FollowedByGarbage,
    /// Frames that are in it already follow a second time, the last one cut off.
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
    /// Reads the files where they lie.
    pub(crate) fn read(database: &Path, log: &Path) -> Result<Self> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("reading {}", path.display()));
        // Nothing is written to the database file but by a checkpoint, which would show in both.
        Ok(Self { database: read(database)?, log: read(log)? })
    }

    pub(crate) fn write(&self, database: &Path, log: &Path) -> Result<()> {
        fs::write(database, &self.database)?;
        Ok(fs::write(log, &self.log)?)
    }

    /// Where the log's transactions end, the empty log first.
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
        // A frame ends a transaction if it says how many pages the database then has.
        let ends = frames
            .filter(|at| number(at + 4).is_some_and(|pages| pages > 0))
            .map(|at| at + FRAME_HEADER_BYTES + page)
            .filter(|end| *end <= self.log.len());
        Ok([HEADER_BYTES].into_iter().chain(ends).collect())
    }

    /// The shortest log that makes `holds` true, in bytes: everything behind it was not promised to anybody.
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

    /// Makes of everything behind `promised` what a power cut may make of it.
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
                // Their salts and page numbers are good, so that only the checksums tell.
                let frames = self.log.get(HEADER_BYTES..).unwrap_or_default();
                let again = frames[..dice.between(0, frames.len())].to_vec();
                self.log.extend(again);
            }
        }
    }
}
