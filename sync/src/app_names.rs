//! The names under which an app meets the browser and its server.

/// The header of [`AppNames::new`].
const DEFAULT_HEADER: &str = "x-offline-sync";

/// The names of one app. Apps on one origin need different ones: everything they share with the browser carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppNames {
    /// The app's own name, which its database, channel, lock and caches begin with.
    pub app: &'static str,
    /// The scope of rows that a new database asks the server for.
    pub scope: &'static str,
    /// The header of every request that changes something. Pages of other sites cannot set it, so the server can refuse
    /// theirs.
    pub header: &'static str,
    /// The path of [`Transport::exchange`](crate::Transport::exchange).
    pub sync_path: &'static str,
    /// The path of [`Transport::audit`](crate::Transport::audit).
    pub audit_path: &'static str,
    /// The path of the server's event stream, which says when there is something to pull.
    pub events_path: &'static str,
}

impl AppNames {
    /// Names with the default header (`x-offline-sync`) and the default paths (`/api/sync`, `/api/audit`, `/api/events`).
    #[must_use]
    pub const fn new(app: &'static str, scope: &'static str) -> Self {
        Self {
            app,
            scope,
            header: DEFAULT_HEADER,
            sync_path: "/api/sync",
            audit_path: "/api/audit",
            events_path: "/api/events",
        }
    }

    /// The IndexedDB database.
    #[must_use]
    pub const fn database(&self) -> &'static str {
        self.app
    }

    /// The broadcast channel of the app's windows and its worker.
    #[must_use]
    pub const fn channel(&self) -> &'static str {
        self.app
    }

    /// The lock that is held during a round.
    #[must_use]
    pub fn lock(&self) -> String {
        format!("{}-sync-round", self.app)
    }

    /// What the names of the worker's caches begin with.
    #[must_use]
    pub fn cache_prefix(&self) -> String {
        format!("{}-shell-", self.app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_apps_on_one_origin_share_no_name() {
        let (one, other) = (AppNames::new("one", "all"), AppNames::new("other", "all"));
        assert_ne!(one.database(), other.database());
        assert_ne!(one.channel(), other.channel());
        assert_ne!(one.lock(), other.lock());
        assert!(!other.cache_prefix().starts_with(&one.cache_prefix()));
    }
}
