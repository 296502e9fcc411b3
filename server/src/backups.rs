//! Scheduled backups of a SQLite file into a folder. Each is opened and checked page by page before it gets its name, and
//! only then are the oldest deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use domain::CalendarDate;
use sync::UnixMillis;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::metrics::UpkeepMeter;
use crate::private_file;
use crate::store::Store;
use crate::store::sqlite::check_backup;

/// Interval of looks whether a backup is due.
const LOOK_MILLIS: u64 = 1_000;
/// Time after a failed backup until the next try, unless they are made more often.
const MAX_RETRY_MILLIS: u64 = 10 * 60 * 1_000;
const MILLIS_A_SECOND: i64 = 1_000;
/// The ending of a copy that is not checked yet.
const UNCHECKED: &str = "unchecked";
/// The files of the security log, by their endings after the database's name.
const SECURITY_LOGS: [&str; 2] = ["security.1", "security"];

/// When and where backups are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPlan {
    /// The folder, which must exist.
    pub folder: PathBuf,
    /// The time from one to the next.
    pub every: Duration,
    /// The number of backups that are kept; at least one.
    pub keep: usize,
}

impl BackupPlan {
    /// Checks that files can be created in the folder.
    ///
    /// # Errors
    /// If they cannot.
    pub fn check(&self) -> Result<()> {
        let folder = self.folder.display();
        if !self.folder.is_dir() {
            bail!("There is no folder {folder} for backups. Create it, or choose another --backup-dir.");
        }
        let probe = self.folder.join(format!(".lotbook-probe-{}", std::process::id()));
        private_file::open_or_create(&probe).and_then(|_| fs::remove_file(&probe)).with_context(|| {
            format!("No backups can be written to {folder}; let the server's user write there, or choose another --backup-dir")
        })
    }
}

/// How the last backups went. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub struct BackupState(Arc<Mutex<Status>>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Status {
    /// The time of the newest good backup.
    pub(crate) good_at: Option<UnixMillis>,
    /// Whether the last try failed.
    pub(crate) has_failed: bool,
}

impl BackupState {
    pub(crate) fn status(&self) -> Status {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, status: Status) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

/// The backups of one database.
pub(crate) struct Backups {
    pub(crate) plan: BackupPlan,
    /// The file, without symbolic links.
    pub(crate) database: PathBuf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) state: BackupState,
    pub(crate) meter: UpkeepMeter,
}

impl Backups {
    /// Makes backups for ever.
    pub(crate) async fn run(self) {
        let good_at = self.newest();
        self.state.set(Status { good_at, has_failed: false });
        self.show(good_at);
        let mut tried_at = None;
        let mut ticks = interval(Duration::from_millis(LOOK_MILLIS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = self.clock.now();
            if !is_due(self.state.status(), tried_at, now, self.plan.every) {
                continue;
            }
            tried_at = Some(now);
            self.back_up(now).await;
        }
    }

    async fn back_up(&self, now: UnixMillis) {
        match self.try_back_up(now).await {
            Ok(backup) => {
                self.state.set(Status { good_at: Some(now), has_failed: false });
                self.show(Some(now));
                let bytes = fs::metadata(&backup).map(|found| found.len()).unwrap_or_default();
                self.meter.backup_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
                tracing::info!(backup = %backup.display(), bytes, "backed up the database and checked the copy");
                self.prune();
            }
            Err(error) => {
                self.state.set(Status { has_failed: true, ..self.state.status() });
                self.meter.failed_backups.inc();
                tracing::error!(
                    "The backup to {} failed: {error:#}. Earlier backups are kept, and it is tried again.",
                    self.plan.folder.display()
                );
            }
        }
    }

    fn show(&self, good_at: Option<UnixMillis>) {
        self.meter.backed_up_at.set(good_at.map_or(0, |at| at.0.div_euclid(MILLIS_A_SECOND)));
    }

    async fn try_back_up(&self, now: UnixMillis) -> Result<PathBuf> {
        let backup = self.plan.folder.join(format!("{}{}.db", self.prefix(), stamp(now)));
        if backup.exists() {
            bail!("{} exists already", backup.display());
        }
        let unchecked = backup.with_added_extension(UNCHECKED);
        // One of a server that was killed.
        let _ = fs::remove_file(&unchecked);
        self.store.backup(&unchecked).await?;
        let (database, folder, to) = (self.database.clone(), self.plan.folder.clone(), backup.clone());
        spawn_blocking(move || {
            let published = check_backup(&unchecked).map_err(anyhow::Error::from).and_then(|()| {
                fs::rename(&unchecked, &to)?;
                Ok(private_file::sync_folder_of(&to)?)
            });
            // It has its name, or is of no use.
            let _ = fs::remove_file(&unchecked);
            published?;
            copy_security_logs(&database, &folder).context("The security log cannot be copied")
        })
        .await??;
        Ok(backup)
    }

    /// The beginning of the names of this database's backups.
    fn prefix(&self) -> String {
        let stem = self.database.file_stem().unwrap_or_default().to_string_lossy();
        format!("{stem}-")
    }

    /// The backups, the oldest first.
    fn made(&self) -> Vec<PathBuf> {
        let prefix = self.prefix();
        let entries = fs::read_dir(&self.plan.folder).into_iter().flatten().flatten();
        let mut made: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| is_backup(name, &prefix)))
            .map(|entry| entry.path())
            .collect();
        made.sort();
        made
    }

    /// When the newest backup of an earlier process was made.
    fn newest(&self) -> Option<UnixMillis> {
        let modified = fs::metadata(self.made().last()?).and_then(|found| found.modified()).ok()?;
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        Some(UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    fn prune(&self) {
        let made = self.made();
        for old in made.iter().take(made.len().saturating_sub(self.plan.keep.max(1))) {
            match fs::remove_file(old) {
                Ok(()) => tracing::info!(backup = %old.display(), "deleted an old backup"),
                Err(error) => {
                    tracing::warn!(%error, backup = %old.display(), "an old backup cannot be deleted")
                }
            }
        }
    }
}

/// Whether a backup is to be made now. A clock that was set back does not delay it for ever.
fn is_due(status: Status, tried_at: Option<UnixMillis>, now: UnixMillis, every: Duration) -> bool {
    let every_millis = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    let has_passed = |at: UnixMillis, millis: u64| now.0.abs_diff(at.0) >= millis;
    let may_retry = tried_at.is_none_or(|at| has_passed(at, every_millis.min(MAX_RETRY_MILLIS)));
    may_retry && status.good_at.is_none_or(|at| has_passed(at, every_millis))
}

/// `2026-11-24-070502Z`: names are in the order of their times.
fn stamp(now: UnixMillis) -> String {
    let seconds = now.0.div_euclid(MILLIS_A_SECOND).rem_euclid(86_400);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{}-{hour:02}{minute:02}{second:02}Z", CalendarDate::of(now, 0))
}

/// Whether a file is a backup of the database with this prefix: nothing else is ever deleted.
fn is_backup(name: &str, prefix: &str) -> bool {
    let stamp = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix("Z.db"));
    let is_stamp = |stamp: &str| {
        stamp.len() == "2026-11-24-070502".len()
            && stamp.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 | 10 => byte == b'-',
                _ => byte.is_ascii_digit(),
            })
    };
    stamp.is_some_and(is_stamp)
}

/// Puts the newest security log beside the backups: it keeps lost devices out after a restore on another machine.
fn copy_security_logs(database: &Path, folder: &Path) -> io::Result<()> {
    for ending in SECURITY_LOGS {
        let log = database.with_added_extension(ending);
        let (Some(name), true) = (log.file_name(), log.is_file()) else { continue };
        let to = folder.join(name);
        let part = to.with_added_extension("part");
        let mut copy = private_file::options().create(true).truncate(true).write(true).open(&part)?;
        io::copy(&mut fs::File::open(&log)?, &mut copy)?;
        copy.sync_all()?;
        fs::rename(&part, &to)?;
    }
    private_file::sync_folder_of(&folder.join("any"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_due_after_its_time_and_a_failed_one_is_retried_sooner() {
        const HOUR: i64 = 60 * 60 * 1_000;
        let every = Duration::from_secs(24 * 60 * 60);
        let good = |at: i64| Status { good_at: Some(UnixMillis(at)), has_failed: false };
        for (status, tried_at, now, due) in [
            (Status::default(), None, 5, true),
            (good(0), None, 24 * HOUR - 1, false),
            (good(0), None, 24 * HOUR, true),
            (good(48 * HOUR), None, 0, true),
            (good(0), Some(25 * HOUR), 25 * HOUR + 599_999, false),
            (good(0), Some(25 * HOUR), 25 * HOUR + 600_000, true),
            (Status::default(), Some(0), 1, false),
        ] {
            let found = is_due(status, tried_at.map(UnixMillis), UnixMillis(now), every);
            assert_eq!(found, due, "{status:?} {tried_at:?} {now}");
        }
    }

    #[test]
    fn only_backups_of_the_database_are_taken_for_one() {
        let name = format!("stock-{}.db", stamp(UnixMillis(1_795_503_902_500)));
        assert_eq!(name, "stock-2026-11-24-070502Z.db");
        assert!(is_backup(&name, "stock-"));
        for other in [
            "stock.db",
            "stock-2026-11-24.db",
            "other-2026-11-24-070502Z.db",
            "stock-2026-11-24-070502Z.db.unchecked",
            "stock-2026-11-24x070502Z.db",
            "stock-old-2026-11-24-070502Z.db",
        ] {
            assert!(!is_backup(other, "stock-"), "{other}");
        }
    }
}
