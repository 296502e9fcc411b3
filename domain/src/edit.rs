//! Concurrent edits of one row: changes of different fields merge, changes of the same field conflict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The last change of a field: its client and its revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRev {
    /// The site's revision.
    pub rev: u64,
    /// The client that changed it.
    pub client: Uuid,
}

/// The result for an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No other client changed the row since.
    Clean,
    /// Other clients changed other fields since.
    Merges,
    /// Another client changed this field since.
    Conflicts(&'static str),
}

/// Judges an edit of the fields `edited`, made on revision `base` by `client`. `fields` holds the last change
/// of each field. An empty `edited` is a deletion, which conflicts with any later change by another client.
pub fn judge_edit(
    edited: &[&'static str],
    base: u64,
    client: Uuid,
    fields: &BTreeMap<String, FieldRev>,
) -> Verdict {
    let by_others =
        |field: &str| fields.get(field).is_some_and(|last| last.rev > base && last.client != client);
    if let Some(field) = edited.iter().find(|field| by_others(field)) {
        return Verdict::Conflicts(field);
    }
    match fields.keys().any(|field| by_others(field)) {
        true if edited.is_empty() => Verdict::Conflicts("row"),
        true => Verdict::Merges,
        false => Verdict::Clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn fields() -> BTreeMap<String, FieldRev> {
        let last = |name: &str, rev, client| (name.to_owned(), FieldRev { rev, client });
        BTreeMap::from([last("price", 8, OTHER), last("name", 9, ME), last("unit", 3, OTHER)])
    }

    #[test]
    fn merges_different_fields_and_conflicts_on_the_same_field() {
        assert_eq!(judge_edit(&["price"], 5, ME, &fields()), Verdict::Conflicts("price"));
        assert_eq!(judge_edit(&["unit"], 5, ME, &fields()), Verdict::Merges);
        assert_eq!(judge_edit(&["price", "name"], 8, ME, &fields()), Verdict::Clean);
    }

    #[test]
    fn a_later_edit_by_the_same_client_is_no_conflict() {
        assert_eq!(judge_edit(&["name"], 8, ME, &fields()), Verdict::Clean);
    }

    #[test]
    fn any_later_change_conflicts_with_a_deletion() {
        assert_eq!(judge_edit(&[], 7, ME, &fields()), Verdict::Conflicts("row"));
        assert_eq!(judge_edit(&[], 8, ME, &fields()), Verdict::Clean);
    }
}
