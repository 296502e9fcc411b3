//! The restore that `docs/operations.md` describes, with its commands: after a kill, the backup replaces the database
//! beside its log.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use domain::{Action, LotRef, Product, Quantity};
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::enrolment::{self, Applicant};
use server::store::sqlite::SqliteStore;
use sync::{RoundError, RoundLimits, Store as _, TransportError};
use tests::TestDevice;
use uuid::Uuid;

use crate::books::Books;
use crate::server::Server;

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

fn jam() -> Product {
    Product {
        id: Uuid::from_u128(0xD0),
        sku: "JAM".to_owned(),
        barcode: String::new(),
        name: "Jam".to_owned(),
        unit: "jar".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

fn receive(units: i64) -> Action {
    let (lot, quantity) = (LotRef::new(jam().id, "L1", "A-1"), Quantity::units(units));
    Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None }
}

/// The commands of a section, each as its arguments.
fn commands(section: &str) -> Vec<Vec<&'static str>> {
    let text = OPERATIONS.split("\n## ").find(|part| part.starts_with(section)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("lotbook-server "));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

/// Runs the commands of a section on the server's database, with `backup` in the place of the file in the text.
fn follow(server: &Server, section: &str, backup: &str) -> Result<String> {
    let mut said = String::new();
    let commands = commands(section);
    ensure!(!commands.is_empty(), "the section {section} has no command");
    for command in commands {
        let (name, arguments) = command.split_first().context("a command")?;
        let arguments = arguments
            .iter()
            .map(|argument| if argument.starts_with("/backup/") { backup } else { *argument });
        let done = server.command(name)?.args(arguments).output()?;
        ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        said.push_str(&String::from_utf8(done.stdout)?);
    }
    Ok(said)
}

async fn sync(server: &Server, device: &TestDevice) -> Result<()> {
    let transport = server.transport(device.token())?;
    let report = device.sync_by(&transport, RoundLimits::default()).await?;
    ensure!(report.complete, "the round did not end");
    Ok(())
}

/// Asserts that the server refuses the device's token.
async fn assert_out(server: &Server, device: &TestDevice) -> Result<()> {
    let Err(error) = sync(server, device).await else { bail!("a revoked device was let in") };
    let cause = error.downcast::<RoundError>()?;
    assert_eq!(cause, RoundError::Transport(TransportError::SignInNeeded));
    Ok(())
}

#[tokio::test]
async fn the_restore_of_the_manual_loses_no_work_and_lets_no_lost_device_in() -> Result<()> {
    let server = Server::stopped()?;
    let tokens = server.enrol(2).await?;
    server.start()?;
    let mut devices = tokens.into_iter().zip(["Ada", "Lost"]);
    let mut next = || devices.next().map(|(token, name)| TestDevice::new(name, "all", token));
    let (ada, lost) = (next().context("Ada")?, next().context("the lost one")?);
    let mut recorded = vec![ada.record(Action::CreateProduct(jam())).await?, ada.record(receive(10)).await?];
    sync(&server, &ada).await?;
    sync(&server, &lost).await?;
    let store = SqliteStore::open_current(&server.database())?;
    let now = Clock::default().now();
    let code = enrolment::new_code(&store, DEFAULT_SITE, "", now).await?;

    let backup = server.path("backup.db");
    let backup = backup.to_str().context("a path")?;
    follow(&server, "Back up", backup)?;

    let applicant = |device_name| Applicant { device_name, held_site: None };
    let enrolled = enrolment::enrol(&store, &code, applicant("New"), now).await?;
    let new = TestDevice::new("New", "all", enrolled.ok().context("a device")?.1);
    drop(store);
    sync(&server, &new).await?;
    let revoked = server.command("revoke")?.args(["--device", "D02"]).output()?;
    ensure!(revoked.status.success(), "revoke: {}", String::from_utf8_lossy(&revoked.stderr));
    assert_out(&server, &lost).await?;
    for device in [&ada, &new] {
        recorded.push(device.record(receive(1)).await?);
        sync(&server, device).await?;
    }
    server.kill()?;
    assert!(fs::metadata(server.log())?.len() > 0, "the kill left no log beside the database");

    let said = follow(&server, "Restore", backup)?;
    assert!(said.contains("1 revoked device, 1 enrolled device, 1 used code."), "{said}");
    assert!(Books::open(&server.database())?.receipts()?.len() < recorded.len(), "the backup lacks nothing");
    server.start()?;
    assert_out(&server, &lost).await?;
    let store = SqliteStore::open_current(&server.database())?;
    assert!(
        enrolment::enrol(&store, &code, applicant(""), now).await?.is_err(),
        "a used code was used again"
    );
    for device in [&ada, &new, &ada] {
        sync(&server, device).await?;
        assert_eq!(device.store().outbox(9).await?.pending, 0);
    }
    assert_eq!(ada.rows().await?, new.rows().await?);
    let outcomes: BTreeMap<_, _> =
        recorded.iter().map(|mutation| (mutation.id, sync::Verdict::Applied)).collect();
    Books::open(&server.database())?.assert_whole(&recorded, &outcomes)?;
    let aside =
        fs::read_dir(server.path("."))?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let aside: Vec<String> = aside.filter(|name| name.contains(".before-restore-")).collect();
    assert_eq!(aside.iter().filter(|name| name.ends_with("-wal")).count(), 1, "{aside:?}");
    Ok(())
}
