//! The action that a named operation is, by default.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use client::Entities;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sync::{Identity, Model, Mutation, Records, Refusal, RowKey, Rows};
use uuid::Uuid;

#[derive(Debug)]
struct Notes;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    UpdateNote { id: Uuid, text: String },
    DeleteNote { id: Uuid },
}

impl Records for Notes {
    type Action = Action;
    type Row = String;
    const TABLES: &'static [&'static str] = &["notes"];
    const TABLES_VERSION: u32 = 1;
    const SCHEMA: u32 = 1;

    fn identify(row: &String) -> Identity {
        Identity { key: RowKey::new("notes", row), index_keys: Vec::new() }
    }
}

impl Model for Notes {
    type Effect = ();

    fn apply(_: &Mutation<Action>, _: &mut Rows<String>) -> Result<Vec<()>, Refusal> {
        Ok(Vec::new())
    }
}

impl Entities for Notes {}

#[test]
fn an_operation_on_an_entity_is_the_action_of_that_name() {
    let id = Uuid::from_u128(7);
    let action = |operation: &str, entity: &str, data: Value| Notes::action(operation, entity, id, data);
    assert_eq!(
        action("UPDATE", "note", json!({ "text": "a" })),
        Ok(Action::UpdateNote { id, text: "a".to_owned() })
    );
    assert_eq!(action("DELETE", "note", json!({})), Ok(Action::DeleteNote { id }));
    for (operation, entity, data) in [
        ("UPDATE", "note", json!({ "text": 1 })),
        ("UPDATE", "note", json!("text")),
        ("UPDATE", "course", json!({})),
        ("", "", json!({})),
    ] {
        let refusal = action(operation, entity, data).expect_err("no action");
        assert_eq!(refusal.code, "malformed");
        assert!(refusal.message.starts_with("This cannot be saved: "), "{refusal}");
    }
}
