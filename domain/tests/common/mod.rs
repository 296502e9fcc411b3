//! Shared by the tests of the domain rules.

use domain::{Action, Warehouse};
use sync::{Draft, Mutation, Records, UnixMillis};
use uuid::Uuid;

/// A mutation with this action.
pub(crate) fn mutation(action: Action) -> Mutation<Action> {
    let draft = Draft {
        id: Uuid::nil(),
        action,
        base: 0,
        author: "Ada".to_owned(),
        signed_by: None,
        captured_at: UnixMillis(7),
        depends_on: None,
        replaces: None,
    };
    Mutation::from_draft(draft, 1, Warehouse::SCHEMA)
}
