//! `fleet`: thousands of devices with the real engine, each with a connection of its own, sync with a company's server over
//! HTTP, each about once a minute.
//!
//! All devices connect at once first and fetch their site. Then they work: whatever a device records, it sends with its next
//! round, which also brings what the others of its site have done. Then the servers are killed, all devices record on, and come
//! back at once when the servers do. The servers are killed again in the end, and the database must hold every mutation once.
//! The devices share the machine's cores with the server and PostgreSQL.

mod check;
mod cost;
mod device;
mod pokes;
mod progress;
mod pulls;
mod servers;
mod storm;

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
use crate::server_load::{Engine, Imported, floor};
use crate::settings::{Settings, Size};
use device::{FleetDevice, Rounds};
use progress::Progress;
use pulls::Pulls;
use servers::Servers;
use storm::Storm;

/// Rows of each site.
const SITE: Size = Size { products: 50, lots: 100 };
/// Servers on one database of PostgreSQL.
const REPLICAS: [usize; 3] = [1, 2, 4];
const SEED: u64 = 20_261_130;
/// Mutations that a device records before each of its rounds.
const MUTATIONS_A_ROUND: u64 = 3;
/// Devices whose rows the floor writes again.
const MAX_FLOOR_DEVICES: usize = 1_000;

/// The size of a run.
struct Scale {
    devices: usize,
    sites: usize,
    /// Rounds of each device after the first sync, and the time between two of them.
    rounds: u64,
    interval_seconds: u64,
}

impl Scale {
    /// With `--quick`, a tenth of the devices make as many rounds in a second.
    fn of(settings: &Settings) -> Self {
        if settings.quick {
            Self { devices: 1_000, sites: 20, rounds: 1, interval_seconds: 6 }
        } else {
            Self { devices: 10_000, sites: 200, rounds: 1, interval_seconds: 60 }
        }
    }
}

/// Measures the rounds of all devices, and a reconnect storm, on each engine.
///
/// # Errors
/// If a server cannot be started or answers wrongly, or work is missing or booked twice in the end.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let scale = Scale::of(settings);
    let mut report = Report::new("fleet", "ms", 1);
    report.note("devices", scale.devices);
    report.note("sites", scale.sites);
    report.note("seconds_between_rounds", scale.interval_seconds);
    let postgres = Postgres::start_durable();
    if let Err(error) = &postgres {
        eprintln!("  without PostgreSQL: {error:#}");
        report.note("without_postgresql", format!("{error:#}"));
    }
    let postgres = postgres.ok();
    let devices = vec![scale.devices.div_ceil(scale.sites); scale.sites];
    eprintln!("  fleet: importing {} sites and enrolling {} devices", scale.sites, scale.devices);
    let imported = Imported::new(settings, postgres.as_ref(), SITE, &devices).await?;
    for engine in imported.engines() {
        let replicas: &[usize] = if engine == Engine::Sqlite { &[1] } else { &REPLICAS };
        for &replicas in replicas {
            let subject = match engine {
                Engine::Sqlite => LOTBOOK.to_owned(),
                Engine::Postgres => format!("lotbook-postgresql-{replicas}"),
            };
            if settings.chosen(&[&subject]).is_empty() {
                continue;
            }
            let books = imported.copy(engine, "fleet.db")?;
            let run = Run { settings, scale: &scale, imported: &imported, subject: &subject };
            let measured = run.measure(&books, replicas).await?;
            tell(&subject, &measured, &mut report);
            for (name, unit, figure) in cost::of(&measured.figures(&scale)) {
                report.detail(&format!("{subject}_cost_{name}"), unit, &[figure]);
            }
            if replicas == 1 {
                let rate = floor(&imported, &books, MAX_FLOOR_DEVICES).await?;
                eprintln!("  fleet {subject}: the same rows in a plain loop: {rate:.0} mutations/s");
                report.detail(&format!("{subject}_floor"), "mutations/s", &[rate]);
            }
        }
    }
    Ok(report)
}

/// The measurements of one subject.
#[derive(Default)]
struct Measured {
    first_seconds: f64,
    first_refusals: usize,
    device_bytes: f64,
    round_millis: Vec<f64>,
    refusals: usize,
    mutations_a_second: f64,
    /// Bytes that a device sends and gets in a round, with headers.
    round_bytes: [f64; 2],
    poke_millis: Vec<f64>,
    pulls: Pulls,
    server_cpu_percent: f64,
    server_cpu_micros_a_round: f64,
    server_peak_mb: f64,
    storm: Storm,
    database_bytes_a_mutation: f64,
}

impl Measured {
    fn figures(&self, scale: &Scale) -> cost::Figures {
        cost::Figures {
            send_cpu_micros: self.server_cpu_micros_a_round,
            send_bytes: self.round_bytes.iter().sum(),
            pulls: self.pulls,
            database_bytes_a_mutation: self.database_bytes_a_mutation,
            server_mb: self.server_peak_mb,
            devices: count(scale.devices),
        }
    }
}

fn tell(subject: &str, measured: &Measured, report: &mut Report) {
    let Measured { round_millis, storm, .. } = measured;
    let percent = |percent| percentile(round_millis, percent).unwrap_or(0.0);
    eprintln!(
        "  fleet {subject}: first syncs {:.1} s; rounds p50 {:.1}, p95 {:.1}, p99 {:.1} ms; storm {:.1} s",
        measured.first_seconds,
        percent(50),
        percent(95),
        percent(99),
        storm.seconds()
    );
    report.subject(subject, round_millis);
    report.curve(subject, storm.curve());
    let mut detail = |name: &str, unit: &str, samples: &[f64]| {
        report.detail(&format!("{subject}_{name}"), unit, samples);
    };
    detail("round_p99", "ms", &[percent(99)]);
    detail("mutations", "mutations/s", &[measured.mutations_a_second]);
    detail("poke", "ms", &measured.poke_millis);
    let [sent, got] = measured.round_bytes;
    detail("round_sent", "bytes", &[sent]);
    detail("round_got", "bytes", &[got]);
    detail("database_growth", "bytes/mutation", &[measured.database_bytes_a_mutation]);
    detail("first_syncs_at_once", "s", &[measured.first_seconds]);
    detail("memory", "KB/device", &[measured.device_bytes / 1e3]);
    detail("server_cpu", "% of a core", &[measured.server_cpu_percent]);
    detail("round_server_cpu", "us/round", &[measured.server_cpu_micros_a_round]);
    detail("pull_server_cpu", "us/round", &[measured.pulls.server_cpu_micros]);
    detail("pulls", "rounds/s", &[measured.pulls.rounds_a_second]);
    detail("pull_bytes", "bytes", &[measured.pulls.bytes]);
    detail("server_peak_memory", "MB", &[measured.server_peak_mb]);
    detail("storm", "s", &storm.drained_seconds);
    detail("storm_all", "s", &[storm.seconds()]);
    detail("storm_mutations", "mutations/s", &[storm.mutations_a_second()]);
    detail("storm_server_cpu", "% of a core", &[storm.server_cpu_percent]);
    detail("storm_server_peak_memory", "MB", &[storm.server_peak_mb]);
    report.note(&format!("{subject}_told_to_wait_at_first"), measured.first_refusals);
    report.note(&format!("{subject}_told_to_wait"), measured.refusals);
    report.note(&format!("{subject}_told_to_wait_in_storm"), storm.refusals);
    report.note(&format!("{subject}_devices_told_to_wait_in_storm"), storm.devices_sent_away);
    report.note(&format!("{subject}_unanswered_in_storm"), storm.unanswered);
}

/// The run of one subject.
struct Run<'r> {
    settings: &'r Settings,
    scale: &'r Scale,
    imported: &'r Imported,
    subject: &'r str,
}

impl Run<'_> {
    async fn measure(&self, books: &Books, replicas: usize) -> Result<Measured> {
        let Self { settings, scale, imported, subject } = self;
        let bytes_before = check::database_bytes(books)?;
        let mut servers = Servers::start(&settings.server, books, replicas).await?;
        let enrolled = imported.devices(scale.devices, scale.sites)?;
        let memory_before = own_memory_bytes()?;
        let devices: Vec<Rc<FleetDevice>> = (enrolled.iter().enumerate())
            .map(|(number, enrolled)| {
                FleetDevice::new(number, servers.url(number), &enrolled.token).map(Rc::new)
            })
            .collect::<Result<_>>()?;
        let mut measured = Measured::default();
        let local = LocalSet::new();
        local.run_until(self.fetch(&devices, &mut measured)).await?;
        measured.device_bytes = (own_memory_bytes()? - memory_before) / count(scale.devices);
        local.run_until(self.work(&devices, &servers, &mut measured)).await?;
        measured.poke_millis =
            local.run_until(pokes::measure(&devices, &enrolled, scale.sites, &servers)).await?;
        measured.pulls = local.run_until(pulls::measure(&devices, &servers)).await?;
        measured.server_peak_mb = servers.peak_memory_mb()?;
        servers.kill().await?;
        storm::record(&devices).await?;
        servers.start_again().await?;
        measured.storm = local.run_until(storm::weather(&devices, subject, &servers)).await?;
        servers.kill().await?;
        let mutations = check::check(books, &devices)?;
        measured.database_bytes_a_mutation = (check::database_bytes(books)? - bytes_before) / mutations;
        Ok(measured)
    }

    /// All devices fetch their site at once; whoever is told to wait does.
    async fn fetch(&self, devices: &[Rc<FleetDevice>], measured: &mut Measured) -> Result<()> {
        let progress = Rc::new(Progress::new(format!("fleet {}, first syncs", self.subject), devices.len()));
        let began = Instant::now();
        let synced = devices.iter().map(|device| {
            let (device, progress) = (Rc::clone(device), Rc::clone(&progress));
            spawn_local(async move { device.sync().await.inspect(|patience| progress.step(patience)) })
        });
        for synced in join_all(synced.collect::<Vec<_>>()).await {
            measured.first_refusals += synced??.refusals;
        }
        measured.first_seconds = began.elapsed().as_secs_f64();
        for device in devices {
            ensure!(device.lots().await? > 0, "a device has no lots after its first sync");
        }
        Ok(())
    }

    /// Each device records some movements and syncs, once in each interval, at a time of its own.
    async fn work(
        &self,
        devices: &[Rc<FleetDevice>],
        servers: &Servers<'_>,
        measured: &mut Measured,
    ) -> Result<()> {
        let Scale { rounds: all_rounds, interval_seconds, .. } = *self.scale;
        let mut random = Rng::with_seed(SEED);
        let rounds = Rc::new(RefCell::new(Rounds::default()));
        let progress = Rc::new(Progress::new(format!("fleet {}, rounds", self.subject), devices.len()));
        let bytes_before = servers.traffic_bytes().await?;
        let (began, cpu_before) = (Instant::now(), servers.cpu_seconds()?);
        let working = devices.iter().map(|device| {
            let offset = Duration::from_millis(random.u64(..interval_seconds * 1_000));
            let (device, mut random) = (Rc::clone(device), random.fork());
            let (rounds, progress) = (Rc::clone(&rounds), Rc::clone(&progress));
            spawn_local(async move {
                for round in 0..all_rounds {
                    let due = began + offset + Duration::from_secs(round * interval_seconds);
                    tokio::time::sleep_until(due.into()).await;
                    device.record(MUTATIONS_A_ROUND, &mut random).await?;
                    let patience = device.sync().await?;
                    rounds.borrow_mut().add(&patience);
                    progress.step(&patience);
                }
                anyhow::Ok(())
            })
        });
        for done in join_all(working.collect::<Vec<_>>()).await {
            done??;
        }
        let seconds = began.elapsed().as_secs_f64();
        let cpu_seconds = servers.cpu_seconds()? - cpu_before;
        measured.server_cpu_percent = 100.0 * cpu_seconds / seconds;
        let Rounds { millis, refusals } = rounds.take();
        measured.server_cpu_micros_a_round = cpu_seconds * 1e6 / count(millis.len());
        let bytes = servers.traffic_bytes().await?.into_iter().zip(bytes_before);
        for (of_a_round, (after, before)) in measured.round_bytes.iter_mut().zip(bytes) {
            *of_a_round = (after - before) / count(millis.len());
        }
        measured.mutations_a_second =
            count(millis.len()) * count(usize::try_from(MUTATIONS_A_ROUND)?) / seconds;
        (measured.round_millis, measured.refusals) = (millis, refusals);
        Ok(())
    }
}

/// Memory of this process.
fn own_memory_bytes() -> Result<f64> {
    memory_bytes(std::process::id()).context("/proc does not show this process's memory")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(of: usize) -> f64 {
    of as f64
}
