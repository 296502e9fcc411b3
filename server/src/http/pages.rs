//! The addresses of the app's pages.

/// The first segments of the addresses that the app's router knows (`app/src/route.rs`).
const PAGES: [&str; 18] = [
    "", "404", "bin", "checkout", "commands", "delivery", "enrol", "inbox", "lots", "product", "report",
    "scanner", "settings", "stock", "sync", "transfer", "welcome", "work",
];

/// Whether an address is one of a page. The server answers others with 404, so that a monitor that asks for an address that
/// does not exist, such as `/metrics`, does not take the app's page for an answer.
pub fn is_page(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    !path.starts_with("//") && PAGES.contains(&first)
}
