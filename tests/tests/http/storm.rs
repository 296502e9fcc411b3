//! The reconnect storm: the server was down, and all devices come back at once with what was recorded meanwhile.

use std::time::Duration;

use anyhow::{Context as _, Result};
use domain::{Action, Quantity};
use futures::future::try_join_all;
use sync::Store as _;
use tests::{Patience, TestServer};

use crate::{lot, lots_that_do_not_add_up, number, pick, receive, vinegar};

const DEVICES: usize = 200;
const PICKS: usize = 3;
/// The server lets so many writes wait.
const WAITING_WRITES: usize = 8;
/// So often a device may be sent away on average: each gets a turn, but the first turns are given before the server knows
/// how fast it is.
const MAX_REFUSALS_A_DEVICE: usize = 4;

/// As `sync`'s scheduler waits: a quarter to a half longer than it is told.
fn wait(asked: u64) -> u64 {
    asked + asked / 4 + fastrand::u64(..=asked / 4)
}

/// The number of refusals that the server tells of.
async fn refused(server: &TestServer) -> Result<usize> {
    let page = reqwest::get(server.metrics_url()?).await?.text().await?;
    let value = page.lines().find_map(|line| line.strip_prefix("lotbook_refused_total{status=\"503\"} "));
    Ok(value.with_context(|| format!("no refusals in {page}"))?.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_shed_and_every_mutation_is_booked_once() -> Result<()> {
    fastrand::seed(1);
    let mut server = TestServer::start_with_waiting(WAITING_WRITES).await?;
    let ada = server.device("Ada", "available").await?;
    ada.record(Action::CreateProduct(vinegar())).await?;
    ada.record(receive(&lot(&vinegar(), "A-1"), 1_000)).await?;
    ada.sync(&server).await?;
    let mut devices = Vec::with_capacity(DEVICES);
    for number in 0..DEVICES {
        devices.push(server.device(&format!("device {number}"), "available").await?);
    }
    server.stop().await?;
    for device in &devices {
        for _ in 0..PICKS {
            device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
        }
    }
    server.restart().await?;
    let come_back = devices.iter().map(|device| {
        let transport = server.transport(device.token());
        async move { device.sync_patiently(&transport?, wait).await }
    });
    let synced: Vec<Patience> = try_join_all(come_back).await?;

    let refusals: usize = synced.iter().map(|patience| patience.refusals).sum();
    assert!(refusals >= DEVICES / 10, "of {DEVICES} devices at once, {refusals} were sent away");
    assert!(refusals <= DEVICES * MAX_REFUSALS_A_DEVICE, "{DEVICES} devices were sent away {refusals} times");
    assert_eq!(refused(&server).await?, refusals);
    assert!(synced.iter().all(|patience| patience.unanswered == 0), "{synced:?}");
    for Patience { millis, refusals, told_millis, .. } in &synced {
        let told = Duration::from_millis(*told_millis);
        assert!(
            Duration::from_secs_f64(millis / 1e3) >= told,
            "a device was told to wait {told:?}, and came after {millis} ms"
        );
        assert_eq!(*refusals > 0, *told_millis > 0, "a device was sent away without a time");
    }
    for device in &devices {
        assert_eq!(device.store().queue().await?.records.len(), 0);
    }
    let booked = i64::try_from(DEVICES * PICKS)?;
    assert_eq!(number(&server, "SELECT count(*) FROM receipts WHERE verdict = 'applied'")?, booked + 2);
    assert_eq!(number(&server, "SELECT count(DISTINCT mutation_id) FROM stock_ledger")?, booked + 1);
    assert_eq!(number(&server, "SELECT quantity FROM inventory_lots")?, Quantity::units(1_000 - booked).0);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}
