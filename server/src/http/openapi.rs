//! `/api/openapi.json`: the description of every route below `/api`.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr,
    ResponseBuilder, Type,
};
use utoipa::{PartialSchema as _, ToSchema};

use super::errors::BadItem;

/// The reason of a refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(super) struct Refused {
    /// A stable word for programs, such as `bad_query`.
    code: String,
    /// One sentence that says what is wrong, where, and what to do.
    message: String,
    /// The parts of the request that cannot be booked, if it is about such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    items: Vec<BadItem>,
}

/// The refusals that every route may answer with: what every layer in front of the handlers does.
const OF_EVERY_ROUTE: [(&str, &str); 5] = [
    ("408", "The answer took too long"),
    ("413", "The body, or what is packed in it, is too large"),
    ("415", "The body's content-encoding is none of gzip, br and identity"),
    ("500", "The server made a mistake. Nothing was booked"),
    ("503", "The server is busy, about to stop, or the site is being imported into"),
];
const TOO_MANY: (&str, &str) = ("429", "Too many requests or bytes in a time");
const NOT_READ: (&str, &str) = ("400", "The request, its query or its cursor cannot be read");
const NOT_ALLOWED: (&str, &str) = ("403", "The key lacks the scope, or the request lacks the app's header");
const NOT_KNOWN: (&str, &str) = ("401", "The token or the key is missing, unknown or revoked");

/// The document as sent.
#[derive(Clone, Debug)]
pub(super) struct Document(Arc<str>);

impl Document {
    /// Completes the description of the routes below `/api`.
    pub(super) fn of(routes: OpenApi) -> Self {
        let info = InfoBuilder::new()
            .title("Lotbook")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(
                "Other systems use what is below /api/v1, with a key of `lotbook-server keys create`. The other routes are the \
                 app's own and change with it.",
            ))
            .build();
        let mut document = OpenApiBuilder::new().info(info).build().nest("/api", routes);
        let components = document.components.get_or_insert_default();
        for (name, schema) in [(Refused::name(), Refused::schema()), (BadItem::name(), BadItem::schema())] {
            components.schemas.insert(name.into_owned(), schema);
        }
        for (name, scheme) in schemes() {
            components.add_security_scheme(name, scheme);
        }
        for path in document.paths.paths.values_mut() {
            operations(path).for_each(complete);
        }
        // Plain maps and texts: it cannot fail.
        Self(document.to_json().unwrap_or_default().into())
    }
}

fn schemes() -> [(&'static str, SecurityScheme); 4] {
    let bearer = |format: &str, about: &str| {
        let http =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format).description(Some(about));
        SecurityScheme::Http(http.build())
    };
    [
        ("key", bearer("key", "The secret of a key of another system")),
        ("device", bearer("token", "The token of an enrolled device")),
        ("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-lotbook_device")))),
        ("office", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-lotbook_office")))),
    ]
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.delete, &mut path.patch].into_iter().flatten()
}

/// Adds the refusals of the layers in front of the handler.
fn complete(operation: &mut Operation) {
    let mut refusals = OF_EVERY_ROUTE.to_vec();
    if operation.security.is_some() {
        refusals.extend([NOT_READ, NOT_KNOWN, NOT_ALLOWED, TOO_MANY]);
    }
    for (status, description) in refusals {
        let known = &mut operation.responses.responses;
        if known.contains_key(status) {
            continue;
        }
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(Refused::name()))).build();
        let mut response = ResponseBuilder::new().description(description).content("application/json", body);
        if matches!(status, "429" | "503") {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
            let header =
                HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build();
            response = response.header("retry-after", header);
        }
        known.insert(status.to_owned(), RefOr::T(response.build()));
    }
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "about",
    responses((status = 200, description = "The description of every route below /api", body = Value))
)]
pub(super) async fn document(Extension(Document(text)): Extension<Document>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], text.to_string()).into_response()
}
