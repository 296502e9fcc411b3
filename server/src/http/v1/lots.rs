//! Lots: the stock, by lot and bin.

use axum::Json;
use axum::extract::State;
use domain::{InventoryLot, lot_key};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::described::{RequestHeader, WriteRefusals};
use super::key::Key;
use super::page::{Listed, MAX_PAGE_ROWS, Params, RowsQuery, decimal, rows};
use super::writes::{RequestName, Rows, Written, check_rows, import};
use crate::api_keys::KeyScope;
use crate::csv::Item;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::{Consent, ListQuery, ListTable};

/// A lot in a bin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lot)]
pub(super) struct LotItem {
    product_id: Uuid,
    /// Null if the product was deleted long ago.
    sku: Option<String>,
    lot_code: String,
    /// The bin.
    location: String,
    /// On hand, as a decimal number such as `2.5`. Negative if more was taken than booked in.
    quantity: String,
    /// `available`, `reserved`, `quarantined` or `expired`.
    status: &'static str,
    /// The last day it may be used, such as `2027-01-31`.
    expires_on: Option<String>,
    received_on: Option<String>,
    /// The site's revision at its last change.
    rev: u64,
}

impl LotItem {
    fn of(row: &InventoryLot, sku: Option<String>, rev: u64) -> Self {
        let InventoryLot { lot, quantity, status, expires_on, received_on } = row;
        Self {
            product_id: lot.product_id,
            sku,
            lot_code: lot.lot_code.clone(),
            location: lot.location.clone(),
            quantity: decimal(*quantity),
            status: status.code(),
            expires_on: expires_on.map(|day| day.to_string()),
            received_on: received_on.map(|day| day.to_string()),
            rev,
        }
    }
}

/// The lots of the site, of any status, those without stock as well.
#[utoipa::path(
    get,
    path = "/v1/lots",
    operation_id = "list_lots",
    tag = "lots",
    params(RowsQuery),
    responses((status = 200, description = "A part of the lots", body = Listed<LotItem>)),
    security(("key" = ["lots:read"]))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    key: Key,
    Params(query): Params<RowsQuery>,
) -> Result<Json<Listed<LotItem>>, ApiError> {
    let key = key.with(KeyScope::LotsRead)?;
    let query = ListQuery {
        table: ListTable::Lots,
        after: query.after.unwrap_or_default(),
        max_rows: rows(query.limit, MAX_PAGE_ROWS)?,
        sku: query.sku,
        is_open: false,
    };
    let page = state.store.list(&key.site, query).await?;
    let item = |held: &sync::Versioned<domain::Row>| {
        let lot = held.row.lot()?;
        let sku = page.skus.get(&lot.lot.product_id).cloned();
        Some((lot_key(&lot.lot).key, LotItem::of(lot, sku, held.rev)))
    };
    Ok(Json(Listed::of(page.rows.iter().filter_map(item).collect(), page.more)))
}

/// Lots to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lots {
    /// At most 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    lots: Vec<LotRow>,
    /// Whether the quantities of known lots may change. Without it, a request that would change one is refused: goods may
    /// have been picked or received since its sender looked.
    #[serde(default)]
    #[schema(required = false)]
    change_stock: bool,
}

/// A lot in a bin, told by product, code and bin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LotRow {
    /// The product's SKU, in any spelling.
    sku: String,
    lot_code: String,
    /// The bin.
    location: String,
    /// On hand afterwards: a decimal number in a text, such as `"2.5"`.
    quantity: String,
    /// `available`, `reserved`, `quarantined` or `expired`; stays as it is if it is left out.
    status: Option<String>,
    /// The last day it may be used, such as `2027-01-31`, or an empty text for none; stays as it is if it is left out.
    expires_on: Option<String>,
    /// As `expires_on`.
    received_on: Option<String>,
}

impl LotRow {
    fn into_item(self) -> Item {
        let Self { sku, lot_code, location, quantity, status, expires_on, received_on } = self;
        let mut item = Item::from([
            ("sku", sku),
            ("lot_code", lot_code),
            ("location", location),
            ("quantity", quantity),
        ]);
        let optional = [("status", status), ("expires_on", expires_on), ("received_on", received_on)];
        item.extend(optional.into_iter().filter_map(|(column, text)| Some((column, text?))));
        item
    }
}

/// Adds and changes lots, all or none, with the rules of `import`: a lot gets the quantity of the request.
#[utoipa::path(
    post,
    path = "/v1/lots",
    operation_id = "write_lots",
    tag = "lots",
    params(RequestHeader),
    request_body = Lots,
    responses(
        (status = 200, description = "Booked, now or when the request came for the first time", body = Written),
        WriteRefusals,
        (status = 409, description = "Another request was booked under this Idempotency-Key, or the quantity of a known lot would change", body = Refused)
    ),
    security(("key" = ["lots:write"]))
)]
pub(super) async fn write(
    State(state): State<AppState>,
    key: Key,
    name: RequestName,
    body: BodyBytes,
) -> Result<Json<Written>, ApiError> {
    let key = key.with(KeyScope::LotsWrite)?;
    let request = name.of(&key, "lots", &body, state.clock.now())?;
    let Lots { lots, change_stock } = body.json()?;
    check_rows(lots.len(), "lots")?;
    let consent = if change_stock { Consent::Everything } else { Consent::NoStock };
    let rows = Rows::Lots(lots.into_iter().map(LotRow::into_item).collect());
    Ok(Json(import(&state, request, rows, consent, |at| format!("lots[{at}]")).await?))
}
