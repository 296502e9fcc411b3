//! The sync API of any model, over a [`Book`].

use std::convert::Infallible;
use std::path::Path;

use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::Stream;
use sync::{AuditRequest, AuditResponse, Model, SyncResponse, Versioned};
use tokio::task::spawn_blocking;

use super::auth::HeaderRule;
use super::body::BodyBytes;
use super::errors::ApiError;
use super::intake;
use super::origin::TrustedProxies;
use super::{events, pages, with_api_layers, with_app};
use crate::any::{Book, BookFault};
use crate::booking::shortened;

/// The routes of the book's names, an app's `own` routes, and the app's files.
pub(crate) fn router<M: Model<Row: Send>>(book: &Book<M>, own: Router, dist: Option<&Path>) -> Router {
    let names = book.names();
    let routes = Router::new()
        .route(names.sync_path, post(sync::<M>))
        .route(names.audit_path, post(audit::<M>))
        .route(names.events_path, get(events_of::<M>))
        .route("/api/rows/{index_key}", get(rows::<M>))
        .with_state(book.clone())
        .merge(own);
    with_app(
        with_api_layers(routes, HeaderRule { name: names.header, except: None }),
        dist,
        |_| Some(pages::APP),
        TrustedProxies::default(),
    )
}

async fn sync<M: Model<Row: Send>>(
    State(book): State<Book<M>>,
    body: BodyBytes,
) -> Result<Json<SyncResponse<M::Row>>, ApiError> {
    let request = intake::raw_sync_request(&body)?;
    check_scope(&book, &request.scope)?;
    // It waits for the disk.
    let answered = spawn_blocking(move || book.exchange(&request)).await;
    Ok(Json(answered.map_err(|_| BookFault::Broken)??))
}

async fn audit<M: Model<Row: Send>>(
    State(book): State<Book<M>>,
    body: BodyBytes,
) -> Result<Json<AuditResponse<M::Row>>, ApiError> {
    let request = intake::request(&body, |request: &AuditRequest| request.protocol)?;
    check_scope(&book, &request.scope)?;
    intake::check_ranges(&request)?;
    Ok(Json(book.audit(&request)?))
}

/// The rows with an index key, for a device that needs them at once.
async fn rows<M: Model<Row: Send>>(
    State(book): State<Book<M>>,
    UrlPath(index_key): UrlPath<String>,
) -> Result<Json<Vec<Versioned<M::Row>>>, StatusCode> {
    let rows = book.find(&index_key);
    if rows.is_empty() { Err(StatusCode::NOT_FOUND) } else { Ok(Json(rows)) }
}

async fn events_of<M: Model<Row: Send>>(
    State(book): State<Book<M>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    events::stream(book.revisions(), std::future::pending())
}

fn check_scope<M: Model>(book: &Book<M>, asked: &str) -> Result<(), ApiError> {
    let known = book.names().scope;
    if asked == known {
        return Ok(());
    }
    let message = format!("This server knows the scope {known}, not \"{}\".", shortened(asked));
    Err(ApiError::bad_request("unknown_scope", message))
}

impl From<BookFault> for ApiError {
    fn from(fault: BookFault) -> Self {
        tracing::error!(%fault, "the book failed");
        let message = "The server could not write its log. Nothing was booked; its output says why.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "log_failed", message)
    }
}
