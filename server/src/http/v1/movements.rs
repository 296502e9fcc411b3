//! Movements: the entries of the stock ledger.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::key::Key;
use super::page::{After, Booked, MAX_PAGE_ROWS, MovementsQuery, Params, decimal, rows};
use crate::api_keys::KeyScope;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::Movement;

/// A change of stock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Movement)]
pub(super) struct MovementItem {
    /// The site's revision that it was booked under; with `line` it identifies the movement.
    rev: u64,
    line: u64,
    product_id: Uuid,
    /// Null if the product was deleted long ago.
    sku: Option<String>,
    lot_code: String,
    /// The bin.
    location: String,
    /// Up, or down with a minus: a decimal number such as `-2.5`.
    quantity: String,
    /// `receive`, `put_away`, `move`, `pick`, `adjust`, `count`, `sale` or `import`.
    kind: &'static str,
    /// A reason, or the number of an order or a delivery; may be empty.
    note: String,
    /// The entry of a device or of a key that it came with; null for an import. It stays the same if the data is restored.
    mutation_id: Option<Uuid>,
    author: String,
    /// When it happened by the device's clock, in milliseconds since 1970 (UTC).
    captured_at: i64,
    /// When the server booked it, in milliseconds since 1970 (UTC).
    booked_at: i64,
}

impl MovementItem {
    fn of(movement: &Movement, sku: Option<String>) -> Self {
        Self {
            rev: movement.at.rev,
            line: movement.at.line,
            product_id: movement.product,
            sku,
            lot_code: movement.lot_code.clone(),
            location: movement.location.clone(),
            quantity: decimal(movement.delta),
            kind: movement.kind.code(),
            note: movement.note.clone(),
            mutation_id: movement.mutation,
            author: movement.author.clone(),
            captured_at: movement.captured_at.0,
            booked_at: movement.booked_at.0,
        }
    }
}

/// The movements since a cursor, each exactly once, in the order of booking.
#[utoipa::path(
    get,
    path = "/v1/movements",
    operation_id = "list_movements",
    tag = "movements",
    params(MovementsQuery),
    responses(
        (status = 200, description = "The movements after the cursor", body = Booked<MovementItem>),
        (status = 410, description = "The data was restored from a backup since the cursor was given, or the cursor is too old", body = Refused)
    ),
    security(("key" = ["movements:read"]))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    key: Key,
    Params(query): Params<MovementsQuery>,
) -> Result<Json<Booked<MovementItem>>, ApiError> {
    let key = key.with(KeyScope::MovementsRead)?;
    let after = After::read(query.after.as_deref())?;
    let max_rows = rows(query.limit, MAX_PAGE_ROWS)?;
    let since = state.store.movements(&key.site, after.position(), max_rows).await?;
    let answer = after.answer(since, |movement, skus| {
        (movement.at, MovementItem::of(movement, skus.get(&movement.product).cloned()))
    })?;
    Ok(Json(answer))
}
