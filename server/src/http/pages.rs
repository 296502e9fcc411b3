//! The addresses of the app's pages and of the office's.

/// The first segments of the addresses that the app's router knows (`app/src/route.rs`).
const PAGES: [&str; 18] = [
    "", "404", "bin", "checkout", "commands", "delivery", "enrol", "inbox", "lots", "product", "report",
    "scanner", "settings", "stock", "sync", "transfer", "welcome", "work",
];
/// The first segment of the addresses that the office's router knows (`office/src/route.rs`).
const OFFICE: &str = "office";
/// The file of the app's page.
pub(super) const APP: &str = "index.html";

/// The file that is the page at an address. The server answers others with 404, so that a monitor that asks for an address that
/// does not exist, such as `/metrics`, does not take the app's page for an answer.
pub fn page_of(path: &str) -> Option<&'static str> {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        _ if path.starts_with("//") => None,
        OFFICE => Some("office.html"),
        first => PAGES.contains(&first).then_some(APP),
    }
}
