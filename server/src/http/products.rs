//! `GET /api/products/{id}` and `GET /api/products/by-barcode/{code}`: one product, for a scan of a code that
//! is not on the device, and its history.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::{HistoryAnswer, ProductAnswer};
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::errors::ApiError;
use super::state::AppState;
use crate::booking::shortened;
use crate::store::{HistoryQuery, ProductQuery};

pub(super) async fn by_id(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ProductAnswer>, ApiError> {
    let id = product_id(&id)?;
    answer(&state, &caller, ProductQuery::Id(id), "this id").await
}

fn product_id(text: &str) -> Result<Uuid, ApiError> {
    Uuid::try_parse(text).map_err(|_| {
        let message =
            format!("\"{}\" is no product's id. An id looks like {}.", shortened(text), Uuid::nil());
        ApiError::bad_request("bad_id", message)
    })
}

/// The query parameters.
#[derive(Debug, Deserialize)]
pub(super) struct HistoryParams {
    lot: Option<Uuid>,
    before: Option<u64>,
}

/// `GET /api/products/{id}/history?lot={lot_id}&before={rev}`: the ledger's entries, newest first.
pub(super) async fn history(
    State(state): State<AppState>,
    Caller(device): Caller,
    Path(id): Path<String>,
    params: Result<Query<HistoryParams>, QueryRejection>,
) -> Result<Json<HistoryAnswer>, ApiError> {
    let product = product_id(&id)?;
    let Query(HistoryParams { lot, before }) = params.map_err(|rejection| {
        let message = format!(
            "The query cannot be read: {}. It may have lot=<lot id> and before=<revision>.",
            shortened(&rejection.body_text())
        );
        ApiError::bad_request("bad_query", message)
    })?;
    Ok(Json(state.store.history(&device.site, HistoryQuery { product, lot, before }).await?))
}

pub(super) async fn by_barcode(
    State(state): State<AppState>,
    caller: Caller,
    Path(code): Path<String>,
) -> Result<Json<ProductAnswer>, ApiError> {
    let what = format!("the barcode {}", shortened(&code));
    answer(&state, &caller, ProductQuery::Barcode(code), &what).await
}

async fn answer(
    state: &AppState,
    caller: &Caller,
    query: ProductQuery,
    what: &str,
) -> Result<Json<ProductAnswer>, ApiError> {
    let Some((product, lots)) = state.store.product(&caller.0.site, query).await? else {
        let message = format!("No product of this site has {what}.");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    Ok(Json(ProductAnswer {
        product: product.row,
        rev: product.rev,
        lots: lots.into_iter().map(|lot| (lot.rev, lot.row)).collect(),
        as_of: state.clock.now(),
    }))
}
