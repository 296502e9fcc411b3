//! Lotbook's service worker.

use domain::{NAMES, Warehouse};
use sw::Shell;

fn main() {
    sw::run::<Warehouse>(Shell {
        // Enrolment needs the server in any case.
        server_prefixes: &["/enrol/"],
        // The camera's decoder.
        on_demand: &["/decode-", "/decode_bg-", "/decoder-"],
        ..Shell::new(&NAMES)
    });
}
