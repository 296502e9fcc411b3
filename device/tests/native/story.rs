//! A day of a device: connected, offline, synced, moved to another address, revoked.

use anyhow::{Context, Result};
use domain::LotRef;
use serde_json::Value;
use server::DEFAULT_SITE;
use uuid::Uuid;

use crate::machine::{Machine, STOCK, ledger, link, stocked};

fn lot_of(lot: &str, bin: &str) -> (String, String) {
    (lot.to_owned(), bin.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_connects_works_offline_and_syncs() -> Result<()> {
    let (mut server, office) = stocked().await?;
    let machine = Machine::new()?;
    let ended = machine.run(&["stock", "RICE"])?;
    assert_eq!(ended.code, 1);
    assert!(ended.sentence()?.contains("lotbook-device connect"), "{ended:?}");

    let first_link = link(&server, &server.url()?).await?;
    let connected = machine.done(&["connect", &first_link])?;
    assert_eq!(connected["connected"]["name"], "Dock 1");
    let ended = machine.run(&["connect", &first_link])?;
    assert_eq!((ended.code, ended.sentence()?.contains("expired or been used")), (1, true), "{ended:?}");
    let ended = machine.run(&["stock", "RICE"])?;
    assert!(ended.code == 1 && ended.sentence()?.contains("lotbook-device sync"), "{ended:?}");
    assert_eq!(machine.done(&["sync"])?["synced"]["received"], 3);
    assert_eq!(machine.rice()?[&lot_of("L1", "A-1")], STOCK);
    for code in ["4006381333931", "a-1", "l1", "(01)04006381333931(10)L1"] {
        machine.done(&["stock", code])?;
    }

    server.stop().await?;
    machine.done(&[
        "receive",
        "RICE",
        "--lot",
        "L3",
        "--bin",
        "B-1",
        "--quantity",
        "5",
        "--expires",
        "2099-03-31",
    ])?;
    let picked = machine.done(&["pick", "4006381333931", "--quantity", "7"])?;
    assert_eq!(picked["saved"]["action"]["pick_lot"]["lot"]["lot_code"], "L1", "the first to expire");
    assert_eq!(picked["saved"]["pending"], 2);
    machine.done(&["move", "RICE", "--lot", "L2", "--to", "B-2", "--quantity", "10"])?;
    machine.done(&["count", "RICE", "--lot", "L1", "--bin", "A-1", "--counted", "990"])?;
    for (refused, why) in [
        (vec!["pick", "RICE", "--quantity", "1", "--lot", "L3"], "expires first"),
        (vec!["pick", "RICE", "--quantity", "0.5"], "fraction"),
        (vec!["pick", "RICE", "--quantity", "1", "--lot", "L2"], "Several lots"),
        (vec!["pick", "NONE", "--quantity", "1"], "not on this device"),
        (vec!["move", "RICE", "--lot", "L1", "--to", "a-1", "--quantity", "1"], "already in"),
    ] {
        let ended = machine.run(&refused)?;
        assert!(ended.code == 1 && ended.sentence()?.contains(why), "{refused:?}: {ended:?}");
    }
    let expected = [(("L1", "A-1"), 990), (("L2", "A-2"), 990), (("L2", "B-2"), 10), (("L3", "B-1"), 5)]
        .map(|((lot, bin), boxes)| (lot_of(lot, bin), boxes));
    assert_eq!(machine.rice()?.into_iter().collect::<Vec<_>>(), expected);
    let ended = machine.run(&["sync"])?;
    assert_eq!(ended.code, 3);
    assert!(ended.sentence()?.contains("Saved work stays"), "{ended:?}");
    assert_eq!(machine.queue()?.len(), 4);
    let file = machine.file("unsent.json");
    machine.done(&["export-unsent", "--to", file.to_str().context("a path")?])?;
    let unsent: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    assert_eq!(unsent["mutations"].as_array().map(Vec::len), Some(4));

    // On another port: for a device, another server.
    server.restart().await?;
    let moved = link(&server, &server.url()?).await?;
    let ended = machine.run(&["connect", &moved])?;
    assert!(ended.code == 1 && ended.sentence()?.contains("--moved"), "{ended:?}");
    machine.done(&["connect", &moved, "--moved"])?;
    let waiting = machine.queue()?;
    assert_eq!(machine.done(&["sync"])?["synced"]["booked"], 4);
    assert_eq!(machine.done(&["sync"])?["synced"]["booked"], 0);
    assert!(machine.queue()?.is_empty());
    let booked = ledger(&server)?;
    let entries: Vec<_> = waiting.iter().map(|id| booked.get(id).copied()).collect();
    assert_eq!(entries, [Some(1), Some(1), Some(2), Some(1)], "a move has two entries");
    assert_eq!(machine.rice()?.into_iter().collect::<Vec<_>>(), expected);
    office.sync(&server).await?;
    let rice = Uuid::from_u128(0x41CE);
    let there = office.lot(&LotRef::new(rice, "L1", "A-1")).await?.context("a lot")?;
    assert_eq!(there.row.quantity.0, 990_000);

    let identity: Value = serde_json::from_str(&std::fs::read_to_string(machine.file("device.json"))?)?;
    let device: Uuid = serde_json::from_value(identity["device"].clone())?;
    server.store()?.revoke(DEFAULT_SITE, device, server.clock().now()).await?;
    machine.done(&["pick", "RICE", "--quantity", "1"])?;
    let ended = machine.run(&["sync"])?;
    assert!(ended.code == 4 && ended.sentence()?.contains("new one-time link"), "{ended:?}");
    assert_eq!(machine.queue()?.len(), 1);
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_for_its_owner_alone() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let (server, _) = stocked().await?;
    let machine = Machine::new()?;
    machine.connect(&server, &server.url()?).await?;
    let mode = |name: &str| {
        Ok::<_, anyhow::Error>(std::fs::metadata(machine.file(name))?.permissions().mode() & 0o777)
    };
    assert_eq!((mode("device.json")?, mode("")?), (0o600, 0o700));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watching_device_follows_the_server_and_other_processes() -> Result<()> {
    use std::io::BufRead as _;
    let (server, office) = stocked().await?;
    let machine = Machine::new()?;
    machine.connect(&server, &server.url()?).await?;
    let mut watch = machine.command(&["watch"]).spawn()?;
    let lines = std::io::BufReader::new(watch.stdout.take().context("output")?).lines();
    let (heard, mut said) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        lines.map_while(Result::ok).try_for_each(|line| heard.send(line).map_err(drop))
    });
    let wait = std::time::Duration::from_secs(20);
    let first: Value =
        serde_json::from_str(&tokio::time::timeout(wait, said.recv()).await?.context("a line")?)?;
    assert_eq!(first["pending"], 0);
    // Saved by another process, sent by this one.
    machine.done(&["pick", "RICE", "--quantity", "3"])?;
    let deadline = std::time::Instant::now() + wait;
    while !machine.queue()?.is_empty() {
        assert!(std::time::Instant::now() < deadline, "the change is not sent");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Booked elsewhere, received without asking.
    let lot = LotRef::new(Uuid::from_u128(0x41CE), "L2", "A-2");
    let quantity = domain::Quantity::units(100);
    office.record(domain::Action::PickLot { lot, quantity, reason: "customer".to_owned() }).await?;
    office.sync(&server).await?;
    while machine.rice()?[&lot_of("L2", "A-2")] != STOCK - 100 {
        assert!(std::time::Instant::now() < deadline, "the change is not received");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    watch.kill()?;
    watch.wait()?;
    Ok(())
}
