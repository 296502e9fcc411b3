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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No other client changed the row since.
    Clean,
    /// Other clients changed other fields since.
    Merges,
    /// Other clients changed these fields since.
    Conflicts(Vec<&'static str>),
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
    let contested: Vec<&str> = edited.iter().copied().filter(|field| by_others(field)).collect();
    if !contested.is_empty() {
        return Verdict::Conflicts(contested);
    }
    match fields.keys().any(|field| by_others(field)) {
        true if edited.is_empty() => Verdict::Conflicts(vec!["row"]),
        true => Verdict::Merges,
        false => Verdict::Clean,
    }
}

/// End of the code of a conflict about fields.
const CHANGED: &str = "_changed";
/// Between the fields in such a code.
const AND: &str = "+";

/// The code of a conflict about these fields: `price_changed`, `name+expiry_date_changed`.
pub fn conflict_code(contested: &[&str]) -> String {
    let names: Vec<String> = contested.iter().map(|field| field.replace(' ', "_")).collect();
    format!("{}{CHANGED}", names.join(AND))
}

/// The fields that a [`conflict_code`] names; none for another code. Servers of 0.1 name only the first.
pub fn contested_fields(code: &str) -> Vec<String> {
    let Some(names) = code.strip_suffix(CHANGED) else { return Vec::new() };
    names.split(AND).map(|name| name.replace('_', " ")).collect()
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
        assert_eq!(judge_edit(&["price"], 5, ME, &fields()), Verdict::Conflicts(vec!["price"]));
        assert_eq!(judge_edit(&["unit"], 5, ME, &fields()), Verdict::Merges);
        assert_eq!(judge_edit(&["price", "name"], 8, ME, &fields()), Verdict::Clean);
    }

    #[test]
    fn a_later_edit_by_the_same_client_is_no_conflict() {
        assert_eq!(judge_edit(&["name"], 8, ME, &fields()), Verdict::Clean);
    }

    #[test]
    fn any_later_change_conflicts_with_a_deletion() {
        assert_eq!(judge_edit(&[], 7, ME, &fields()), Verdict::Conflicts(vec!["row"]));
        assert_eq!(judge_edit(&[], 8, ME, &fields()), Verdict::Clean);
    }

    #[test]
    fn a_conflict_names_every_contested_field_and_no_other() {
        let mut fields = fields();
        fields.insert("expiry date".to_owned(), FieldRev { rev: 7, client: OTHER });
        let contested = vec!["expiry date", "price"];
        let judged = judge_edit(&["unit", "expiry date", "name", "price"], 5, ME, &fields);
        assert_eq!(judged, Verdict::Conflicts(contested.clone()));
        let code = conflict_code(&contested);
        assert_eq!(code, "expiry_date+price_changed");
        assert_eq!(contested_fields(&code), contested);
        assert_eq!(contested_fields("price_changed"), ["price"]);
        assert_eq!(contested_fields("deleted"), Vec::<String>::new());
    }
}
