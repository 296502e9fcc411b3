//! Lotbook's service worker.

use domain::{NAMES, Warehouse};
use sw::Shell;

fn main() {
    sw::run::<Warehouse>(Shell {
        // Enrolment and the office need the server in any case.
        server_prefixes: &["/enrol/", "/office/"],
        // The camera's decoder.
        on_demand: &["/decode-", "/decode_bg-", "/decoder-"],
        ..Shell::new(&NAMES)
    });
}
