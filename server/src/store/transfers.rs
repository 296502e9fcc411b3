//! Goods on their way from one site to another: an order of the one, and a delivery that the other expects.

use async_trait::async_trait;
use domain::Quantity;
use serde::{Deserialize, Serialize};
use sync::UnixMillis;
use uuid::Uuid;

use super::StoreFault;

/// The sent and the received quantity of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// The product at the site that sent it.
    pub product: Uuid,
    /// Its SKU, by which the sites know it.
    pub sku: String,
    /// Its name.
    pub name: String,
    /// Sent.
    pub sent: Quantity,
    /// Received, once nothing more comes; until then zero.
    pub received: Quantity,
}

/// Where a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferState {
    /// Booked where it was sent. The other site does not know of it yet.
    Sent,
    /// Expected at the other site.
    Expected,
    /// All of it came.
    Settled,
    /// Nothing more comes, and something is missing.
    Short,
}

/// Goods that were sent to another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The order that sent them.
    pub order: Uuid,
    /// The number on both sides.
    pub number: String,
    /// The site that sent them.
    pub from_site: String,
    /// The site that expects them.
    pub to_site: String,
    /// The server's clock at the booking.
    pub sent_at: UnixMillis,
    /// Where it is.
    pub state: TransferState,
    /// A line for each product.
    pub lines: Vec<TransferLine>,
}

/// Takes goods from site to site. Sites share no transaction: each step is one of the site that it changes, and a step that was done
/// is a no-op.
#[async_trait]
pub trait Transfers: Send + Sync {
    /// The transfers that a site sent, the newest first, at most `max_rows`.
    async fn transfers(&self, site: &str, max_rows: usize) -> Result<Vec<Transfer>, StoreFault>;

    /// Takes every transfer one step on: what was sent is expected at the other site, and what was received or closed there is
    /// settled where it came from; what is missing is in that site's inbox. A site that is closed for an import has its turn the
    /// next time. Returns the number of steps.
    async fn forward_transfers(&self, now: UnixMillis) -> Result<u64, StoreFault>;
}
