//! `kill -9` of the device: between saving and sending, while an answer is on its way, and at random moments.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use uuid::Uuid;

use crate::machine::{Ended, Machine, STOCK, ledger, stocked};
use crate::proxy::Proxy;

const ROUNDS: usize = 30;
/// The latest moments of a kill.
const MAX_SAVE_MILLIS: u64 = 30;
const MAX_SYNC_MILLIS: u64 = 80;

/// Kills a process after some milliseconds (SIGKILL: no handler runs, nothing is flushed), and returns what it said.
fn kill_after(mut process: Child, millis: u64) -> Result<Ended> {
    std::thread::sleep(Duration::from_millis(millis));
    process.kill()?;
    Ended::of(&process.wait_with_output()?)
}

fn saved_id(ended: &Ended) -> Result<Option<Uuid>> {
    let id = &ended.said["saved"]["id"];
    if id.is_null() { Ok(None) } else { Ok(Some(serde_json::from_value(id.clone())?)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_with_the_process_is_asked_for_again() -> Result<()> {
    let (server, _) = stocked().await?;
    let (machine, proxy) = (Machine::new()?, Proxy::start(&server).await?);
    machine.connect(&server, &proxy.url()).await?;
    let saved = machine.done(&["pick", "RICE", "--quantity", "3"])?;
    let id: Uuid = serde_json::from_value(saved["saved"]["id"].clone())?;
    assert_eq!(ledger(&server)?.get(&id), None, "saving sends nothing");
    proxy.withhold(true);
    let mut sync = machine.command(&["sync"]).spawn()?;
    tokio::time::timeout(Duration::from_secs(20), proxy.has_answered()).await?;
    sync.kill()?;
    sync.wait()?;
    assert_eq!(ledger(&server)?.get(&id), Some(&1), "the server has booked it");
    assert_eq!(machine.queue()?, [id], "the device does not know");
    proxy.withhold(false);
    assert_eq!(machine.done(&["sync"])?["synced"]["booked"], 1);
    assert_eq!(ledger(&server)?.get(&id), Some(&1), "and not twice");
    assert_eq!(machine.rice()?.into_values().sum::<i64>(), 2 * STOCK - 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_lose_nothing_saved_and_book_nothing_twice() -> Result<()> {
    let (server, _) = stocked().await?;
    let (machine, mut dice) = (Machine::new()?, Rng::with_seed(0x5EED));
    machine.connect(&server, &server.url()?).await?;
    let before = ledger(&server)?;
    let (mut promised, mut unanswered, mut cut_off) = (BTreeSet::new(), 0, 0);
    for _ in 0..ROUNDS {
        promised.extend(saved_id(&machine.run(&["pick", "RICE", "--quantity", "1"])?)?);
        let pick = machine.command(&["pick", "RICE", "--quantity", "1"]).spawn()?;
        match saved_id(&kill_after(pick, dice.u64(..MAX_SAVE_MILLIS))?)? {
            Some(id) => _ = promised.insert(id),
            None => unanswered += 1,
        }
        let sync = machine.command(&["sync"]).spawn()?;
        let ended = kill_after(sync, dice.u64(..MAX_SYNC_MILLIS))?;
        cut_off += usize::from(ended.code == -1);
    }
    machine.done(&["sync"])?;
    assert!(machine.queue()?.is_empty());
    let mut booked = ledger(&server)?;
    booked.retain(|id, _| !before.contains_key(id));
    println!(
        "{} promised, {} booked, {unanswered} saves and {cut_off} syncs cut off",
        promised.len(),
        booked.len()
    );
    assert!(unanswered > 0 && cut_off > 0, "the kills hit nothing");
    let lost: Vec<_> = promised.iter().filter(|id| !booked.contains_key(id)).collect();
    assert!(lost.is_empty(), "called saved, and lost: {lost:?}");
    assert!(booked.values().all(|entries| *entries == 1), "booked twice: {booked:?}");
    let picked = i64::try_from(booked.len()).context("a count")?;
    assert_eq!(machine.rice()?.into_values().sum::<i64>(), 2 * STOCK - picked);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_torn_after_the_last_save_is_read_up_to_it() -> Result<()> {
    let (server, _) = stocked().await?;
    let mut dice = Rng::with_seed(0x70E2);
    for garbage_bytes in [1, 100, 4_120, 30_000] {
        let machine = Machine::new()?;
        machine.connect(&server, &server.url()?).await?;
        // Another process keeps the log from being moved into the database when the command ends.
        let held = rusqlite::Connection::open(machine.file("lotbook.db"))?;
        held.query_row("SELECT count(*) FROM queue", [], |row| row.get::<_, i64>(0))?;
        machine.done(&["pick", "RICE", "--quantity", "1"])?;
        machine.done(&["pick", "RICE", "--quantity", "2"])?;
        let queue = machine.queue()?;
        let copy = Machine::new()?;
        std::fs::create_dir_all(copy.file(""))?;
        let mut log = std::fs::read(machine.file("lotbook.db-wal"))?;
        assert!(!log.is_empty(), "the log is in the database already");
        log.extend((0..garbage_bytes).map(|_| dice.u8(..)));
        std::fs::write(copy.file("lotbook.db-wal"), log)?;
        for name in ["lotbook.db", "device.json"] {
            std::fs::copy(machine.file(name), copy.file(name))?;
        }
        drop(held);
        assert_eq!(copy.queue()?, queue, "{garbage_bytes} bytes");
        assert_eq!(copy.done(&["sync"])?["synced"]["booked"], 2);
    }
    Ok(())
}
