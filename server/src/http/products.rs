//! `GET /api/products/{id}` and `GET /api/products/by-barcode/{code}`: one product, for a scan the device does not know.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::ProductAnswer;
use uuid::Uuid;

use super::AppState;
use super::auth::Caller;
use super::errors::ApiError;
use crate::booking::shortened;
use crate::store::ProductQuery;

pub(super) async fn by_id(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ProductAnswer>, ApiError> {
    let id = Uuid::try_parse(&id).map_err(|_| {
        let message = format!("\"{}\" is no product's id. An id looks like {}.", shortened(&id), Uuid::nil());
        ApiError::bad_request("bad_id", message)
    })?;
    answer(&state, &caller, ProductQuery::Id(id), "this id").await
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
