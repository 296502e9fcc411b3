//! The names under which Lotbook meets the browser and its server.

use sync::AppNames;

use crate::warehouse::DEFAULT_SCOPE;

/// The names of Lotbook. Devices have stored data under them, so they stay as they are.
pub const NAMES: AppNames = AppNames { header: "x-lotbook", ..AppNames::new("lotbook", DEFAULT_SCOPE) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_find_what_they_stored_under_these_names() {
        assert_eq!((NAMES.database(), NAMES.channel()), ("lotbook", "lotbook"));
        assert_eq!(
            (NAMES.lock(), NAMES.cache_prefix()),
            ("lotbook-sync-round".to_owned(), "lotbook-shell-".to_owned())
        );
        assert_eq!((NAMES.header, NAMES.scope), ("x-lotbook", "available"));
        let paths = [NAMES.sync_path, NAMES.audit_path, NAMES.events_path];
        assert_eq!(paths, ["/api/sync", "/api/audit", "/api/events"]);
    }
}
