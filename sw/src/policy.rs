//! What the worker does with a request, a cache or a message: pure decisions, tested natively as tables.
//!
//! Owns the rules and the cache names. It touches no browser API and cannot fail.

use crate::shell::Shell;

/// The page that is answered to every navigation inside the app.
pub const SHELL_PATH: &str = "/index.html";

/// Where the installed app starts: kept as a second copy of the page.
pub const ROOT_PATH: &str = "/";

/// Paths that every app's server answers itself.
const API_PREFIX: &str = "/api/";

/// Hexadecimal digits of the content's SHA-256 in a file's name.
const NAME_DIGITS: usize = 16;

/// What a decision needs to know of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// Whether the request stays on the app's own origin.
    pub same_origin: bool,
    /// The URL's path, from its first slash, without the query.
    pub path: &'a str,
    /// Whether a window is going to this address.
    pub is_navigation: bool,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The network alone; nothing is kept.
    Network,
    /// This build's cached page; the network only when the cache was evicted.
    Shell,
    /// This build's cached file; the network when it holds none.
    CacheFirst,
}

/// Decides where the answer to a request comes from.
#[must_use]
pub fn classify(shell: &Shell, request: &RequestFacts<'_>) -> Strategy {
    let for_server = shell
        .server_prefixes
        .iter()
        .chain([&API_PREFIX])
        .any(|prefix| request.path.starts_with(prefix) || request.path == prefix.trim_end_matches('/'));
    if request.method != "GET" || !request.same_origin || for_server {
        Strategy::Network
    } else if request.is_navigation && !names_a_file(request.path) {
        Strategy::Shell
    } else {
        Strategy::CacheFirst
    }
}

fn names_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.')) && path != SHELL_PATH
}

/// What the SHA-256 of a file begins with, as its name says, if it is one that is kept once it was fetched.
#[must_use]
pub fn on_demand_digits<'p>(shell: &Shell, path: &'p str) -> Option<&'p str> {
    let rest = shell.on_demand.iter().find_map(|stem| path.strip_prefix(stem))?;
    let (digits, extension) = rest.split_once('.')?;
    let is_hash = digits.len() == NAME_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && matches!(extension, "js" | "wasm")).then_some(digits)
}

/// The name of the cache that holds one build's files. It begins with the app's own prefix, so that a sweep never deletes a
/// cache of another app on this origin.
#[must_use]
pub fn cache_name(shell: &Shell, build_id: &str) -> String {
    format!("{}{build_id}", shell.names.cache_prefix())
}

/// Whether a cache is the worker's, of whatever build.
#[must_use]
pub fn is_own_cache(shell: &Shell, name: &str) -> bool {
    name.starts_with(&shell.names.cache_prefix())
}

/// Which of the origin's caches are the worker's but of another build.
#[must_use]
pub fn stale_caches(shell: &Shell, names: &[String], build_id: &str) -> Vec<String> {
    let current = cache_name(shell, build_id);
    names.iter().filter(|name| is_own_cache(shell, name) && **name != current).cloned().collect()
}

/// What a page may ask of the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The person agreed to the update: this worker takes over at once.
    SkipWaiting,
    /// Drain the queue now, as on a sync event.
    Sync,
}

impl Message {
    /// Reads the `type` of a posted message; `None` is a message for somebody else.
    #[must_use]
    pub fn from_type(kind: &str) -> Option<Self> {
        match kind {
            "skip-waiting" => Some(Self::SkipWaiting),
            "sync" => Some(Self::Sync),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use sync::AppNames;

    use super::*;

    const NAMES: AppNames = AppNames::new("notes", "all");
    const SHELL: Shell = Shell {
        server_prefixes: &["/join/"],
        on_demand: &["/decode-", "/decode_bg-", "/decoder-"],
        ..Shell::new(&NAMES)
    };

    const PAGE: RequestFacts<'_> =
        RequestFacts { method: "GET", same_origin: true, path: "/", is_navigation: true };

    fn page(path: &str) -> RequestFacts<'_> {
        RequestFacts { path, ..PAGE }
    }

    fn asset(path: &str) -> RequestFacts<'_> {
        RequestFacts { path, is_navigation: false, ..PAGE }
    }

    #[test]
    fn every_kind_of_request_has_its_source() {
        let table = [
            (page("/"), Strategy::Shell),
            (page("/index.html"), Strategy::Shell),
            (page("/product/0191f0a0"), Strategy::Shell),
            (page("/checkout"), Strategy::Shell),
            (page("/apiary"), Strategy::Shell),
            (page("/join/7GK2-9QXD"), Strategy::Network),
            (page("/api/openapi.json"), Strategy::Network),
            (page("/icons/icon.svg"), Strategy::CacheFirst),
            (asset("/app-0123456789abcdef.js"), Strategy::CacheFirst),
            (asset("/not-precached"), Strategy::CacheFirst),
            (asset("/api"), Strategy::Network),
            (asset("/api/products/1"), Strategy::Network),
            (RequestFacts { method: "POST", ..page("/") }, Strategy::Network),
            (RequestFacts { same_origin: false, ..page("/") }, Strategy::Network),
            (RequestFacts { same_origin: false, ..asset("/app.js") }, Strategy::Network),
        ];
        for (request, expected) in table {
            assert_eq!(classify(&SHELL, &request), expected, "{request:?}");
        }
    }

    #[test]
    fn only_the_named_files_are_kept_on_demand_and_only_under_the_name_of_their_content() {
        assert_eq!(on_demand_digits(&SHELL, "/decode_bg-0123456789abcdef.wasm"), Some("0123456789abcdef"));
        assert_eq!(on_demand_digits(&SHELL, "/decode-0123456789abcdef.js"), Some("0123456789abcdef"));
        assert_eq!(on_demand_digits(&SHELL, "/decoder-0123456789abcdef.js"), Some("0123456789abcdef"));
        for other in [
            "/decoder.js",
            "/decoder-0123.js",
            "/decoder-0123456789abcdef.html",
            "/decoder-0123456789abcdeg.js",
            "/app-0123456789abcdef.js",
            "/x/decoder-0123456789abcdef.js",
        ] {
            assert_eq!(on_demand_digits(&SHELL, other), None, "{other}");
        }
    }

    #[test]
    fn a_sweep_takes_our_other_builds_and_nothing_else() {
        let names =
            [cache_name(&SHELL, "old"), cache_name(&SHELL, "new"), "photos".to_owned(), NAMES.app.to_owned()];
        assert_eq!(stale_caches(&SHELL, &names, "new"), [cache_name(&SHELL, "old")]);
        assert!(stale_caches(&SHELL, &[], "new").is_empty());
    }

    #[test]
    fn unknown_messages_are_left_alone() {
        assert_eq!(Message::from_type("skip-waiting"), Some(Message::SkipWaiting));
        assert_eq!(Message::from_type("sync"), Some(Message::Sync));
        assert_eq!(Message::from_type("SYNC"), None);
        assert_eq!(Message::from_type(""), None);
    }
}
