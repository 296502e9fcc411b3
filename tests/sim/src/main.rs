//! `sim`: runs seeds and says what does not hold.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use sim::dice::Dice;
use sim::shrink::shrink;
use sim::variant::Variant;
use sim::world::{Report, run};

/// Runs simulated warehouses, each from a seed, with everything going wrong, and checks that nothing is lost, doubled,
/// reordered or stuck.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// End after this many seconds, whatever seeds are left
    #[arg(long)]
    seconds: Option<u64>,
    /// Run a deliberately broken engine: a name of --variants
    #[arg(long, default_value = "none")]
    variant: String,
    /// Run every broken engine until it is caught, within the given number of seeds each
    #[arg(long)]
    variants: bool,
    /// Seeds run side by side
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

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
    let known = Variant::BROKEN.into_iter().chain([Variant::None, Variant::Control]);
    let Some(variant) = known.into_iter().find(|known| known.words().0 == options.variant) else {
        bail!("There is no variant {}. `--variants` lists them.", options.variant);
    };
    let begun = Instant::now();
    let found = search(options, variant)?;
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{} seeds from {}: {} saved mutations, {} requests, {took:.1} s",
        found.seeds, options.from, found.saved, found.requests
    );
    let Some((seed, failing)) = found.failing else {
        println!("Nothing lost, doubled, reordered or stuck.");
        return Ok(true);
    };
    println!("Seed {seed} fails. Cutting it down:");
    let shortest = shrink(failing, variant)?;
    for line in &shortest.trace {
        println!("{line}");
    }
    for violation in &shortest.violations {
        println!("does not hold: {violation}");
    }
    println!("To see it again: sim --from {seed} --seeds 1 --variant {}", options.variant);
    Ok(false)
}

fn every_variant(options: &Options) -> Result<bool> {
    let mut are_all_caught = true;
    println!("{:<22} {:<48} caught at seed", "variant", "what is broken");
    for variant in Variant::BROKEN {
        let (name, what) = variant.words();
        print!("{name:<22} {what:<48} ");
        std::io::stdout().flush()?;
        match search(options, variant)?.failing {
            Some((seed, report)) => {
                println!(
                    "{:>5}   {}",
                    seed + 1 - options.from,
                    report.violations.first().map_or("", String::as_str)
                );
            }
            None => {
                are_all_caught = false;
                println!("not within {} seeds", options.seeds);
            }
        }
    }
    Ok(are_all_caught)
}

#[derive(Default)]
struct Found {
    seeds: u64,
    saved: usize,
    requests: u64,
    /// The lowest seed that fails.
    failing: Option<(u64, Report)>,
}

/// Runs seeds side by side, in order, until one fails.
fn search(options: &Options, variant: Variant) -> Result<Found> {
    let ends = options.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let threads = options.threads.max(1);
    let mut found = Found::default();
    let mut next = options.from;
    let end = options.from + options.seeds;
    while next < end && found.failing.is_none() && ends.is_none_or(|ends| Instant::now() < ends) {
        let batch = next..(next + threads * 8).min(end);
        let reports = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads)
                .map(|thread| {
                    let seeds = batch.clone().filter(move |seed| seed % threads == thread);
                    scope.spawn(move || {
                        seeds
                            .map(|seed| run(Dice::seeded(seed), variant, false).map(|report| (seed, report)))
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
        reports.sort_by_key(|(seed, _)| *seed);
        for (seed, report) in reports {
            found.seeds += 1;
            found.saved += report.saved;
            found.requests += report.requests;
            if !report.violations.is_empty() && found.failing.is_none() {
                found.failing = Some((seed, report));
            }
        }
        next = batch.end;
    }
    Ok(found)
}
