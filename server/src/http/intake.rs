//! Reads requests leniently: what concerns the whole request refuses it, what concerns one mutation only decides that one.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::FromRequest;
use axum::http::{Request, StatusCode};
use domain::{Action, Warehouse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sync::{Json, MAX_BATCH_MUTATIONS, Mutation, PROTOCOL_VERSION, Records, Refusal, SyncRequest};

use super::errors::ApiError;
use crate::booking::{Incoming, shortened};

/// Bytes of a request's body once unpacked: twice what a device sends, for headroom.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The whole body, unpacked, within [`MAX_BODY_BYTES`].
pub(super) struct BodyBytes(axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for BodyBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, ApiError> {
        to_bytes(request.into_body(), MAX_BODY_BYTES).await.map(Self).map_err(|error| {
            if is_over_limit(&error) {
                let message = format!(
                    "The body has more than {} MiB. Send fewer mutations at once.",
                    MAX_BODY_BYTES / 1024 / 1024
                );
                return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message);
            }
            let message =
                "The body was cut off, or is not packed the way its content-encoding says. Send it again.";
            ApiError::bad_request("bad_body", message)
        })
    }
}

fn is_over_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = cause.source();
    }
    false
}

impl BodyBytes {
    /// Reads JSON, and names the field that cannot be read.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let mut reader = serde_json::Deserializer::from_slice(&self.0);
        let value = serde_path_to_error::deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value).map_err(at_the_end));
        value.map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." { String::new() } else { format!(" (field {})", shortened(&path)) };
            let cause = shortened(&error.inner().to_string());
            ApiError::bad_request("bad_json", format!("The body cannot be read{place}: {cause}."))
        })
    }
}

fn at_the_end(error: serde_json::Error) -> serde_path_to_error::Error<serde_json::Error> {
    let track = serde_path_to_error::Track::new();
    let path = track.path();
    serde_path_to_error::Error::new(path, error)
}

#[derive(Deserialize)]
struct Spoken {
    protocol: u32,
}

/// Refuses other protocols, before the rest is looked at, which may have another shape.
pub(super) fn check_protocol(body: &BodyBytes) -> Result<(), ApiError> {
    let Spoken { protocol } = body.json()?;
    if protocol != PROTOCOL_VERSION {
        let message = format!(
            "The app speaks version {protocol} of the protocol, this server version {PROTOCOL_VERSION}. Update the \
             app; what is saved on the device stays there until then."
        );
        return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_needed", message));
    }
    Ok(())
}

/// Reads a sync request.
pub(super) fn sync_request(body: &BodyBytes) -> Result<(SyncRequest<()>, Vec<Incoming>), ApiError> {
    check_protocol(body)?;
    let request: SyncRequest<Json> = body.json()?;
    check_sequence(&request)?;
    let SyncRequest { protocol, client, epoch, last_outcome_seq, mutations, cursor, scope, tables, max_rows } =
        request;
    let mutations = mutations.into_iter().map(decoded).collect();
    let rest = SyncRequest {
        protocol,
        client,
        epoch,
        last_outcome_seq,
        mutations: Vec::new(),
        cursor,
        scope,
        tables,
        max_rows,
    };
    Ok((rest, mutations))
}

fn check_sequence(request: &SyncRequest<Json>) -> Result<(), ApiError> {
    let sent = request.mutations.len();
    if sent > MAX_BATCH_MUTATIONS {
        let message =
            format!("{sent} mutations are too many for one request. Send at most {MAX_BATCH_MUTATIONS}.");
        return Err(ApiError::bad_request("too_many_mutations", message));
    }
    let mut last = 0;
    for mutation in &request.mutations {
        if mutation.seq <= last {
            let message =
                format!("Mutation {} comes after mutation {last}: seqs must rise from 1.", mutation.seq);
            return Err(ApiError::bad_request("seq_order", message));
        }
        last = mutation.seq;
    }
    if i64::try_from(last).is_err() {
        return Err(ApiError::bad_request("seq_order", format!("Mutation {last} is numbered too high.")));
    }
    Ok(())
}

/// A mutation with its action read, whichever schema up to ours it is of.
pub(crate) fn decoded(mutation: Mutation<Json>) -> Incoming {
    let schema = mutation.schema;
    let action = if schema > Warehouse::SCHEMA {
        let message = format!(
            "A newer app made this entry (version {schema}; this server knows {}). Update the server, then try again.",
            Warehouse::SCHEMA
        );
        Err(Refusal::new("newer_schema", message))
    } else {
        decoded_action(&domain::current_action(schema, mutation.action.text()))
    };
    mutation.with_action(action)
}

fn decoded_action(json: &str) -> Result<Action, Refusal> {
    let entries: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
    let [kind] = entries.keys().collect::<Vec<_>>()[..] else {
        let message = "The action is no kind with a payload, as in {\"pick_lot\": {...}}. Record it again.";
        return Err(Refusal::new("malformed", message));
    };
    if !Action::KINDS.contains(&kind.as_str()) {
        let message = format!(
            "This server does not know mutations of the kind \"{}\". Update the server, then try again.",
            shortened(kind)
        );
        return Err(Refusal::new("unknown_kind", message));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = cause(&error.inner().to_string());
        let field = shortened(path.trim_start_matches(kind.as_str()).trim_start_matches('.'));
        let message = if field.is_empty() {
            format!("The payload of {kind} cannot be read: {cause}. Record it again.")
        } else {
            format!("The field {field} of {kind} cannot be read: {cause}. Record it again.")
        };
        Refusal::new("malformed", message)
    })
}

/// What the reader says, without its position in a text that nobody sees.
fn cause(text: &str) -> String {
    shortened(text.split(" at line ").next().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Refusal {
        decoded_action(json).expect_err("refused")
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
    fn tells_an_unknown_kind_from_an_unreadable_action() {
        assert_eq!(refused(r#"{"teleport_lot":{}}"#).code, "unknown_kind");
        for malformed in ["{}", "[1,2]", "7", r#""pick_lot""#, r#"{"pick_lot":{},"move_lot":{}}"#] {
            assert_eq!(refused(malformed).code, "malformed", "{malformed}");
        }
        let message = refused(r#"{"pick_lot":7}"#).message;
        assert!(message.starts_with("The payload of pick_lot cannot be read: "), "{message}");
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
