//! `fleet`: thousands of devices with the real engine, each with a connection of its own, sync with a company's server over
//! HTTP, each about once a minute.
//!
//! All devices connect at once first, as after an outage, and fetch their site. Then they work: whatever a device records,
//! it sends with its next round, which also brings what the others of its site have done. The server is killed in the end, and
//! its database must hold every mutation once. The devices share the machine's cores with the server and PostgreSQL.

mod device;
mod pokes;
mod servers;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use futures::future::join_all;
use test_postgres::Postgres;
use tests::Books;
use tests::processes::memory_bytes;
use tokio::task::{LocalSet, spawn_local};

use crate::report::{LOTBOOK, Report, percentile};
use crate::server_load::{Engine, Imported};
use crate::settings::{Settings, Size};
use device::{FleetDevice, Rounds};
use servers::Servers;

/// Rows of each site.
const SITE: Size = Size { products: 50, lots: 100 };
/// Servers on one database of PostgreSQL.
const REPLICAS: [usize; 3] = [1, 2, 4];
const SEED: u64 = 20_261_130;
/// Mutations that a device records before each of its rounds.
const MUTATIONS_A_ROUND: u64 = 3;
/// Time between two rounds of a device.
const INTERVAL_SECONDS: u64 = 60;

/// The size of a run.
struct Scale {
    devices: usize,
    sites: usize,
    /// Rounds of each device after the first sync.
    rounds: u64,
}

impl Scale {
    fn of(settings: &Settings) -> Self {
        if settings.quick {
            Self { devices: 1_000, sites: 20, rounds: 1 }
        } else {
            Self { devices: 10_000, sites: 200, rounds: 2 }
        }
    }
}

/// Measures the rounds of all devices, on each engine.
///
/// # Errors
/// If a server cannot be started or answers wrongly, or work is missing or booked twice in the end.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let scale = Scale::of(settings);
    let mut report = Report::new("fleet", "ms", 1);
    report.note("devices", scale.devices);
    report.note("sites", scale.sites);
    report.note("seconds_between_rounds", INTERVAL_SECONDS);
    let postgres = Postgres::start_durable();
    if let Err(error) = &postgres {
        eprintln!("  without PostgreSQL: {error:#}");
        report.note("without_postgresql", format!("{error:#}"));
    }
    let postgres = postgres.ok();
    let devices = vec![scale.devices.div_ceil(scale.sites); scale.sites];
    let imported = Imported::new(settings, postgres.as_ref(), SITE, &devices).await?;
    for engine in imported.engines() {
        let replicas: &[usize] = if engine == Engine::Sqlite { &[1] } else { &REPLICAS };
        for &replicas in replicas {
            let subject = match engine {
                Engine::Sqlite => LOTBOOK.to_owned(),
                Engine::Postgres => format!("lotbook-postgresql-{replicas}"),
            };
            if !settings.chosen(&[&subject]).is_empty() {
                let books = imported.copy(engine, "fleet.db")?;
                let measured = measure(settings, &scale, &imported, &books, replicas).await?;
                tell(&subject, &measured, &mut report);
            }
        }
    }
    Ok(report)
}

/// The measurements of one subject.
#[derive(Default)]
struct Measured {
    storm_seconds: f64,
    storm_refusals: usize,
    device_bytes: f64,
    round_millis: Vec<f64>,
    refusals: usize,
    mutations_a_second: f64,
    poke_millis: Vec<f64>,
    server_cpu_percent: f64,
    server_peak_mb: f64,
}

fn tell(subject: &str, measured: &Measured, report: &mut Report) {
    let Measured { round_millis, .. } = measured;
    let percent = |percent| percentile(round_millis, percent).unwrap_or(0.0);
    eprintln!(
        "  fleet {subject}: storm {:.1} s with {} refusals; rounds p50 {:.1}, p95 {:.1}, p99 {:.1} ms",
        measured.storm_seconds,
        measured.storm_refusals,
        percent(50),
        percent(95),
        percent(99)
    );
    report.subject(subject, round_millis);
    let mut detail = |name: &str, unit: &str, samples: &[f64]| {
        report.detail(&format!("{subject}_{name}"), unit, samples);
    };
    detail("round_p99", "ms", &[percent(99)]);
    detail("mutations", "mutations/s", &[measured.mutations_a_second]);
    detail("poke", "ms", &measured.poke_millis);
    detail("first_syncs_at_once", "s", &[measured.storm_seconds]);
    detail("memory", "KB/device", &[measured.device_bytes / 1e3]);
    detail("server_cpu", "% of a core", &[measured.server_cpu_percent]);
    detail("server_peak_memory", "MB", &[measured.server_peak_mb]);
    report.note(&format!("{subject}_told_to_wait_at_first"), measured.storm_refusals);
    report.note(&format!("{subject}_told_to_wait"), measured.refusals);
}

async fn measure(
    settings: &Settings,
    scale: &Scale,
    imported: &Imported,
    books: &Books,
    replicas: usize,
) -> Result<Measured> {
    let servers = Servers::start(&settings.server, books, replicas).await?;
    let enrolled = imported.devices(scale.devices, scale.sites)?;
    let memory_before = own_memory_bytes()?;
    let devices: Vec<Rc<FleetDevice>> = (enrolled.iter().enumerate())
        .map(|(number, enrolled)| FleetDevice::new(number, servers.url(number), &enrolled.token).map(Rc::new))
        .collect::<Result<_>>()?;
    let mut measured = Measured::default();
    let local = LocalSet::new();
    local.run_until(storm(&devices, &mut measured)).await?;
    measured.device_bytes = (own_memory_bytes()? - memory_before) / count(scale.devices);
    local.run_until(work(&devices, scale, &servers, &mut measured)).await?;
    measured.poke_millis =
        local.run_until(pokes::measure(&devices, &enrolled, scale.sites, &servers)).await?;
    measured.server_peak_mb = servers.peak_memory_mb()?;
    servers.kill().await?;
    check(books, &devices)?;
    Ok(measured)
}

/// All devices fetch their site at once; whoever is told to wait does.
async fn storm(devices: &[Rc<FleetDevice>], measured: &mut Measured) -> Result<()> {
    let began = Instant::now();
    let synced = devices.iter().map(|device| {
        let device = Rc::clone(device);
        spawn_local(async move { device.sync().await })
    });
    for synced in join_all(synced.collect::<Vec<_>>()).await {
        measured.storm_refusals += synced??.refusals;
    }
    measured.storm_seconds = began.elapsed().as_secs_f64();
    for device in devices {
        ensure!(device.lots().await? > 0, "a device has no lots after its first sync");
    }
    Ok(())
}

/// Each device records some movements and syncs, once in each interval, at a time of its own.
async fn work(
    devices: &[Rc<FleetDevice>],
    scale: &Scale,
    servers: &Servers,
    measured: &mut Measured,
) -> Result<()> {
    let mut random = Rng::with_seed(SEED);
    let rounds = Rc::new(RefCell::new(Rounds::default()));
    let (began, cpu_before) = (Instant::now(), servers.cpu_seconds()?);
    let working = devices.iter().map(|device| {
        let offset = Duration::from_millis(random.u64(..INTERVAL_SECONDS * 1_000));
        let (device, mut random, rounds) = (Rc::clone(device), random.fork(), Rc::clone(&rounds));
        let count = scale.rounds;
        spawn_local(async move {
            for round in 0..count {
                let due = began + offset + Duration::from_secs(round * INTERVAL_SECONDS);
                tokio::time::sleep_until(due.into()).await;
                device.record(MUTATIONS_A_ROUND, &mut random).await?;
                let took = device.sync().await?;
                rounds.borrow_mut().add(&took);
            }
            anyhow::Ok(())
        })
    });
    for done in join_all(working.collect::<Vec<_>>()).await {
        done??;
    }
    let seconds = began.elapsed().as_secs_f64();
    measured.server_cpu_percent = 100.0 * (servers.cpu_seconds()? - cpu_before) / seconds;
    let Rounds { millis, refusals } = rounds.take();
    measured.mutations_a_second = count(millis.len()) * count(usize::try_from(MUTATIONS_A_ROUND)?) / seconds;
    (measured.round_millis, measured.refusals) = (millis, refusals);
    Ok(())
}

/// Every mutation is booked once, and every lot is the sum of its entries.
fn check(books: &Books, devices: &[Rc<FleetDevice>]) -> Result<()> {
    let recorded: u64 = devices.iter().map(|device| device.recorded()).sum();
    let receipts = books.number("SELECT count(*) FROM receipts WHERE verdict = 'applied'")?;
    ensure!(
        i64::try_from(recorded)? == receipts,
        "{recorded} mutations were recorded, {receipts} are booked"
    );
    let booked = books.number("SELECT count(DISTINCT mutation_id) FROM stock_ledger")?;
    ensure!(booked == receipts, "{receipts} mutations have receipts, {booked} are in the ledger");
    let wrong = books.number(
        "SELECT count(*) FROM inventory_lots AS lots WHERE quantity <> (SELECT coalesce(sum(delta), 0) \
         FROM stock_ledger AS ledger WHERE ledger.site = lots.site AND ledger.product_id = lots.product_id \
         AND ledger.lot_id = lots.lot_id)",
    )?;
    ensure!(wrong == 0, "the ledger does not add up to the stock of {wrong} lots");
    Ok(())
}

/// Memory of this process.
fn own_memory_bytes() -> Result<f64> {
    memory_bytes(std::process::id()).context("/proc does not show this process's memory")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(of: usize) -> f64 {
    of as f64
}
