//! Targets for fuzzing: each takes any bytes as something from outside would bring them, and panics if a property is broken.
//!
//! `cargo test -p fuzz` runs the corpus and seeded mutations of it. With coverage to guide it, for as long as one likes:
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
