//! `sim`: runs seeds and reports violated invariants.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use sim::books::Engine;
use sim::dice::Dice;
use sim::shrink::shrink;
use sim::trace::Detail;
use sim::variant::Variant;
use sim::world::{Report, run};

/// Runs simulated warehouses under random faults, each from a seed, and checks that no mutation is lost, doubled,
/// reordered or stuck.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Options {
    /// Number of seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Stop after this many seconds, even if seeds are left
    #[arg(long)]
    seconds: Option<u64>,
    /// Run a deliberately broken variant; --variants lists the names
    #[arg(long, default_value = "none")]
    variant: String,
    /// The engine of the server's store. PostgreSQL is started from the system's packages
    #[arg(long, value_enum, default_value_t)]
    database: Engine,
    /// Run every broken variant (on PostgreSQL those of the server) from the seed that last detected it (--from does not apply), with at most --seeds seeds each
    #[arg(long)]
    variants: bool,
    /// For a failing run, print all request bodies, and the events after the faults ended
    #[arg(long)]
    verbose: bool,
    /// Number of seeds run in parallel
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Number of seeds between two checks for failures.
const SEEDS_AT_ONCE: usize = 16;

fn main() -> ExitCode {
    match report(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn report(options: &Options) -> Result<bool> {
    if options.variants {
        return every_variant(options);
    }
    let broken = Variant::BROKEN.into_iter().map(|(variant, _)| variant);
    let known = broken.chain([Variant::None, Variant::Control]);
    let Some(variant) = known.into_iter().find(|known| known.words().0 == options.variant) else {
        bail!("There is no variant {}. `--variants` lists them.", options.variant);
    };
    let begun = Instant::now();
    let found = search(options, variant, options.from)?;
    let took = begun.elapsed().as_secs_f64();
    let Found { seeds, saved, requests, failing } = found;
    let verdict = if failing.is_none() { "ok" } else { "FAILED" };
    let (passed, failed) = (seeds - u64::from(failing.is_some()), u64::from(failing.is_some()));
    println!(
        "test result: {verdict}. {passed} passed; {failed} failed; seeds from {}, {saved} saved mutations, {requests} \
         requests; finished in {took:.1}s",
        options.from
    );
    let Some((seed, failing)) = failing else {
        println!("Nothing lost, doubled, reordered or stuck.");
        return Ok(true);
    };
    println!("Seed {seed} fails. Cutting it down:");
    let detail = if options.verbose { Detail::Everything } else { Detail::Work };
    let shortest = shrink(failing, variant, options.database, detail)?;
    for line in &shortest.trace {
        println!("{line}");
    }
    for violation in &shortest.violations {
        println!("does not hold: {violation}");
    }
    let engine = if options.database == Engine::Postgres { " --database postgres" } else { "" };
    println!(
        "To see it again: cargo xtask sim --from {seed} --seeds 1 --variant {}{engine}",
        options.variant
    );
    println!("To keep it: add {seed} to tests/sim/seeds.txt, and say why it failed.");
    Ok(false)
}

fn every_variant(options: &Options) -> Result<bool> {
    let begun = Instant::now();
    let is_run = |(variant, _): &(Variant, u64)| options.database == Engine::Sqlite || variant.is_of_server();
    let (mut caught, mut missed) = (0, 0);
    println!("{:<22} {:<48} caught at seed", "variant", "what is broken");
    for (variant, from) in Variant::BROKEN.into_iter().filter(is_run) {
        let (name, what) = variant.words();
        print!("{name:<22} {what:<48} ");
        std::io::stdout().flush()?;
        match search(options, variant, from)?.failing {
            Some((seed, report)) => {
                caught += 1;
                println!(
                    "{seed:>5}   {}",
                    report.violations.first().map_or("", |violation| shortened(violation))
                );
            }
            None => {
                missed += 1;
                println!("not within {} seeds", options.seeds);
            }
        }
    }
    let verdict = if missed == 0 { "ok" } else { "FAILED" };
    let took = begun.elapsed().as_secs_f64();
    println!(
        "test result: {verdict}. {caught} passed; {missed} failed; broken variants caught; finished in {took:.1}s"
    );
    Ok(missed == 0)
}

/// The violation without its rows.
fn shortened(violation: &str) -> &str {
    violation.split(": ").next().unwrap_or(violation)
}

/// Seeds that failed before.
fn kept_seeds() -> impl Iterator<Item = u64> {
    include_str!("../seeds.txt").lines().filter_map(|line| line.parse().ok())
}

#[derive(Default)]
struct Found {
    seeds: u64,
    saved: usize,
    requests: u64,
    /// The first failing seed.
    failing: Option<(u64, Report)>,
}

/// Runs seeds in parallel, in order, until one fails.
fn search(options: &Options, variant: Variant, from: u64) -> Result<Found> {
    let ends = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let threads = options.threads.max(1);
    let mut found = Found::default();
    // On another engine they stand for other decisions.
    let has_kept = variant == Variant::None && options.seeds > 1 && options.database == Engine::Sqlite;
    let kept = kept_seeds().filter(|_| has_kept);
    let mut seeds = kept.chain(from..from + options.seeds);
    // A broken variant is usually detected at once.
    let seeds_at_once = if variant == Variant::None { SEEDS_AT_ONCE } else { threads };
    while found.failing.is_none() && ends.is_none_or(|ends| Instant::now() < ends) {
        let batch: Vec<u64> = seeds.by_ref().take(seeds_at_once).collect();
        if batch.is_empty() {
            break;
        }
        let reports = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|thread| {
                    let seeds = batch.iter().skip(thread).step_by(threads);
                    scope.spawn(move || {
                        seeds
                            .copied()
                            .map(|seed| {
                                let report =
                                    run(Dice::seeded(seed), variant, options.database, Detail::Nothing);
                                report.map(|report| (seed, report))
                            })
                            .collect::<Result<Vec<_>>>()
                    })
                })
                .collect();
            let joined = running.into_iter().map(|running| running.join());
            joined
                .map(|joined| joined.unwrap_or_else(|_| bail!("a run panicked")))
                .collect::<Result<Vec<_>>>()
        })?;
        let mut reports: Vec<_> = reports.into_iter().flatten().collect();
        reports.sort_by_key(|(seed, _)| batch.iter().position(|of_batch| of_batch == seed));
        for (seed, report) in reports {
            found.seeds += 1;
            found.saved += report.saved;
            found.requests += report.requests;
            if !report.violations.is_empty() && found.failing.is_none() {
                found.failing = Some((seed, report));
            }
        }
    }
    Ok(found)
}
