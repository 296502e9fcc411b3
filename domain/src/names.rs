//! The names that identify Lotbook to the browser and to its server.

use sync::AppNames;

use crate::warehouse::DEFAULT_SCOPE;

/// The names of Lotbook. Devices have stored data under them, so they must never change.
pub const NAMES: AppNames = AppNames { header: "x-lotbook", ..AppNames::new("lotbook", DEFAULT_SCOPE) };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_stored_data_do_not_change() {
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
