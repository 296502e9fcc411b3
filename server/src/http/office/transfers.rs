//! The goods that a site sent to others.

use axum::Json;
use axum::extract::{Path, State};
use office_model::messages::{TransferItem, TransferLineItem};
use office_model::roles::OfficeRoute;

use super::caller::SignedIn;
use crate::http::errors::ApiError;
use crate::http::state::AppState;
use crate::store::transfers::{Transfer, TransferLine, TransferState};

/// Transfers in one answer, the newest.
const MAX_TRANSFERS: usize = 100;

/// The goods that a site sent to others, and what came of them.
#[utoipa::path(
    get,
    path = "/office/sites/{site}/transfers",
    operation_id = "office_transfers",
    tag = "office",
    params(("site" = String, Path, description = "The site's short name")),
    responses((status = 200, description = "The newest transfers", body = Value)),
    security(("office" = []))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    caller: SignedIn,
    Path(site): Path<String>,
) -> Result<Json<Vec<TransferItem>>, ApiError> {
    caller.at(&state, OfficeRoute::ListTransfers, &site).await?;
    let found = state.store.transfers(&site, MAX_TRANSFERS).await?;
    Ok(Json(found.into_iter().map(item).collect()))
}

fn item(transfer: Transfer) -> TransferItem {
    let Transfer { order, number, from_site: _, to_site, sent_at, state, lines } = transfer;
    let state = match state {
        TransferState::Sent => "sent",
        TransferState::Expected => "expected",
        TransferState::Settled => "settled",
        TransferState::Short => "short",
    };
    let line = |line: TransferLine| {
        let TransferLine { product: _, sku, name, sent, received } = line;
        TransferLineItem { sku, name, sent: sent.grouped(), received: received.grouped() }
    };
    let lines = lines.into_iter().map(line).collect();
    TransferItem { order, number, to_site, sent_at, state: state.to_owned(), lines }
}
