//! The worker's decisions about requests, caches and messages: pure functions, tested natively as tables.
//!
//! Contains the rules and the cache names. It uses no browser API and cannot fail.

use sync::SIGN_IN_PATH;

use crate::shell::Shell;

/// The page that answers every navigation inside the app.
pub const SHELL_PATH: &str = "/index.html";

/// The start URL of the installed app: cached as a second copy of the page.
pub const ROOT_PATH: &str = "/";

/// Paths that every app's server answers itself.
const API_PREFIX: &str = "/api/";

/// Hexadecimal digits of the content's SHA-256 in a file's name.
const NAME_DIGITS: usize = 16;

/// The properties of a request that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// Whether the request stays on the app's own origin.
    pub same_origin: bool,
    /// The URL's path, from its first slash, without the query.
    pub path: &'a str,
    /// Whether the request is a window's navigation.
    pub is_navigation: bool,
}

/// The source of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The network alone; nothing is cached.
    Network,
    /// The network, which leads to the sign-in page in front of the server; without one, back to the app.
    SignIn,
    /// This build's cached page; the network only when the cache was evicted.
    Shell,
    /// This build's cached file; the network when it is not cached.
    CacheFirst,
}

/// Chooses the source of the answer to a request.
#[must_use]
pub fn classify(shell: &Shell, request: &RequestFacts<'_>) -> Strategy {
    let for_server = shell
        .server_prefixes
        .iter()
        .chain([&API_PREFIX])
        .any(|prefix| request.path.starts_with(prefix) || request.path == prefix.trim_end_matches('/'));
    if request.method != "GET" || !request.same_origin || for_server {
        Strategy::Network
    } else if request.path == SIGN_IN_PATH {
        Strategy::SignIn
    } else if request.is_navigation && !names_a_file(request.path) {
        Strategy::Shell
    } else {
        Strategy::CacheFirst
    }
}

fn names_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.')) && path != SHELL_PATH
}

/// The first digits of a file's SHA-256, from its name, if it is a file that is cached on demand.
#[must_use]
pub fn on_demand_digits<'p>(shell: &Shell, path: &'p str) -> Option<&'p str> {
    let rest = shell.on_demand.iter().find_map(|stem| path.strip_prefix(stem))?;
    let (digits, extension) = rest.split_once('.')?;
    let is_hash = digits.len() == NAME_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && matches!(extension, "js" | "wasm")).then_some(digits)
}

/// The name of the cache of one build's files. It begins with the app's own prefix, so that a sweep never
/// deletes a cache of another app on this origin.
#[must_use]
pub fn cache_name(shell: &Shell, build_id: &str) -> String {
    format!("{}{build_id}", shell.names.cache_prefix())
}

/// Whether a cache belongs to a worker of this app, of any build.
#[must_use]
pub fn is_own_cache(shell: &Shell, name: &str) -> bool {
    name.starts_with(&shell.names.cache_prefix())
}

/// The caches of other builds of this app.
#[must_use]
pub fn stale_caches(shell: &Shell, names: &[String], build_id: &str) -> Vec<String> {
    let current = cache_name(shell, build_id);
    names.iter().filter(|name| is_own_cache(shell, name) && **name != current).cloned().collect()
}

/// A page's request to the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The user agreed to the update: this worker takes over at once.
    SkipWaiting,
    /// Drain the queue now, as on a sync event.
    Sync,
}

impl Message {
    /// Parses the `type` of a posted message; `None` for messages to others.
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
            (page("/sign-in"), Strategy::SignIn),
            (page("/sign-in-sheet"), Strategy::Shell),
            (page("/join/7GK2-9QXD"), Strategy::Network),
            (page("/api/openapi.json"), Strategy::Network),
            (page("/icons/icon.svg"), Strategy::CacheFirst),
            (asset("/app-0123456789abcdef.js"), Strategy::CacheFirst),
            (asset("/not-precached"), Strategy::CacheFirst),
            (asset("/api"), Strategy::Network),
            (asset("/api/products/1"), Strategy::Network),
            (RequestFacts { method: "POST", ..page("/") }, Strategy::Network),
            (RequestFacts { method: "POST", ..page("/sign-in") }, Strategy::Network),
            (RequestFacts { same_origin: false, ..page("/") }, Strategy::Network),
            (RequestFacts { same_origin: false, ..asset("/app.js") }, Strategy::Network),
        ];
        for (request, expected) in table {
            assert_eq!(classify(&SHELL, &request), expected, "{request:?}");
        }
    }

    #[test]
    fn only_the_named_files_are_cached_on_demand_and_only_under_the_name_of_their_content() {
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
    fn a_sweep_takes_only_the_other_builds_of_this_app() {
        let names =
            [cache_name(&SHELL, "old"), cache_name(&SHELL, "new"), "photos".to_owned(), NAMES.app.to_owned()];
        assert_eq!(stale_caches(&SHELL, &names, "new"), [cache_name(&SHELL, "old")]);
        assert!(stale_caches(&SHELL, &[], "new").is_empty());
    }

    #[test]
    fn unknown_messages_are_ignored() {
        assert_eq!(Message::from_type("skip-waiting"), Some(Message::SkipWaiting));
        assert_eq!(Message::from_type("sync"), Some(Message::Sync));
        assert_eq!(Message::from_type("SYNC"), None);
        assert_eq!(Message::from_type(""), None);
    }
}
