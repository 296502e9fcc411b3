//! `/api/v1`: the API for other systems, such as an ERP or a web shop, each with a key.

mod deliveries;
mod described;
mod key;
mod lots;
mod movements;
mod orders;
mod page;
mod products;
mod writes;

use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::limits::Kind;
use super::state::AppState;

/// The routes, below `/api`.
pub(super) fn routes(state: &AppState) -> OpenApiRouter<AppState> {
    let admit = |kind| from_fn_with_state((state.clone(), kind), key::admit);
    let reads = OpenApiRouter::new()
        .routes(routes!(products::list))
        .routes(routes!(lots::list))
        .routes(routes!(deliveries::list))
        .routes(routes!(orders::list))
        .routes(routes!(movements::list))
        .route_layer(admit(Kind::Read));
    let writes = OpenApiRouter::new()
        .routes(routes!(products::write))
        .routes(routes!(lots::write))
        .routes(routes!(deliveries::write))
        .routes(routes!(orders::place))
        .route_layer(admit(Kind::Sync));
    reads.merge(writes)
}
