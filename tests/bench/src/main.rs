//! Benchmarks of Lotbook and its peers with the same data, server, machine and browser for every subject.
//!
//! `cargo xtask bench` builds the server, the app and the subjects' pages, and runs this. Each bench writes
//! `NAME.json`, and `NAME.svg` if there is something to plot. Failures are listed in the JSON and make the
//! exit code nonzero.

mod app;
mod catalogue;
mod chromium;
mod cold_start;
mod curves;
mod delay_proxy;
mod delta;
mod drain;
mod edits;
mod faults;
mod first_sync;
mod fleet;
mod lookup;
mod plot;
mod record;
mod report;
mod rounds;
mod server_load;
mod server_process;
mod settings;
mod size;
mod stage;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser as _, ValueEnum as _};

use crate::report::Findings;
use crate::settings::{Bench, Settings};

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::parse();
    let benches = settings.name.as_ref().map_or(Bench::value_variants(), std::slice::from_ref);
    let mut failed = Vec::new();
    for &bench in benches {
        println!("\n== {}: {}", bench.name(), bench.about());
        match run_and_keep(bench, &settings).await {
            Ok(true) => failed.push(bench.name()),
            Ok(false) => {}
            Err(error) => {
                eprintln!("error: {}: {error:#}", bench.name());
                failed.push(bench.name());
            }
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: something failed in {}; see above", failed.join(", "));
    ExitCode::FAILURE
}

/// Runs a bench, prints and writes its results, and returns whether something failed.
async fn run_and_keep(bench: Bench, settings: &Settings) -> Result<bool> {
    let found = run(bench, settings).await?;
    println!("{}", found.table());
    found.write(&settings.out)?;
    println!("written: {}", settings.out.join(format!("{}.json", bench.name())).display());
    Ok(found.has_failed())
}

async fn run(bench: Bench, settings: &Settings) -> Result<Box<dyn Findings>> {
    let report = match bench {
        Bench::FirstSync => first_sync::run(settings).await?,
        Bench::Delta => delta::run(settings).await?,
        Bench::Record => record::run(settings).await?,
        Bench::Drain => drain::run(settings).await?,
        Bench::ColdStart => cold_start::run(settings).await?,
        Bench::Lookup => lookup::run(settings).await?,
        Bench::Size => size::run(settings)?,
        Bench::Server => server_load::run(settings).await?,
        Bench::Fleet => fleet::run(settings).await?,
        Bench::Faults => return Ok(Box::new(faults::run(settings).await?)),
    };
    Ok(Box::new(report))
}
