//! The part of the port that other systems use: their keys, and reads and writes by position.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Movement as MovementKind, Order, OrderLine, Quantity, Row};
use serde::{Deserialize, Serialize};
use sync::{UnixMillis, Versioned};
use uuid::Uuid;

use super::{Consent, Import, KnownKeys, NamedKeys, StockChange, StoreFault};
use crate::api_keys::KeyScope;

/// A key of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The key.
    pub key: Uuid,
    /// Its site.
    pub site: String,
    /// Its name: the author of what it books.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<KeyScope>,
    /// The time it was made.
    pub created_at: UnixMillis,
    /// The time of its last request, to within some minutes.
    pub last_used_at: Option<UnixMillis>,
}

/// A key to be stored.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The key's id.
    pub key: Uuid,
    /// Its site.
    pub site: String,
    /// Its name, which no other key of the site has.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<KeyScope>,
    /// SHA-256 of its secret.
    pub secret_hash: [u8; 32],
    /// The server's clock.
    pub now: UnixMillis,
}

/// The tables that are listed by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListTable {
    /// Products.
    Products,
    /// Lots, of any status.
    Lots,
    /// Deliveries, complete and closed ones as well.
    Deliveries,
}

/// A part of a table.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The table.
    pub table: ListTable,
    /// The key of the last row of the part before; empty for the first part.
    pub after: String,
    /// Only rows of the product with this SKU, in any spelling. Deliveries are of no product.
    pub sku: Option<String>,
    /// Only deliveries of which something is still to come.
    pub is_open: bool,
    /// Maximum number of rows.
    pub max_rows: usize,
}

/// Some rows, and the SKUs of the products that they name.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In their order.
    pub rows: Vec<T>,
    /// By product. A product that was deleted long ago has none.
    pub skus: HashMap<Uuid, String>,
    /// Whether there are more.
    pub more: bool,
}

/// A position among a site's bookings, which are in the order of its revisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The revision.
    pub rev: u64,
    /// The line in it.
    pub line: u64,
}

/// The bookings after a position, with the life of the data that it belongs to.
#[derive(Clone, Debug)]
pub struct Since<T> {
    /// The epoch of the site's data: positions of another one mean nothing.
    pub epoch: Uuid,
    /// The site's revision.
    pub rev: u64,
    /// Bookings up to this revision are in packed months of the ledger, and not among these.
    pub packed_rev: u64,
    /// The bookings.
    pub page: Page<T>,
}

/// An entry of the stock ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Its position.
    pub at: Position,
    /// The product.
    pub product: Uuid,
    /// The lot's code.
    pub lot_code: String,
    /// The bin.
    pub location: String,
    /// Up or down.
    pub delta: Quantity,
    /// The cause.
    pub kind: MovementKind,
    /// A reason, or the number of an order or a delivery.
    pub note: String,
    /// The mutation that it came with; none for an import.
    pub mutation: Option<Uuid>,
    /// Who booked it.
    pub author: String,
    /// The device's clock.
    pub captured_at: UnixMillis,
    /// The server's clock.
    pub booked_at: UnixMillis,
}

/// An order that was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOrder {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// ISO 4217.
    pub currency: String,
    /// The sum of its lines in minor units.
    pub total_minor: i64,
    /// The revision that it was booked under.
    pub rev: u64,
    /// Who placed it.
    pub author: String,
    /// The device's clock.
    pub captured_at: UnixMillis,
    /// The server's clock.
    pub booked_at: UnixMillis,
    /// Its lines, in their order.
    pub lines: Vec<OrderLine>,
}

/// A request of a key that writes.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// Its site.
    pub site: String,
    /// The key.
    pub key: Uuid,
    /// The author of what it books: the key's name.
    pub author: String,
    /// The sender's name of the request: the same when it is sent again.
    pub request: String,
    /// SHA-256 of its path and its body.
    pub body_hash: [u8; 32],
    /// The server's clock.
    pub now: UnixMillis,
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// Rows were imported.
    Imported {
        /// New rows.
        added: u64,
        /// Rows with other content.
        changed: u64,
        /// Rows with the same content.
        unchanged: u64,
        /// Remarks.
        warnings: Vec<String>,
    },
    /// Orders were placed; in the order of the request.
    Ordered(Vec<OrderOutcome>),
}

/// The outcome of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderOutcome {
    /// Its id.
    pub id: Uuid,
    /// Whether it was booked by this request; if not, it had been booked before, with the same lines.
    pub is_new: bool,
    /// A code, if there is a remark.
    pub code: String,
    /// The remark, such as that stock is below zero now; may be empty.
    pub message: String,
}

/// An order that cannot be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRefusal {
    /// Its position in the request, from 0.
    pub at: usize,
    /// The reason, in a sentence.
    pub message: String,
}

/// The answer to a request that writes. Only what is booked is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// All of it is booked.
    Booked {
        /// Its outcome.
        outcome: RequestOutcome,
        /// The site's revision.
        rev: u64,
        /// Whether it was booked when the request came for the first time.
        is_repeat: bool,
    },
    /// Another request was booked under this name.
    OtherBody,
    /// Nothing is booked: stock would change, and there is no consent to that.
    Stock(Vec<StockChange>),
    /// Nothing is booked: these orders cannot be.
    Orders(Vec<OrderRefusal>),
}

/// Keeps the keys of other systems, and answers them.
#[async_trait]
pub trait ApiStore {
    /// Stores a key. A name that another key of the site has is refused.
    async fn add_key(&self, key: NewKey) -> Result<ApiKey, StoreFault>;

    /// The key of a site with this secret, unless it was revoked.
    async fn api_key(&self, site: &str, secret_hash: [u8; 32]) -> Result<Option<ApiKey>, StoreFault>;

    /// Every key of a site that was not revoked, by name.
    async fn api_keys(&self, site: &str) -> Result<Vec<ApiKey>, StoreFault>;

    /// Revokes a key. False if it is unknown or revoked already.
    async fn revoke_key(&self, site: &str, key: Uuid, now: UnixMillis) -> Result<bool, StoreFault>;

    /// Stores the time of a key's last request.
    async fn saw_key(&self, site: &str, key: Uuid, now: UnixMillis) -> Result<(), StoreFault>;

    /// The rows of a table after a key, in the order of keys.
    async fn list(&self, site: &str, query: ListQuery) -> Result<Page<Versioned<Row>>, StoreFault>;

    /// The entries of the ledger after a position. Revisions are in the order of commits: none is ever booked before one that
    /// was read.
    async fn movements(
        &self,
        site: &str,
        after: Position,
        max_rows: usize,
    ) -> Result<Since<Movement>, StoreFault>;

    /// The keys that some rows name.
    async fn known_keys_of(&self, site: &str, named: NamedKeys) -> Result<KnownKeys, StoreFault>;

    /// The answer to a request that was booked before; none if it is new.
    async fn answered(&self, request: &KeyedRequest) -> Result<Option<Answered>, StoreFault>;

    /// Imports rows in one transaction, all or none, unless the request was booked before. `warnings` are kept with the outcome.
    async fn import_once(
        &self,
        request: KeyedRequest,
        import: Arc<Import>,
        warnings: Vec<String>,
        consent: Consent,
    ) -> Result<Answered, StoreFault>;

    /// Places orders in one transaction, all or none, unless the request was booked before. One that was booked before with the
    /// same lines stays as it is.
    async fn order_once(&self, request: KeyedRequest, orders: Vec<Order>) -> Result<Answered, StoreFault>;

    /// The orders after a revision. Each has a revision of its own.
    async fn orders(&self, site: &str, after: u64, max_rows: usize)
    -> Result<Since<PlacedOrder>, StoreFault>;
}
