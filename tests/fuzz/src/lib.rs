//! Fuzz targets. Each feeds arbitrary bytes to code that reads input from outside, and panics if a property
//! does not hold.
//!
//! `cargo test -p fuzz` runs the corpus and seeded mutations of it. To run one target under libFuzzer, guided
//! by coverage:
//!
//! ```sh
//! cd tests/fuzz/libfuzzer
//! TARGET=sync_body ./run.sh -max_total_time=600
//! ```

mod mutator;
mod site;
mod targets;

pub use mutator::Mutator;
pub use targets::{TARGETS, Target};
