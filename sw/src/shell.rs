//! The app that a worker serves: its names, and the exceptions to caching.

use sync::AppNames;

/// An app's names, and which of its paths are not simply files to keep.
#[derive(Clone, Copy, Debug)]
pub struct Shell {
    /// The app's names: the caches carry its own, and the queue is found and sent by them.
    pub names: &'static AppNames,
    /// Paths besides `/api/` that the server answers itself, on a navigation too; with a slash at both ends.
    pub server_prefixes: &'static [&'static str],
    /// Files that are fetched only where they are needed, by what stands before the content's hash, such as `/decoder-`.
    pub on_demand: &'static [&'static str],
}

impl Shell {
    /// An app whose server answers `/api/` alone and whose files are all kept from the start.
    #[must_use]
    pub const fn new(names: &'static AppNames) -> Self {
        Self { names, server_prefixes: &[], on_demand: &[] }
    }
}
