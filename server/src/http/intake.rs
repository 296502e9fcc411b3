//! Parses requests leniently: an error of the whole request refuses it, an error of one mutation refuses only
//! that mutation.

use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sync::{
    AuditRequest, Json, MAX_AUDIT_RANGES, MAX_BATCH_MUTATIONS, Mutation, PROTOCOL_VERSION, ReplacedRange,
    SyncRequest,
};

use super::body::BodyBytes;
use super::errors::ApiError;
use crate::booking::{DecodedAction, decoded, shortened};

impl BodyBytes {
    /// Parses JSON; an error names the field.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let mut reader = serde_json::Deserializer::from_slice(self.bytes());
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
struct ProtocolVersion {
    protocol: u32,
}

/// Parses a request of [`PROTOCOL_VERSION`]; `protocol_of` returns its field. A body that cannot be parsed is
/// parsed a second time for its version alone: a request of another protocol may have another shape.
pub(super) fn request<T: DeserializeOwned>(
    body: &BodyBytes,
    protocol_of: impl Fn(&T) -> u32,
) -> Result<T, ApiError> {
    match body.json() {
        Ok(request) => check_protocol(protocol_of(&request)).map(|()| request),
        Err(unreadable) => {
            let ProtocolVersion { protocol } = body.json()?;
            check_protocol(protocol)?;
            Err(unreadable)
        }
    }
}

fn check_protocol(protocol: u32) -> Result<(), ApiError> {
    if protocol == PROTOCOL_VERSION {
        return Ok(());
    }
    let message = format!(
        "The app speaks version {protocol} of the protocol, this server version {PROTOCOL_VERSION}. Update the \
         app; what is saved on the device stays there until then."
    );
    Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_needed", message))
}

/// A sync request without its mutations, and those with their actions parsed.
pub(super) type DecodedRequest = (SyncRequest<()>, Vec<Mutation<DecodedAction>>);

/// Parses a sync request.
pub(super) fn sync_request(body: &BodyBytes) -> Result<DecodedRequest, ApiError> {
    let request = raw_sync_request(body)?;
    let SyncRequest {
        protocol,
        client,
        site,
        epoch,
        last_outcome_seq,
        mutations,
        cursor,
        scope,
        tables,
        max_rows,
        sent_at,
    } = request;
    let mutations = mutations.into_iter().map(decoded).collect();
    let rest = SyncRequest {
        protocol,
        client,
        site,
        epoch,
        last_outcome_seq,
        mutations: Vec::new(),
        cursor,
        scope,
        tables,
        max_rows,
        sent_at,
    };
    Ok((rest, mutations))
}

/// Parses a sync request, but not the actions of its mutations.
pub(super) fn raw_sync_request(body: &BodyBytes) -> Result<SyncRequest<Json>, ApiError> {
    let request: SyncRequest<Json> = request(body, |request: &SyncRequest<Json>| request.protocol)?;
    check_sequence(&request)?;
    Ok(request)
}

/// Refuses a request for more ranges than one answer compares, and for rows that are compared twice.
pub(super) fn check_ranges(request: &AuditRequest) -> Result<(), ApiError> {
    let asked = request.ranges.len();
    if asked > MAX_AUDIT_RANGES {
        let message =
            format!("{asked} ranges are too many for one request. Send at most {MAX_AUDIT_RANGES}.");
        return Err(ApiError::bad_request("too_many_ranges", message));
    }
    let ranges: Vec<&ReplacedRange> = request.ranges.iter().map(|asked| &asked.range).collect();
    for (at, (before, range)) in ranges.iter().zip(ranges.iter().skip(1)).enumerate() {
        let follows = match &before.through {
            _ if before.table != range.table => !ranges.iter().take(at).any(|one| one.table == range.table),
            Some(through) => *through <= range.after,
            None => false,
        };
        if !follows {
            let message = format!(
                "Range {} of {} does not follow the one before it. Send each table's ranges by rising keys, without overlaps.",
                at + 2,
                shortened(&range.table)
            );
            return Err(ApiError::bad_request("range_order", message));
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "00000000-0000-0000-0000-000000000001";

    fn read(body: &str) -> Result<DecodedRequest, ApiError> {
        sync_request(&BodyBytes::of(body.to_owned().into()))
    }

    fn mutation(seq: u64, schema: u32, action: &str) -> String {
        format!(
            r#"{{"seq":{seq},"id":"{CLIENT}","action":{action},"author":"Ada","captured_at":7,"schema":{schema}}}"#
        )
    }

    fn body(protocol: u32, mutations: &str) -> String {
        format!(
            r#"{{"protocol":{protocol},"client":"{CLIENT}","mutations":[{mutations}],"scope":"all","max_rows":9}}"#
        )
    }

    fn refused(body: &str) -> (StatusCode, &'static str, String) {
        read(body).expect_err(body).parts()
    }

    #[test]
    fn another_protocol_is_refused_with_any_body() {
        for other in [body(2, ""), r#"{"protocol":2,"shape":["of","its","own"]}"#.to_owned()] {
            let (status, code, message) = refused(&other);
            assert_eq!((status, code), (StatusCode::UPGRADE_REQUIRED, "upgrade_needed"), "{other}");
            assert!(message.starts_with("The app speaks version 2 of the protocol, this server version 1."));
        }
        let audit = BodyBytes::of(r#"{"protocol":3}"#.into());
        let audit = request(&audit, |request: &AuditRequest| request.protocol).expect_err("another protocol");
        assert_eq!(audit.parts().1, "upgrade_needed");
    }

    #[test]
    fn an_unparsable_body_of_this_protocol_names_the_field() {
        let bad_id = mutation(1, 2, "{}").replace(CLIENT, "me");
        for (unreadable, part) in [
            (body(1, &bad_id), "(field mutations[0].id)"),
            (r#"{"protocol":1}"#.to_owned(), "missing field `client`"),
            (r#"{"protocol":"1","client":7}"#.to_owned(), "(field protocol)"),
            (r#"{"client":7}"#.to_owned(), "missing field `protocol`"),
            (body(1, "") + "}", "trailing characters"),
            ("no JSON".to_owned(), "The body cannot be read: "),
        ] {
            let (status, code, message) = refused(&unreadable);
            assert_eq!((status, code), (StatusCode::BAD_REQUEST, "bad_json"), "{unreadable}");
            assert!(message.starts_with("The body cannot be read") && message.contains(part), "{message}");
        }
    }

    #[test]
    fn an_unparsable_mutation_does_not_stop_the_others() {
        let delete = format!(r#"{{"delete_product":{{"id":"{CLIENT}"}}}}"#);
        let sent = [
            mutation(1, 2, &delete),
            mutation(2, 9, r#"{"of":["a","later","schema"]}"#),
            mutation(3, 2, r#"{"teleport_lot":{}}"#),
            mutation(4, 2, &delete),
        ];
        let (rest, mutations) = read(&body(1, &sent.join(","))).expect("a request");
        assert_eq!((rest.scope.as_str(), rest.max_rows, rest.mutations.len()), ("all", 9, 0));
        let codes: Vec<_> = mutations
            .iter()
            .map(|mutation| mutation.action.as_ref().map_err(|refusal| refusal.code))
            .collect();
        let deleted = domain::Action::DeleteProduct { id: CLIENT.parse().expect("an id") };
        assert_eq!(codes, [Ok(&deleted), Err("newer_schema"), Err("unknown_kind"), Ok(&deleted)]);
    }
}
