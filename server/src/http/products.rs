//! `GET /api/products/{id}`, `GET /api/products/by-barcode/{code}` and `GET /api/lots/by-code/{code}`: products for a
//! scan of a code that is not on the device, and the history of one.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::{HistoryAnswer, LotsAnswer, ProductAnswer};
use serde::Deserialize;
use uuid::Uuid;

use super::errors::ApiError;
use super::openapi::Refused;
use super::reader::Reader;
use super::state::AppState;
use crate::booking::shortened;
use crate::store::{HistoryQuery, LotsByCode, ProductQuery, ProductWithLots};

/// A product with its lots.
#[utoipa::path(
    get,
    path = "/products/{id}",
    operation_id = "product_by_id",
    tag = "devices",
    params(("id" = String, Path, description = "The product's id"), ("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "The product", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 404, description = "The site has none", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn by_id(
    State(state): State<AppState>,
    reader: Reader,
    Path(id): Path<String>,
) -> Result<Json<ProductAnswer>, ApiError> {
    let id = product_id(&id)?;
    answer(&state, &reader, ProductQuery::Id(id), "this id").await
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
/// The history of a product, newest first.
#[utoipa::path(
    get,
    path = "/products/{id}/history",
    operation_id = "product_history",
    tag = "devices",
    params(("id" = String, Path, description = "The product's id"),
        ("lot" = Option<Uuid>, Query, description = "Only of this lot"),
        ("before" = Option<u64>, Query, description = "Only of earlier revisions"), ("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "Entries of the ledger, notes and edits", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn history(
    State(state): State<AppState>,
    reader: Reader,
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
    Ok(Json(state.store.history(&reader.site, HistoryQuery { product, lot, before }).await?))
}

/// The product with a barcode, in any spelling.
#[utoipa::path(
    get,
    path = "/products/by-barcode/{code}",
    operation_id = "product_by_barcode",
    tag = "devices",
    params(("code" = String, Path, description = "The barcode"), ("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "The product", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 404, description = "The site has none", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn by_barcode(
    State(state): State<AppState>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Json<ProductAnswer>, ApiError> {
    let what = format!("the barcode {}", shortened(&code));
    answer(&state, &reader, ProductQuery::Barcode(code), &what).await
}

/// `GET /api/lots/by-code/{code}`: the lots with this code, whatever their status.
/// The lots with a code, whatever their status.
#[utoipa::path(
    get,
    path = "/lots/by-code/{code}",
    operation_id = "lots_by_code",
    tag = "devices",
    params(("code" = String, Path, description = "The code of the lots"), ("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "Their products", body = Value),
        (status = 400, description = "The request cannot be read", body = Refused),
        (status = 404, description = "The site has none", body = Refused),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn by_lot_code(
    State(state): State<AppState>,
    reader: Reader,
    Path(code): Path<String>,
) -> Result<Json<LotsAnswer>, ApiError> {
    let what = shortened(&code);
    let LotsByCode { products, more } = state.store.lots_by_code(&reader.site, code).await?;
    if products.is_empty() {
        return Err(not_found(format!("No lot of this site has the code {what}.")));
    }
    let products = products.into_iter().map(|found| as_answer(&state, found)).collect();
    Ok(Json(LotsAnswer { products, more }))
}

async fn answer(
    state: &AppState,
    reader: &Reader,
    query: ProductQuery,
    what: &str,
) -> Result<Json<ProductAnswer>, ApiError> {
    let found = state.store.product(&reader.site, query).await?;
    let found = found.ok_or_else(|| not_found(format!("No product of this site has {what}.")))?;
    Ok(Json(as_answer(state, found)))
}

fn not_found(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
}

fn as_answer(state: &AppState, (product, lots): ProductWithLots) -> ProductAnswer {
    ProductAnswer {
        product: product.row,
        rev: product.rev,
        lots: lots.into_iter().map(|lot| (lot.rev, lot.row)).collect(),
        as_of: state.clock.now(),
    }
}
