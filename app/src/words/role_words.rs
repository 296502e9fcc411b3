//! Roles in words.

use domain::Role;

use super::language::t;

/// A role in the language of the screens.
pub(crate) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Viewer => t("Viewer"),
        Role::Worker => t("Worker"),
        Role::Lead => t("Lead"),
        Role::Supervisor => t("Supervisor"),
        Role::Admin => t("Admin"),
    }
}
