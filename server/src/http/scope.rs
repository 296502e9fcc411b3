//! Parses the scope of a request.

use axum::http::StatusCode;

use super::errors::ApiError;
use crate::booking::{Scope, shortened};

/// The scope of this name.
///
/// # Errors
/// 400 for a scope that this server does not know.
pub(super) fn scope(name: &str) -> Result<Scope, ApiError> {
    Scope::from_name(name).ok_or_else(|| {
        let known = Scope::ALL.map(Scope::name).join(", ");
        let message =
            format!("This server does not know the scope \"{}\"; it knows {known}.", shortened(name));
        ApiError::new(StatusCode::BAD_REQUEST, "unknown_scope", message)
    })
}
