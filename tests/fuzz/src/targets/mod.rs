//! The list of targets.

mod barcodes;
mod csv_files;
mod dates;
mod numbers;
mod requests;
mod rows;
mod scans;
mod unsent;

use anyhow::Result;

/// Code under test that reads bytes from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, also of its folder in the corpus.
    pub name: &'static str,
    /// Mutations of each corpus file in a test run. Lower for targets that need a database.
    pub mutations_per_file: u32,
    check: fn(&[u8]) -> Result<()>,
}

impl Target {
    /// Runs the target on `data`.
    ///
    /// # Panics
    /// If a property does not hold.
    pub fn run(&self, data: &[u8]) {
        if let Err(error) = (self.check)(data) {
            panic!("{}: {error:?}", self.name);
        }
    }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "sync_body", mutations_per_file: 5, check: requests::sync_body },
    Target { name: "audit_body", mutations_per_file: 5, check: requests::audit_body },
    Target { name: "unsent_file", mutations_per_file: 5, check: unsent::unsent_file },
    Target { name: "csv_files", mutations_per_file: 5, check: csv_files::csv_files },
    Target { name: "numbers", mutations_per_file: 500, check: numbers::numbers },
    Target { name: "dates", mutations_per_file: 500, check: dates::dates },
    Target { name: "barcodes", mutations_per_file: 500, check: barcodes::barcodes },
    Target { name: "scans", mutations_per_file: 300, check: scans::scans },
    Target { name: "row_json", mutations_per_file: 300, check: rows::row_json },
    Target { name: "action_json", mutations_per_file: 300, check: rows::action_json },
];
