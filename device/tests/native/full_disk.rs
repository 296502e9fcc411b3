//! A full disk: a small file system of its own (root; skipped aloud elsewhere).

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::machine::{Machine, ledger, stocked};

const DISK: &str = "size=8m";
/// Saves while only the reserved space is left.
const SAVES: usize = 20;
/// Tries to fill what is left; each writes less than the one before.
const MAX_FILLS: usize = 3;

/// A mounted file system. It is unmounted on drop.
struct Disk(TempDir);

impl Disk {
    fn mount() -> Result<Option<Self>> {
        let dir = TempDir::new()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(dir.path());
        Ok(mount.output().is_ok_and(|done| done.status.success()).then_some(Self(dir)))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills the disk to the last byte.
    fn fill(&self, name: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        let mut ballast = File::create(&path)?;
        for _ in 0..MAX_FILLS {
            for size in [64 * 1024, 4 * 1024, 1] {
                while ballast.write_all(&vec![1; size]).is_ok() {}
            }
        }
        Ok(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A lazy unmount: errors cannot be returned from here.
        drop(Command::new("umount").arg("--lazy").arg(self.path()).output());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_called_saved() -> Result<()> {
    let Some(disk) = Disk::mount()? else {
        println!("SKIPPED: mounting a small file system needs root");
        return Ok(());
    };
    let (server, _) = stocked().await?;
    let machine = Machine::in_folder(disk.path());
    machine.connect(&server, &server.url()?).await?;
    assert!(machine.file("lotbook.db.reserve").exists());
    let before = ledger(&server)?;

    let first = disk.fill("first")?;
    let mut saved = Vec::new();
    for _ in 0..SAVES {
        saved.push(machine.done(&["pick", "RICE", "--quantity", "1"])?["saved"]["id"].clone());
    }
    let second = disk.fill("second")?;
    let ended = machine.run(&["pick", "RICE", "--quantity", "1"])?;
    assert_eq!(ended.code, 5, "{ended:?}");
    let sentence = ended.sentence()?;
    assert!(sentence.contains("nothing was saved") && sentence.contains("space"), "{sentence}");
    // It may fail or not; it must lose nothing.
    machine.run(&["sync"])?;

    std::fs::remove_file(first)?;
    std::fs::remove_file(second)?;
    machine.done(&["sync"])?;
    assert!(machine.queue()?.is_empty());
    let mut booked = ledger(&server)?;
    booked.retain(|id, _| !before.contains_key(id));
    assert!(booked.values().all(|entries| *entries == 1), "{booked:?}");
    let booked: Vec<String> = booked.keys().map(ToString::to_string).collect();
    for id in &saved {
        assert!(booked.iter().any(|booked| Some(booked.as_str()) == id.as_str()), "{id} is lost");
    }
    assert_eq!(booked.len(), saved.len());
    // The next rows find their reserve again.
    let length = std::fs::metadata(machine.file("lotbook.db.reserve")).context("a reserve")?.len();
    assert!(length > 0);
    Ok(())
}
