//! `lotbook-device`: Lotbook on a device without a browser.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::run(cli::args::Args::parse())
}
