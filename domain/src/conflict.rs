//! Conflicts: changes that the server did not book, and that wait for a person on a device.

use serde::{Deserialize, Serialize};
use sync::{Mutation, RowKey, UnixMillis, Verdict};
use uuid::Uuid;

use crate::action::Action;
use crate::text::MAX_NAME_CHARS;

/// The table of changes that were not booked.
pub const CONFLICTS: &str = "conflicts";
/// Bytes of an action that a conflict keeps; a longer one is left out.
pub const MAX_CONFLICT_ACTION_BYTES: usize = 16 * 1024;

/// A change that the server did not book. Its device has the change itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The mutation.
    pub id: Uuid,
    /// The decision.
    pub verdict: Verdict,
    /// The reason: see [`sync::Outcome::code`].
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// The action as JSON text, because builds that do not know its kind hold the row, too; empty if the server does not
    /// know it, or if it is longer than [`MAX_CONFLICT_ACTION_BYTES`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// The author, which names the device that has the change; at most [`MAX_NAME_CHARS`] characters of it.
    pub author: String,
    /// The time of recording, by the device's clock.
    pub at: UnixMillis,
}

impl Conflict {
    /// The conflict of a mutation, without code and message. The action is `None` if it cannot be parsed.
    pub fn of<A>(mutation: &Mutation<A>, verdict: Verdict, action: Option<&Action>) -> Self {
        let json = action.and_then(|action| serde_json::to_string(action).ok());
        Self {
            id: mutation.id,
            verdict,
            code: String::new(),
            message: String::new(),
            action: json.filter(|json| json.len() <= MAX_CONFLICT_ACTION_BYTES).unwrap_or_default(),
            author: mutation.author.chars().take(MAX_NAME_CHARS).collect(),
            at: mutation.captured_at,
        }
    }

    /// The action, if this build knows it.
    pub fn action(&self) -> Option<Action> {
        serde_json::from_str(&self.action).ok()
    }
}

/// The key of a mutation's conflict.
pub fn conflict_key(mutation: Uuid) -> RowKey {
    RowKey::new(CONFLICTS, mutation.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::ProductPatch;

    fn mutation(action: Action) -> Mutation<Action> {
        Mutation {
            seq: 1,
            id: Uuid::from_u128(7),
            action,
            base: 0,
            author: "Dock 1".to_owned(),
            signed_by: None,
            captured_at: UnixMillis(5),
            schema: 2,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        }
    }

    #[test]
    fn keeps_the_action_unless_it_is_too_long_or_unknown() {
        let rename = |name: String| Action::UpdateProduct {
            id: Uuid::from_u128(1),
            patch: ProductPatch { name: Some(name), ..ProductPatch::default() },
        };
        let of = |action: Action| {
            let mutation = mutation(action);
            Conflict::of(&mutation, Verdict::Conflict, Some(&mutation.action))
        };
        let short = of(rename("Rice".to_owned()));
        assert_eq!(short.action(), Some(rename("Rice".to_owned())));
        assert_eq!(
            (short.id, short.author.as_str(), short.at),
            (Uuid::from_u128(7), "Dock 1", UnixMillis(5))
        );
        assert_eq!(of(rename("x".repeat(MAX_CONFLICT_ACTION_BYTES))).action(), None);
        let of_later_build = Conflict { action: r#"{"dream_product":{}}"#.to_owned(), ..short };
        assert_eq!(of_later_build.action(), None);
    }

    #[test]
    fn keeps_the_beginning_of_an_author_that_is_too_long() {
        let action = Action::DeleteProduct { id: Uuid::from_u128(1) };
        let long = Mutation { author: "x".repeat(MAX_NAME_CHARS + 1), ..mutation(action) };
        assert_eq!(Conflict::of(&long, Verdict::Rejected, None).author, "x".repeat(MAX_NAME_CHARS));
    }
}
