//! The programs of Debian's packages, and who runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const VERSIONS: &str = "/usr/lib/postgresql";
const PGBOUNCER: &str = "/usr/sbin/pgbouncer";
const MISSING: &str =
    "The tests on PostgreSQL need it with PgBouncer: apt-get install postgresql-15 pgbouncer";

/// The installed programs.
#[derive(Clone, Debug)]
pub(crate) struct Packages {
    /// The folder of `postgres` and `initdb`.
    pub(crate) bin: PathBuf,
    pub(crate) pgbouncer: PathBuf,
    /// The user and group that the servers run as, if they refuse to run as the current user.
    pub(crate) user: Option<(u32, u32)>,
}

impl Packages {
    pub(crate) fn find() -> Result<Self> {
        let versions = fs::read_dir(VERSIONS).context(MISSING)?;
        let of_version = |entry: fs::DirEntry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            (version >= 15 && bin.join("initdb").is_file()).then_some((version, bin))
        };
        let oldest = versions.flatten().filter_map(of_version).min();
        let pgbouncer = PathBuf::from(PGBOUNCER);
        let (Some((_, bin)), true) = (oldest, pgbouncer.is_file()) else { bail!(MISSING) };
        let user = if id("-u", None)? == 0 {
            Some((id("-u", Some("postgres"))?, id("-g", Some("postgres"))?))
        } else {
            None
        };
        Ok(Self { bin, pgbouncer, user })
    }

    /// A command that runs as the servers do.
    pub(crate) fn command(&self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(program);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a folder to the user of the servers.
    pub(crate) fn give(&self, folder: &Path) -> Result<()> {
        let Some((user, group)) = self.user else { return Ok(()) };
        std::os::unix::fs::chown(folder, Some(user), Some(group))
            .with_context(|| format!("{} cannot be given to the user postgres", folder.display()))
    }
}

fn id(of: &str, user: Option<&str>) -> Result<u32> {
    let found = Command::new("id").arg(of).args(user).output().context("id cannot be run")?;
    let text = String::from_utf8_lossy(&found.stdout);
    text.trim().parse().with_context(|| format!("{MISSING} (there is no user {})", user.unwrap_or_default()))
}
