//! Orders: sales, each line taken from a lot.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use domain::{LotRef, Order, OrderLine, key_text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::described::{RequestHeader, WriteRefusals};
use super::key::Key;
use super::page::{After, Booked, MAX_PAGE_DOCUMENTS, OrdersQuery, Params, decimal, rows};
use super::writes::{RequestName, booked, check_lines, listed};
use crate::api_keys::KeyScope;
use crate::booking::shortened;
use crate::csv::{DecimalSign, quantity};
use crate::http::body::BodyBytes;
use crate::http::errors::{ApiError, BadItem};
use crate::http::openapi::Refused;
use crate::http::state::AppState;
use crate::store::{KnownKeys, NamedKeys, OrderOutcome, PlacedOrder, Position, RequestOutcome};

/// Goods taken from one lot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlacedOrderLine)]
struct OrderLineItem {
    product_id: Uuid,
    /// Null if the product was deleted long ago.
    sku: Option<String>,
    lot_code: String,
    /// The bin.
    location: String,
    /// A decimal number such as `2.5`.
    quantity: String,
    /// The price of one unit in minor units of the order's currency.
    unit_price_minor: i64,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub(super) struct OrderItem {
    id: Uuid,
    number: String,
    /// ISO 4217.
    currency: String,
    /// The sum of its lines in minor units.
    total_minor: i64,
    author: String,
    /// When it was placed by the device's clock, in milliseconds since 1970 (UTC).
    captured_at: i64,
    /// When the server booked it, in milliseconds since 1970 (UTC).
    booked_at: i64,
    lines: Vec<OrderLineItem>,
    /// The site's revision that it was booked under.
    rev: u64,
}

impl OrderItem {
    fn of(order: &PlacedOrder, skus: &HashMap<Uuid, String>) -> Self {
        let line = |line: &OrderLine| OrderLineItem {
            product_id: line.lot.product_id,
            sku: skus.get(&line.lot.product_id).cloned(),
            lot_code: line.lot.lot_code.clone(),
            location: line.lot.location.clone(),
            quantity: decimal(line.quantity),
            unit_price_minor: line.unit_price_minor,
        };
        Self {
            id: order.id,
            number: order.number.clone(),
            currency: order.currency.clone(),
            total_minor: order.total_minor,
            author: order.author.clone(),
            captured_at: order.captured_at.0,
            booked_at: order.booked_at.0,
            lines: order.lines.iter().map(line).collect(),
            rev: order.rev,
        }
    }
}

/// The orders since a cursor, each exactly once, in the order of booking.
#[utoipa::path(
    get,
    path = "/v1/orders",
    operation_id = "list_orders",
    tag = "orders",
    params(OrdersQuery),
    responses(
        (status = 200, description = "The orders after the cursor", body = Booked<OrderItem>),
        (status = 410, description = "The data was restored from a backup since the cursor was given", body = Refused)
    ),
    security(("key" = ["orders:read"]))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    key: Key,
    Params(query): Params<OrdersQuery>,
) -> Result<Json<Booked<OrderItem>>, ApiError> {
    let key = key.with(KeyScope::OrdersRead)?;
    let after = After::read(query.after.as_deref())?;
    let max_rows = rows(query.limit, MAX_PAGE_DOCUMENTS)?;
    let since = state.store.orders(&key.site, after.position().rev, max_rows).await?;
    let answer = after
        .answer(since, |order, skus| (Position { rev: order.rev, line: 0 }, OrderItem::of(order, skus)))?;
    Ok(Json(answer))
}

/// Orders to place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Orders {
    /// At most 1,000 lines together.
    #[schema(min_items = 1, max_items = 1_000)]
    orders: Vec<OrderRow>,
}

/// An order, told by its number. One that is booked already, with the same lines, stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderRow {
    number: String,
    /// ISO 4217.
    currency: String,
    /// At most 200.
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<OrderedLine>,
}

/// Goods taken from a lot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrderedLine {
    /// The product's SKU, in any spelling.
    sku: String,
    lot_code: String,
    /// The bin.
    location: String,
    /// A decimal number in a text, such as `"2"`.
    quantity: String,
    /// The price of one unit in minor units of the order's currency.
    unit_price_minor: i64,
}

/// The outcomes of the orders, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Placed {
    orders: Vec<PlacedItem>,
    /// Whether this is the answer of a request that was booked before under the same `Idempotency-Key`.
    repeated: bool,
}

/// A booked order.
#[derive(Debug, Serialize, ToSchema)]
struct PlacedItem {
    id: Uuid,
    /// Whether this request booked it; if not, it was booked before.
    is_new: bool,
    /// A word for a remark, such as `below_zero`; empty for none.
    code: String,
    /// The remark, such as that less was in the bin than was taken.
    message: String,
}

impl OrderRow {
    /// The order, or what is wrong with it at `place`.
    fn read(self, site: &str, known: &KnownKeys, place: &str) -> Result<Order, Vec<BadItem>> {
        let (mut lines, mut bad) = (Vec::with_capacity(self.lines.len()), Vec::new());
        for (at, line) in self.lines.into_iter().enumerate() {
            match line.read(known) {
                Ok(line) => lines.push(line),
                Err((field, reason)) => {
                    bad.push(BadItem { at: format!("{place}.lines[{at}].{field}"), reason });
                }
            }
        }
        let number = self.number.trim().to_owned();
        let name = format!("lotbook:{site}:order:{}", key_text(&number));
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        let order = Order { id, number, currency: self.currency.trim().to_owned(), lines, to_site: None };
        if bad.is_empty()
            && let Err(refusal) = order.validate()
        {
            bad.push(BadItem { at: place.to_owned(), reason: refusal.message });
        }
        if bad.is_empty() { Ok(order) } else { Err(bad) }
    }
}

impl OrderedLine {
    fn read(self, known: &KnownKeys) -> Result<OrderLine, (&'static str, String)> {
        let Self { sku, lot_code, location, quantity: text, unit_price_minor } = self;
        let product = known
            .products
            .get(&sku)
            .ok_or_else(|| ("sku", format!("no product has the SKU \"{}\"", shortened(&sku))))?;
        let quantity = quantity("quantity", text.trim(), Some(DecimalSign::Point), &product.unit)?;
        Ok(OrderLine { lot: LotRef::new(product.id, &lot_code, &location), quantity, unit_price_minor })
    }
}

/// Places orders, all or none, as a device does: they have happened, and are booked even if less was in a bin than was taken.
#[utoipa::path(
    post,
    path = "/v1/orders",
    operation_id = "place_orders",
    tag = "orders",
    params(RequestHeader),
    request_body = Orders,
    responses(
        (status = 200, description = "Booked, now or when the request came for the first time", body = Placed),
        WriteRefusals
    ),
    security(("key" = ["orders:write"]))
)]
pub(super) async fn place(
    State(state): State<AppState>,
    key: Key,
    name: RequestName,
    body: BodyBytes,
) -> Result<Json<Placed>, ApiError> {
    let key = key.with(KeyScope::OrdersWrite)?;
    let request = name.of(&key, "orders", &body, state.clock.now())?;
    let Orders { orders } = body.json()?;
    check_lines("orders", orders.iter().map(|order| order.lines.len()))?;
    let at = |at: usize| format!("orders[{at}]");
    let answer = match state.store.answered(&request).await? {
        Some(before) => before,
        None => {
            let skus = orders.iter().flat_map(|order| &order.lines).map(|line| line.sku.clone()).collect();
            let named = NamedKeys { skus, ..NamedKeys::default() };
            let known = state.store.known_keys_of(&key.site, named).await?;
            let (mut read, mut bad) = (Vec::with_capacity(orders.len()), Vec::new());
            for (index, order) in orders.into_iter().enumerate() {
                match order.read(&key.site, &known, &at(index)) {
                    Ok(order) => read.push(order),
                    Err(items) => bad.extend(items),
                }
            }
            if !bad.is_empty() {
                return Err(listed(bad));
            }
            state.store.order_once(request, read).await?
        }
    };
    let (outcome, repeated) = booked(&state, &key.site, answer, &at)?;
    let orders = match outcome {
        RequestOutcome::Ordered(orders) => orders,
        RequestOutcome::Imported { .. } => Vec::new(),
    };
    let item = |OrderOutcome { id, is_new, code, message }| PlacedItem { id, is_new, code, message };
    Ok(Json(Placed { orders: orders.into_iter().map(item).collect(), repeated }))
}
