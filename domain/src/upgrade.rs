//! Actions of earlier schemas: mutations may be pending on a device for longer than one release.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// An action of schema 1.
#[derive(Deserialize)]
struct Tagged<'a> {
    kind: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// An action's JSON in the current schema: schema 1 wrote `{"kind": "pick_lot", "payload": {...}}`, schema 2
/// writes `{"pick_lot": {...}}`. JSON that is not an action of its schema is returned unchanged, and refused
/// by its parser. JSON of schema 2 is not parsed.
pub fn current_action(schema: u32, json: &str) -> Cow<'_, str> {
    if schema > 1 {
        return Cow::Borrowed(json);
    }
    match serde_json::from_str(json) {
        Ok(Tagged { kind, payload }) => Cow::Owned(format!("{{\"{kind}\":{payload}}}")),
        Err(_) => Cow::Borrowed(json),
    }
}

#[cfg(test)]
mod tests {
    use sync::Records as _;
    use uuid::Uuid;

    use crate::{Action, Warehouse};

    #[test]
    fn an_action_of_the_first_schema_keeps_its_meaning() {
        let id = Uuid::from_u128(7);
        let old = format!(r#"{{"kind":"delete_product","payload":{{"id":"{id}"}}}}"#);
        assert_eq!(Warehouse::read_action(1, &old).expect("an action"), Action::DeleteProduct { id });
        let new = serde_json::to_string(&Action::DeleteProduct { id }).expect("JSON");
        assert_eq!(Warehouse::read_action(2, &new).expect("an action"), Action::DeleteProduct { id });
        assert_eq!(Warehouse::read_action(1, &new).expect("an action"), Action::DeleteProduct { id });
        assert!(Warehouse::read_action(2, &old).is_err());
    }
}
