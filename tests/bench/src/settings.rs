//! Command-line options and environment variables of the benches.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::faults::Fault;

/// Products and lots at full size.
const FULL: Size = Size { products: 100_000, lots: 200_000 };
/// Products and lots of `--quick`.
const QUICK: Size = Size { products: 10_000, lots: 20_000 };
const QUICK_RUNS: usize = 3;

/// Benchmarks Lotbook and its peers. `cargo xtask bench` builds all programs and runs this.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Settings {
    /// The bench to run; all of them by default
    #[arg(value_enum)]
    pub(crate) name: Option<Bench>,
    /// Use a tenth of the data, and at most three runs
    #[arg(long)]
    pub(crate) quick: bool,
    /// Number of measured runs of every subject, after one warm-up run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
    /// Run only these subjects, such as lotbook,dexie
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Seed of the random choices of `faults`
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(crate) seed: u64,
    /// Run only these faults, such as F1,F9
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    fault: Vec<Fault>,
    /// The release build of lotbook-server
    #[arg(long, env = "LOTBOOK_SERVER_BIN", value_name = "FILE")]
    pub(crate) server: PathBuf,
    /// The folder to serve: the built app, and the subjects' pages in `bench/`
    #[arg(long, env = "LOTBOOK_BENCH_SITE", value_name = "DIR")]
    pub(crate) site: PathBuf,
    /// The folder for the results
    #[arg(long, env = "LOTBOOK_BENCH_OUT", default_value = "target/bench", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A folder with products.csv and inventory_lots.csv; without it rows are generated
    #[arg(long, env = "LOTBOOK_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The browser's program
    #[arg(long, env = "CHROMIUM", default_value = "chromium", value_name = "FILE")]
    pub(crate) chromium: PathBuf,
    /// The driver's program
    #[arg(long, env = "CHROMEDRIVER", default_value = "chromedriver", value_name = "FILE")]
    pub(crate) chromedriver: PathBuf,
}

/// The benches, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bench {
    /// All rows from the server until durable and findable by barcode
    FirstSync,
    /// A pull of a few changed rows
    Delta,
    /// Saving one queue record until durable
    Record,
    /// 1,000 queued mutations until acknowledged
    Drain,
    /// Offline start of the installed app until rows are painted, and the first scan
    ColdStart,
    /// Lookup by barcode and SKU, and one keystroke of the search
    Lookup,
    /// Compressed bytes of app and worker
    Size,
    /// Pushes by many devices, and pulls of all rows
    Server,
    /// Thousands of devices, each syncing once a minute
    Fleet,
    /// Saved work under faults of browser, network and server
    Faults,
}

/// Number of rows of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Products.
    pub(crate) products: usize,
    /// Lots.
    pub(crate) lots: usize,
}

impl Size {
    /// All rows.
    pub(crate) fn rows(self) -> usize {
        self.products + self.lots
    }
}

impl Settings {
    /// Measured runs of every subject.
    pub(crate) fn runs(&self) -> usize {
        if self.quick { QUICK_RUNS.min(usize::from(self.runs)) } else { usize::from(self.runs) }
    }

    /// Size of the catalogue.
    pub(crate) fn size(&self) -> Size {
        if self.quick { QUICK } else { FULL }
    }

    /// A tenth of the rows, for benches that show how cost grows with the data.
    pub(crate) fn tenth(&self) -> Size {
        let Size { products, lots } = self.size();
        Size { products: products / 10, lots: lots / 10 }
    }

    /// The faults to play.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        if self.fault.is_empty() { Fault::value_variants().to_vec() } else { self.fault.clone() }
    }

    /// Filters `subjects` by `--only`.
    pub(crate) fn chosen<'a>(&self, subjects: &[&'a str]) -> Vec<&'a str> {
        let is_chosen = |name: &&&str| self.only.is_empty() || self.only.iter().any(|only| only == **name);
        subjects.iter().filter(is_chosen).copied().collect()
    }
}

impl Bench {
    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The one-line help.
    pub(crate) fn about(self) -> String {
        let help = self.to_possible_value().and_then(|value| value.get_help().map(ToString::to_string));
        help.unwrap_or_default()
    }
}
