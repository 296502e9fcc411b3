//! `server`: many devices push at once, then devices pull everything, over real HTTP to the release binary, on each kind of
//! database.
//!
//! Every run begins with a copy of one imported database. The server is killed after the last answer, so that
//! the database that is checked then holds only what was committed before it was acknowledged. The floors
//! write the same rows as the server did, without HTTP, JSON and rules. The pushed work is seeded. Devices
//! are tasks of this process, which shares the machine's cores with the server and PostgreSQL.

mod books;
mod imported;
mod postgres_floor;
mod process;
mod pulls;
mod pushes;
mod sites;
mod sqlite_floor;
mod work;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use test_postgres::Postgres;
use tests::Books;

use crate::report::{LOTBOOK, Report};
use crate::settings::Settings;
use books::Figures;
pub(crate) use imported::{Engine, Imported};
pub(crate) use process::RunningServer;
use pushes::Pushed;
pub(crate) use work::Enrolled;
use work::Work;

/// Batches that each device sends, one after another.
const BATCHES_PER_DEVICE: usize = 5;
const QUICK_BATCHES_PER_DEVICE: usize = 2;
/// Devices that push at the same time.
const DEVICES: usize = 200;
/// Devices that pull everything at the same time.
const PULLING_DEVICES: usize = 10;

/// Measures pushes and pulls.
///
/// # Errors
/// When the server cannot be started or answers wrongly, or its database is inconsistent afterwards.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("server", "mutations/s", settings.runs());
    report.note("higher_is_better", true);
    let postgres = Postgres::start_durable();
    if let Err(error) = &postgres {
        eprintln!("  without PostgreSQL: {error:#}");
        report.note("without_postgresql", format!("{error:#}"));
    }
    let postgres = postgres.ok();
    let imported = Imported::new(settings, postgres.as_ref(), settings.size(), &[DEVICES]).await?;
    measure_pushes(&imported, settings, &mut report).await?;
    measure_pulls(&imported, settings, &mut report).await?;
    sites::measure(settings, postgres.as_ref(), &mut report).await?;
    Ok(report)
}

/// The measurements of one engine.
#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    floor_rates: Vec<f64>,
    runs: Vec<Pushed>,
}

/// The chosen engines of those that there is a database of.
fn engines(imported: &Imported, settings: &Settings) -> Vec<Engine> {
    let is_chosen = |engine: &Engine| !settings.chosen(&[names(*engine).0]).is_empty();
    imported.engines().into_iter().filter(is_chosen).collect()
}

fn batches(settings: &Settings) -> usize {
    if settings.quick { QUICK_BATCHES_PER_DEVICE } else { BATCHES_PER_DEVICE }
}

/// Names of an engine's subjects, and what its figures' names begin with.
fn names(engine: Engine) -> (&'static str, &'static str, &'static str) {
    match engine {
        Engine::Sqlite => (LOTBOOK, "floor", "push"),
        Engine::Postgres => ("lotbook-postgresql", "floor-postgresql", "push_postgresql"),
    }
}

/// Pushes all work to a copy of the database, and checks what has been booked.
async fn pushed(program: &Path, imported: &Imported, engine: Engine, work: &Work) -> Result<(Books, Pushed)> {
    let books = imported.copy(engine, "pushes.db")?;
    let before = Figures::read(&books)?;
    let server = RunningServer::start(program, &books).await?;
    let pushed = pushes::push(&server, work).await?;
    server.kill().await?;
    Figures::read(&books)?.check(&before, work)?;
    Ok((books, pushed))
}

/// Mutations a second of a plain loop that writes the rows again that were pushed to `books`: those of at most so many
/// batches of devices.
pub(crate) async fn floor(imported: &Imported, books: &Books, max_batches: usize) -> Result<f64> {
    let (mutations, seconds) = match books {
        Books::File(file) => {
            let copy = imported.copy(Engine::Sqlite, "floor.db")?;
            let rows = sqlite_floor::Recorded::read(file, max_batches)?;
            (rows.mutations(), rows.write_again(copy.file().context("the copy is no file")?)?)
        }
        Books::Postgres(database) => {
            let Books::Postgres(copy) = imported.copy(Engine::Postgres, "floor.db")? else {
                bail!("the copy is no database of PostgreSQL");
            };
            let rows = postgres_floor::Recorded::read(database, max_batches).await?;
            (rows.mutations()?, rows.write_again(&copy).await?)
        }
    };
    Ok(work::count(mutations) / seconds)
}

async fn measure_pushes(imported: &Imported, settings: &Settings, report: &mut Report) -> Result<()> {
    let devices = imported.devices(DEVICES, 1)?;
    let work = Work::seeded(&imported.lots()?, &devices, batches(settings))?;
    let rate = |seconds: f64| work::count(work.mutations()) / seconds;
    let mut measured: Vec<(Engine, Measured)> =
        engines(imported, settings).into_iter().map(|engine| (engine, Measured::default())).collect();
    for run in 0..=settings.runs() {
        for (engine, measured) in &mut measured {
            let (books, pushed) = pushed(&settings.server, imported, *engine, &work).await?;
            let own = rate(pushed.seconds);
            let floor = floor(imported, &books, DEVICES * BATCHES_PER_DEVICE).await?;
            let (name, ..) = names(*engine);
            eprintln!("  server run {run}: {name} {own:.0}, its floor {floor:.0} mutations/s");
            if run > 0 {
                measured.rates.push(own);
                measured.floor_rates.push(floor);
                measured.runs.push(pushed);
            }
        }
    }
    for (engine, measured) in &measured {
        tell_pushes(*engine, measured, report);
    }
    report.note("push_devices", DEVICES);
    report.note("push_mutations", work.mutations());
    Ok(())
}

fn tell_pushes(engine: Engine, measured: &Measured, report: &mut Report) {
    let (own, floor, prefix) = names(engine);
    report.subject(own, &measured.rates);
    report.subject(floor, &measured.floor_rates);
    let mut detail = |name: &str, unit: &str, figure: fn(&Pushed) -> f64| {
        let figures: Vec<f64> = measured.runs.iter().map(figure).collect();
        report.detail(&format!("{prefix}_{name}"), unit, &figures);
    };
    detail("batch_p50", "ms", |pushed| pushed.latency_millis(50));
    detail("batch_p95", "ms", |pushed| pushed.latency_millis(95));
    detail("batch_p99", "ms", |pushed| pushed.latency_millis(99));
    detail("server_cpu", "us/mutation", Pushed::cpu_micros_per_mutation);
    detail("server_peak_memory", "MB", |pushed| pushed.server_peak_mb);
}

async fn measure_pulls(imported: &Imported, settings: &Settings, report: &mut Report) -> Result<()> {
    let devices = imported.devices(PULLING_DEVICES, 1)?;
    let tokens: Vec<String> = devices.into_iter().map(|device| device.token).collect();
    for engine in engines(imported, settings) {
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        let suffix = if engine == Engine::Postgres { "_postgresql" } else { "" };
        for run in 0..=settings.runs() {
            let books = imported.copy(engine, "pulls.db")?;
            let server = RunningServer::start(&settings.server, &books).await?;
            let one = pulls::pull(&server, tokens.get(..1).unwrap_or_default()).await?;
            let many = pulls::pull(&server, &tokens).await?;
            server.kill().await?;
            let (name, ..) = names(engine);
            eprintln!(
                "  server run {run}: {name} pull {:.2} s, {PULLING_DEVICES} at once {:.2} s",
                one.seconds, many.seconds
            );
            if run > 0 {
                alone.push(one);
                together.push(many);
            }
        }
        for (name, runs) in [("pull_alone", alone), ("pull_ten_at_once", together)] {
            tell_pulls(&format!("{name}{suffix}"), &runs, report);
        }
    }
    Ok(())
}

fn tell_pulls(name: &str, runs: &[pulls::Pulled], report: &mut Report) {
    let mut detail = |figure_of: &str, unit: &str, figure: fn(&pulls::Pulled) -> f64| {
        report.detail(&format!("{name}_{figure_of}"), unit, &runs.iter().map(figure).collect::<Vec<_>>());
    };
    detail("time", "s", |pulled| pulled.seconds);
    detail("rows", "rows/s", |pulled| work::count(pulled.rows) / pulled.seconds);
    detail("json", "MB/s", |pulled| work::count(pulled.json_bytes) / 1e6 / pulled.seconds);
    detail("server_cpu", "s", |pulled| pulled.server_cpu_seconds);
    detail("server_peak_memory", "MB", |pulled| pulled.server_peak_mb);
}
