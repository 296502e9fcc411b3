//! Products.

use axum::Json;
use axum::extract::State;
use domain::Product;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::described::{RequestHeader, WriteRefusals};
use super::key::Key;
use super::page::{Listed, MAX_PAGE_ROWS, Params, RowsQuery, rows};
use super::writes::{RequestName, Rows, Written, check_rows, import};
use crate::api_keys::KeyScope;
use crate::csv::Item;
use crate::http::body::BodyBytes;
use crate::http::errors::ApiError;
use crate::http::state::AppState;
use crate::store::{Consent, ListQuery, ListTable};

/// A product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(super) struct ProductItem {
    id: Uuid,
    /// Unique within the site, whatever its case and width.
    sku: String,
    /// As printed; empty if there is none.
    barcode: String,
    name: String,
    /// The unit of quantities.
    unit: String,
    /// The price of one unit in minor units of `currency`.
    price_minor: i64,
    /// ISO 4217.
    currency: String,
    /// Products of one family are variants of each other; empty for none.
    family: String,
    variant: String,
    /// The site's revision at its last change.
    rev: u64,
}

impl ProductItem {
    fn of(product: Product, rev: u64) -> Self {
        let Product { id, sku, barcode, name, unit, price_minor, currency, family, variant } = product;
        Self { id, sku, barcode, name, unit, price_minor, currency, family, variant, rev }
    }
}

/// The products of the site.
#[utoipa::path(
    get,
    path = "/v1/products",
    operation_id = "list_products",
    tag = "products",
    params(RowsQuery),
    responses((status = 200, description = "A part of the products", body = Listed<ProductItem>)),
    security(("key" = ["products:read"]))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    key: Key,
    Params(query): Params<RowsQuery>,
) -> Result<Json<Listed<ProductItem>>, ApiError> {
    let key = key.with(KeyScope::ProductsRead)?;
    let query = ListQuery {
        table: ListTable::Products,
        after: query.after.unwrap_or_default(),
        max_rows: rows(query.limit, MAX_PAGE_ROWS)?,
        sku: query.sku,
        is_open: false,
    };
    let page = state.store.list(&key.site, query).await?;
    let item = |held: sync::Versioned<domain::Row>| {
        let product = held.row.product()?.clone();
        Some((product.id.to_string(), ProductItem::of(product, held.rev)))
    };
    Ok(Json(Listed::of(page.rows.into_iter().filter_map(item).collect(), page.more)))
}

/// Products to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Products {
    /// At most 1,000.
    #[schema(min_items = 1, max_items = 1_000)]
    products: Vec<ProductRow>,
}

/// A product, told by its SKU: changed if there is one, else new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProductRow {
    /// Found in any spelling; the product keeps its own.
    sku: String,
    /// May be empty.
    barcode: String,
    name: String,
    unit: String,
    /// The price of one unit in minor units of `currency`.
    price_minor: i64,
    /// ISO 4217.
    currency: String,
    /// Stays as it is if it is left out.
    family: Option<String>,
    /// Stays as it is if it is left out.
    variant: Option<String>,
}

impl ProductRow {
    fn into_item(self) -> Item {
        let Self { sku, barcode, name, unit, price_minor, currency, family, variant } = self;
        let mut item = Item::from([
            ("sku", sku),
            ("barcode", barcode),
            ("name", name),
            ("unit", unit),
            ("price_minor", price_minor.to_string()),
            ("currency", currency),
        ]);
        item.extend(family.map(|text| ("family", text)));
        item.extend(variant.map(|text| ("variant", text)));
        item
    }
}

/// Adds and changes products, all or none, with the rules of `import`.
#[utoipa::path(
    post,
    path = "/v1/products",
    operation_id = "write_products",
    tag = "products",
    params(RequestHeader),
    request_body = Products,
    responses(
        (status = 200, description = "Booked, now or when the request came for the first time", body = Written),
        WriteRefusals
    ),
    security(("key" = ["products:write"]))
)]
pub(super) async fn write(
    State(state): State<AppState>,
    key: Key,
    name: RequestName,
    body: BodyBytes,
) -> Result<Json<Written>, ApiError> {
    let key = key.with(KeyScope::ProductsWrite)?;
    let request = name.of(&key, "products", &body, state.clock.now())?;
    let Products { products } = body.json()?;
    check_rows(products.len(), "products")?;
    let rows = Rows::Products(products.into_iter().map(ProductRow::into_item).collect());
    let place = |at: usize| format!("products[{at}]");
    Ok(Json(import(&state, request, rows, Consent::Everything, place).await?))
}
