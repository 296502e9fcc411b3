//! Names that identify an app to the browser and to its server.

/// Default value of [`AppNames::header`].
const DEFAULT_HEADER: &str = "x-offline-sync";

/// The names of one app. Apps on one origin need different names, because every shared browser resource
/// (database, channel, lock, cache) carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppNames {
    /// The app's own name: the prefix of its database, channel, lock and caches.
    pub app: &'static str,
    /// Scope of rows that a new database requests from the server.
    pub scope: &'static str,
    /// Header of every request that changes data. Pages of other sites cannot set it, so the server can
    /// refuse their requests.
    pub header: &'static str,
    /// The path of [`Transport::exchange`](crate::Transport::exchange).
    pub sync_path: &'static str,
    /// The path of [`Transport::audit`](crate::Transport::audit).
    pub audit_path: &'static str,
    /// Path of the server's event stream, which announces that there are changes to pull.
    pub events_path: &'static str,
}

impl AppNames {
    /// Names with the default header (`x-offline-sync`) and the default paths (`/api/sync`, `/api/audit`,
    /// `/api/events`).
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

    /// Prefix of the names of the worker's caches.
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
