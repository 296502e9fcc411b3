//! Parses the action of a mutation. An error affects only that mutation: the others of its batch are decided
//! all the same.

use std::collections::BTreeMap;

use domain::{Action, Warehouse, current_action};
use serde_json::value::RawValue;
use sync::{Json, Mutation, Records, Refusal};

use super::wording::shortened;

/// A mutation's action, or the reason why this server cannot parse it.
pub type DecodedAction = Result<Action, Refusal>;

/// A mutation with its action parsed, of any schema up to [`Records::SCHEMA`]. An action of a later schema is
/// not parsed.
pub(crate) fn decoded(mutation: Mutation<Json>) -> Mutation<DecodedAction> {
    let schema = mutation.schema;
    let action = if schema > Warehouse::SCHEMA {
        let message = format!(
            "A newer app made this entry (version {schema}; this server knows {}). Update the server, then try again.",
            Warehouse::SCHEMA
        );
        Err(Refusal::new("newer_schema", message))
    } else {
        decoded_action(&current_action(schema, mutation.action.text()))
    };
    mutation.with_action(action)
}

fn decoded_action(json: &str) -> DecodedAction {
    let mut reader = serde_json::Deserializer::from_str(json);
    let action = serde_path_to_error::deserialize(&mut reader).map_err(|error| refusal(json, &error))?;
    // Booking loads the rows of every line before it looks at the first one.
    if let Action::PlaceOrder(order) = &action {
        order.check_length()?;
    }
    Ok(action)
}

/// The sentence for an action that cannot be parsed. Parses the action a second time, for its kind.
fn refusal(json: &str, error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let entries: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let [kind] = entries.keys().collect::<Vec<_>>()[..] else {
        let message = "The action is no kind with a payload, as in {\"pick_lot\": {...}}. Record it again.";
        return Refusal::new("malformed", message);
    };
    if !Action::KINDS.contains(&kind.as_str()) {
        let message = format!(
            "This server does not know mutations of the kind \"{}\". Update the server, then try again.",
            shortened(kind)
        );
        return Refusal::new("unknown_kind", message);
    }
    let path = error.path().to_string();
    let cause = cause(&error.inner().to_string());
    let field = shortened(path.trim_start_matches(kind.as_str()).trim_start_matches('.'));
    let message = if field.is_empty() {
        format!("The payload of {kind} cannot be read: {cause}. Record it again.")
    } else {
        format!("The field {field} of {kind} cannot be read: {cause}. Record it again.")
    };
    Refusal::new("malformed", message)
}

/// The parser's message without its position, which is useless to the reader.
fn cause(text: &str) -> String {
    shortened(text.split(" at line ").next().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use sync::UnixMillis;
    use uuid::Uuid;

    use super::*;

    fn refused(json: &str) -> Refusal {
        decoded_action(json).expect_err("refused")
    }

    /// The decoded action of a mutation of `schema`.
    fn decode(schema: u32, json: &str) -> DecodedAction {
        let action: Json = serde_json::from_str(json).expect("JSON");
        let mutation = Mutation {
            seq: 1,
            id: Uuid::nil(),
            action,
            base: 0,
            author: "Ada".into(),
            signed_by: None,
            captured_at: UnixMillis(0),
            schema,
            depends_on: None,
            replaces: None,
            withdrawn: false,
        };
        decoded(mutation).action
    }

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in Action::KINDS {
            let message = refused(&format!(r#"{{"{kind}":7}}"#)).message;
            assert!(message.starts_with(&format!("The payload of {kind} cannot be read: ")), "{message}");
        }
    }

    #[test]
    fn an_action_of_a_later_schema_is_refused_unparsed_and_earlier_ones_are_parsed() {
        let id = Uuid::from_u128(7);
        let tagged = format!(r#"{{"kind":"delete_product","payload":{{"id":"{id}"}}}}"#);
        let current = format!(r#"{{"delete_product":{{"id":"{id}"}}}}"#);
        assert_eq!(decode(1, &tagged), Ok(Action::DeleteProduct { id }));
        assert_eq!(decode(1, &current), Ok(Action::DeleteProduct { id }));
        assert_eq!(decode(2, &current), Ok(Action::DeleteProduct { id }));
        assert_eq!(decode(2, &tagged).expect_err("schema 1 under a later number").code, "malformed");
        for later in [current.as_str(), "[\"anything\"]"] {
            let Refusal { code, message } = decode(3, later).expect_err("a later schema");
            assert_eq!(code, "newer_schema");
            let sentence = "A newer app made this entry (version 3; this server knows 2). Update the server, \
                            then try again.";
            assert_eq!(message, sentence);
        }
    }

    #[test]
    fn names_field_and_kind() {
        let lot = r#"{"product_id":"00000000-0000-0000-0000-000000000001","lot_code":"L","location":"B"}"#;
        let Refusal { code, message } =
            refused(&format!(r#"{{"pick_lot":{{"lot":{lot},"quantity":"many"}}}}"#));
        assert_eq!(code, "malformed");
        assert!(message.starts_with("The field quantity of pick_lot cannot be read: "), "{message}");
    }

    #[test]
    fn distinguishes_an_unknown_kind_from_an_unparsable_action() {
        assert_eq!(refused(r#"{"teleport_lot":{}}"#).code, "unknown_kind");
        for malformed in ["{}", "[1,2]", "7", r#""pick_lot""#, r#"{"pick_lot":{},"move_lot":{}}"#] {
            assert_eq!(refused(malformed).code, "malformed", "{malformed}");
        }
        let two = format!(r#"{{"delete_product":{{"id":"{}"}},"move_lot":{{}}}}"#, Uuid::nil());
        assert_eq!(refused(&two).code, "malformed", "the first one alone would be read");
    }

    #[test]
    fn an_order_with_too_many_lines_is_refused_before_its_rows_are_loaded() {
        let order = |lines: usize| {
            let line = r#"{"lot":{"product_id":"00000000-0000-0000-0000-000000000001","lot_code":"L","location":"B"},
                "quantity":1000,"unit_price_minor":5}"#;
            let lines = vec![line; lines].join(",");
            format!(
                r#"{{"place_order":{{"id":"00000000-0000-0000-0000-000000000002","number":"D01-000001",
                "currency":"EUR","lines":[{lines}]}}}}"#
            )
        };
        assert!(decoded_action(&order(200)).is_ok());
        let Refusal { code, message } = refused(&order(201));
        assert_eq!((code, message.as_str()), ("bad_order", "An order has 1 to 200 lines; this one has 201."));
        assert_eq!(refused(&order(0)).code, "bad_order");
    }

    #[test]
    fn numbers_out_of_range_are_malformed() {
        let json = r#"{"update_product":{"id":"00000000-0000-0000-0000-000000000001",
            "patch":{"price_minor":99999999999999999999999}}}"#;
        let Refusal { code, message } = refused(json);
        assert_eq!(code, "malformed");
        assert!(message.contains("price_minor of update_product"), "{message}");
    }
}
