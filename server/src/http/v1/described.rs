//! The parts of the API's description that all requests that write have in common.

use utoipa::{IntoParams, IntoResponses};

use crate::http::openapi::Refused;

/// The header of a request that writes; [`super::writes::RequestName`] reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the header")]
pub(super) struct RequestHeader {
    /// The name of the request: the same when it is sent again
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 100, pattern = "^[!-~]+$")]
    idempotency_key: String,
}

/// The refusals of a request that writes.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "it only describes what errors are sent as")]
pub(super) enum WriteRefusals {
    /// The request cannot be read
    #[response(status = 400)]
    NotRead(Refused),
    /// Another request was booked under this Idempotency-Key
    #[response(status = 409)]
    NameTaken(Refused),
    /// Something in the request cannot be booked; items lists it
    #[response(status = 422)]
    BadRows(Refused),
}
