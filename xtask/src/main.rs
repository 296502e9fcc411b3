//! The project's own commands: `build`, `run`, `test`, `bench`, `sim` and, for Trunk, `stamp`.
//!
//! A command fails with a sentence that names the problem and its solution, and with a nonzero exit code.

mod bench;
mod build;
mod chromium;
mod compress;
mod deny;
mod example;
mod process;
mod run;
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

/// Builds, runs and checks Lotbook. Tools it needs are put under target/, never into the system, except a browser for
/// the tests where apt-get may install one.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the app into dist/ and the server, to be used elsewhere
    Build,
    /// Build the app and the server, start them and print the link to open
    Run(run::Options),
    /// Check everything: format, lints, dependencies, tests natively and in a browser, size limits. --quick before a commit
    Test(test::Options),
    /// Compare Lotbook with its peers in one browser on one server
    Bench(bench::Options),
    /// Run simulated warehouses from seeds, with everything going wrong
    Sim(sim::Options),
    /// Build an example app into examples/NAME/dist, start its server and print the link to open
    Example(example::Options),
    /// Finish a release build of an app; Trunk calls this
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
