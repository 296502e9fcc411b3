//! The project's own commands: `build`, `run`, `test`, `bench`, `sim` and, for Trunk, `stamp`.
//!
//! A command fails with a sentence that names the problem and its solution, and with a nonzero exit code.

mod apt;
mod bench;
mod build;
mod chromium;
mod compress;
mod deny;
mod example;
mod postgres;
mod process;
mod run;
mod schemathesis;
mod server_tools;
mod shrink;
mod sim;
mod size;
mod split;
mod stamp;
mod test;
mod tools;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, runs and tests Lotbook. Missing tools are installed under target/; only what the tests need of the system (a browser,
/// PostgreSQL, openssl and the like) may be installed with apt-get.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the app (into dist/) and the server for deployment
    Build,
    /// Build the app and the server, start the server and print a link to open
    Run(run::Options),
    /// Run all checks: format, lints, dependencies, native tests, browser tests, size limits
    Test(test::Options),
    /// Benchmark Lotbook and its peers with the same browser and server
    Bench(bench::Options),
    /// Run simulated warehouses under random faults, each from a seed
    Sim(sim::Options),
    /// Build an example app into examples/NAME/dist, start its server and print a link to open
    Example(example::Options),
    /// Post-process a release build of an app; called by Trunk
    Stamp(stamp::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Build => run::build(),
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::test(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Sim(options) => sim::sim(&options),
        Command::Example(options) => example::example(&options),
        Command::Stamp(options) => stamp::from_trunk(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
