//! Expected deliveries.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use domain::{Delivery, DeliveryLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::described::{RequestHeader, WriteRefusals};
use super::key::Key;
use super::page::{DeliveriesQuery, Listed, MAX_PAGE_DOCUMENTS, Params, decimal, rows};
use super::writes::{RequestName, Rows, Written, check_lines, import};
use crate::api_keys::KeyScope;
use crate::csv::Item;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::state::AppState;
use crate::store::{Consent, ListQuery, ListTable};

/// A product of a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryLine)]
struct DeliveryLineItem {
    product_id: Uuid,
    /// Null if the product was deleted long ago.
    sku: Option<String>,
    /// A decimal number; `0` for a product that was not expected.
    expected: String,
    /// A decimal number: what has been received so far.
    received: String,
}

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryItem {
    id: Uuid,
    /// As printed on the delivery note.
    number: String,
    supplier: String,
    /// The expected day of arrival, such as `2027-01-31`.
    expected_on: Option<String>,
    /// `open`, `complete`, or `closed` by a person.
    state: &'static str,
    lines: Vec<DeliveryLineItem>,
    /// The site's revision at its last change.
    rev: u64,
}

impl DeliveryItem {
    fn of(row: &Delivery, skus: &HashMap<Uuid, String>, rev: u64) -> Self {
        let line = |line: &DeliveryLine| DeliveryLineItem {
            product_id: line.product_id,
            sku: skus.get(&line.product_id).cloned(),
            expected: decimal(line.expected),
            received: decimal(line.received),
        };
        let state = if row.closed {
            "closed"
        } else if row.is_complete() {
            "complete"
        } else {
            "open"
        };
        Self {
            id: row.id,
            number: row.number.clone(),
            supplier: row.supplier.clone(),
            expected_on: row.expected_on.map(|day| day.to_string()),
            state,
            lines: row.lines.iter().map(line).collect(),
            rev,
        }
    }
}

/// The deliveries of the site, with what has been received of them.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "list_deliveries",
    tag = "deliveries",
    params(DeliveriesQuery),
    responses((status = 200, description = "A part of the deliveries", body = Listed<DeliveryItem>)),
    security(("key" = ["deliveries:read"]))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    key: Key,
    Params(query): Params<DeliveriesQuery>,
) -> Result<Json<Listed<DeliveryItem>>, ApiError> {
    let key = key.with(KeyScope::DeliveriesRead)?;
    let query = ListQuery {
        table: ListTable::Deliveries,
        after: query.after.unwrap_or_default(),
        max_rows: rows(query.limit, MAX_PAGE_DOCUMENTS)?,
        sku: None,
        is_open: query.open,
    };
    let page = state.store.list(&key.site, query).await?;
    let item = |held: &sync::Versioned<domain::Row>| {
        let delivery = held.row.delivery()?;
        Some((delivery.id.to_string(), DeliveryItem::of(delivery, &page.skus, held.rev)))
    };
    Ok(Json(Listed::of(page.rows.iter().filter_map(item).collect(), page.more)))
}

/// Deliveries to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deliveries {
    /// At most 1,000 lines together.
    #[schema(min_items = 1, max_items = 1_000)]
    deliveries: Vec<DeliveryRow>,
}

/// An expected delivery, told by its number: announced anew if there is one. What has been received of it stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeliveryRow {
    /// As printed on the delivery note.
    number: String,
    /// May be left out.
    #[serde(default)]
    #[schema(required = false)]
    supplier: String,
    /// The expected day of arrival, such as `2027-01-31`; may be left out.
    expected_on: Option<String>,
    /// One for each product, at most 500.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<ExpectedLine>,
}

/// An expected product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExpectedLine {
    /// The product's SKU, in any spelling.
    sku: String,
    /// A decimal number in a text, such as `"12"`.
    quantity: String,
}

/// Adds and changes expected deliveries, all or none, with the rules of `import`.
#[utoipa::path(
    post,
    path = "/v1/deliveries",
    operation_id = "write_deliveries",
    tag = "deliveries",
    params(RequestHeader),
    request_body = Deliveries,
    responses(
        (status = 200, description = "Booked, now or when the request came for the first time", body = Written),
        WriteRefusals
    ),
    security(("key" = ["deliveries:write"]))
)]
pub(super) async fn write(
    State(state): State<AppState>,
    key: Key,
    name: RequestName,
    body: BodyBytes,
) -> Result<Json<Written>, ApiError> {
    let key = key.with(KeyScope::DeliveriesWrite)?;
    let request = name.of(&key, "deliveries", &body, state.clock.now())?;
    let Deliveries { deliveries } = body.json()?;
    check_lines("deliveries", deliveries.iter().map(|delivery| delivery.lines.len()))?;
    let (mut items, mut places) = (Vec::new(), Vec::new());
    for (at, DeliveryRow { number, supplier, expected_on, lines }) in deliveries.into_iter().enumerate() {
        let expected_on = expected_on.unwrap_or_default();
        for (line, ExpectedLine { sku, quantity }) in lines.into_iter().enumerate() {
            places.push((at, line));
            items.push(Item::from([
                ("number", number.clone()),
                ("supplier", supplier.clone()),
                ("expected_on", expected_on.clone()),
                ("sku", sku),
                ("quantity", quantity),
            ]));
        }
    }
    let place = |row: usize| {
        let (at, line) = places.get(row).copied().unwrap_or_default();
        format!("deliveries[{at}].lines[{line}]")
    };
    Ok(Json(import(&state, request, Rows::Deliveries(items), Consent::Everything, place).await?))
}
