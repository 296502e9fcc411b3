//! `server`: many devices push at once, then devices pull everything, over real HTTP to the release binary.
//!
//! Every run begins with a copy of one imported database. The server is killed after the last answer, so that
//! the database that is checked then holds only what was committed before it was acknowledged. The floor
//! writes the same rows as the server did, without HTTP, JSON and rules. The pushed work is seeded. Devices
//! are tasks of this process, which shares the machine's cores with the server.

mod books;
mod floor;
mod process;
mod pulls;
mod pushes;
mod work;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::enrolment::{self, Applicant};
use server::store::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::catalogue::Catalogue;
use crate::report::{LOTBOOK, Report};
use crate::settings::Settings;
use books::Books;
use process::RunningServer;
use pushes::Pushed;
use work::Work;

/// Batches that each device sends, one after another.
const BATCHES_PER_DEVICE: usize = 5;
const QUICK_BATCHES_PER_DEVICE: usize = 2;
/// Devices that pull everything at the same time.
const PULLING_DEVICES: usize = 10;

/// Measures pushes and pulls.
///
/// # Errors
/// When the server cannot be started or answers wrongly, or its database is inconsistent afterwards.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let bench = Prepared::new(settings).await?;
    let mut report = Report::new("server", "mutations/s", settings.runs());
    report.note("higher_is_better", true);
    measure_pushes(&bench, settings, &mut report).await?;
    measure_pulls(&bench, settings, &mut report).await?;
    Ok(report)
}

/// A database with the catalogue and the enrolled devices, and the work that those devices will push.
struct Prepared {
    dir: TempDir,
    program: PathBuf,
    tokens: Vec<String>,
    work: Work,
}

impl Prepared {
    async fn new(settings: &Settings) -> Result<Self> {
        let dir = TempDir::new()?;
        let database = dir.path().join("imported.db");
        let catalogue = Catalogue::write(settings, settings.size(), dir.path())?;
        process::import(&settings.server, &database, &catalogue).await?;
        let tokens = enrolled(&database, work::DEVICES.max(PULLING_DEVICES)).await?;
        let batches = if settings.quick { QUICK_BATCHES_PER_DEVICE } else { BATCHES_PER_DEVICE };
        let work = Work::seeded(&books::lots(&database)?, batches)?;
        Ok(Self { program: settings.server.clone(), dir, tokens, work })
    }

    /// Makes a new copy of the database under this name.
    fn copy(&self, name: &str) -> Result<PathBuf> {
        let copy = self.dir.path().join(name);
        for suffix in ["-wal", "-shm"] {
            let left = self.dir.path().join(format!("{name}{suffix}"));
            if left.exists() {
                fs::remove_file(left)?;
            }
        }
        fs::copy(self.dir.path().join("imported.db"), &copy)
            .context("the imported database cannot be copied")?;
        // Otherwise the copy would be flushed to disk while the subject is measured.
        fs::File::open(&copy)?.sync_all()?;
        Ok(copy)
    }
}

/// Enrols devices directly in the store, because enrolment over HTTP is rate-limited. Returns their tokens.
async fn enrolled(database: &Path, devices: usize) -> Result<Vec<String>> {
    let (store, now) = (SqliteStore::open(database)?, Clock::default().now());
    let mut tokens = Vec::with_capacity(devices);
    for _ in 0..devices {
        let code = enrolment::new_code(&store, DEFAULT_SITE, "", now).await?;
        let enrolled = enrolment::enrol(&store, &code, Applicant::default(), now).await?;
        tokens.push(enrolled.ok().context("a fresh code was refused")?.1);
    }
    Ok(tokens)
}

async fn measure_pushes(bench: &Prepared, settings: &Settings, report: &mut Report) -> Result<()> {
    let before = Books::read(&bench.copy("before.db")?)?;
    let (mut rates, mut floor_rates, mut runs) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..=settings.runs() {
        let database = bench.copy("pushes.db")?;
        let server = RunningServer::start(&bench.program, &database).await?;
        let pushed = pushes::push(&server, &bench.tokens, &bench.work).await?;
        server.kill().await?;
        Books::read(&database)?.check(&before, &bench.work)?;
        let recorded = floor::Recorded::read(&database)?;
        let floor_seconds = recorded.write_again(&bench.copy("floor.db")?)?;
        let rate = |seconds: f64| work::count(bench.work.mutations()) / seconds;
        let (own, floor) = (rate(pushed.seconds), rate(floor_seconds));
        eprintln!("  server run {run}: lotbook {own:.0}, floor {floor:.0} mutations/s");
        if run > 0 {
            rates.push(own);
            floor_rates.push(floor);
            runs.push(pushed);
        }
    }
    report.subject(LOTBOOK, &rates);
    report.subject("floor", &floor_rates);
    let mut detail = |name: &str, unit: &str, figure: fn(&Pushed) -> f64| {
        report.detail(name, unit, &runs.iter().map(figure).collect::<Vec<_>>());
    };
    detail("push_batch_p50", "ms", |pushed| pushed.latency_millis(50));
    detail("push_batch_p95", "ms", |pushed| pushed.latency_millis(95));
    detail("push_batch_p99", "ms", |pushed| pushed.latency_millis(99));
    detail("push_server_cpu", "us/mutation", Pushed::cpu_micros_per_mutation);
    detail("push_server_peak_memory", "MB", |pushed| pushed.server_peak_mb);
    report.note("push_devices", work::DEVICES);
    report.note("push_mutations", bench.work.mutations());
    Ok(())
}

async fn measure_pulls(bench: &Prepared, settings: &Settings, report: &mut Report) -> Result<()> {
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for run in 0..=settings.runs() {
        let database = bench.copy("pulls.db")?;
        let server = RunningServer::start(&bench.program, &database).await?;
        let one = pulls::pull(&server, bench.tokens.get(..1).unwrap_or_default()).await?;
        let many = pulls::pull(&server, bench.tokens.get(..PULLING_DEVICES).unwrap_or_default()).await?;
        server.kill().await?;
        eprintln!(
            "  server run {run}: pull {:.2} s, {PULLING_DEVICES} at once {:.2} s",
            one.seconds, many.seconds
        );
        if run > 0 {
            alone.push(one);
            together.push(many);
        }
    }
    for (name, runs) in [("pull_alone", alone), ("pull_ten_at_once", together)] {
        let mut detail = |what: &str, unit: &str, figure: fn(&pulls::Pulled) -> f64| {
            report.detail(&format!("{name}_{what}"), unit, &runs.iter().map(figure).collect::<Vec<_>>());
        };
        detail("time", "s", |pulled| pulled.seconds);
        detail("rows", "rows/s", |pulled| work::count(pulled.rows) / pulled.seconds);
        detail("json", "MB/s", |pulled| work::count(pulled.json_bytes) / 1e6 / pulled.seconds);
        detail("server_cpu", "s", |pulled| pulled.server_cpu_seconds);
        detail("server_peak_memory", "MB", |pulled| pulled.server_peak_mb);
    }
    Ok(())
}
