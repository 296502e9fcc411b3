//! The server over HTTP: the API under `/api`, the app's files everywhere else.

mod admission;
mod any;
mod assets;
mod audit;
mod auth;
mod body;
mod enrol;
mod errors;
mod events;
pub(crate) mod held;
mod intake;
mod limits;
mod lots;
mod office;
mod openapi;
mod origin;
mod pages;
mod products;
mod rate_limit;
mod reader;
mod readiness;
mod revisions;
mod scope;
mod session;
mod site;
mod state;
mod streams;
mod sync;
mod trace;
mod v1;

use std::path::Path;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use domain::NAMES;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use any::router as router_of_any;
use auth::HeaderRule;
pub use body::MAX_BODY_BYTES;
use body::{BodyBudget, MAX_STRANGERS_BODY_BYTES, MaxBodyBytes};
use limits::Kind;
pub use limits::{DeviceLimits, KindLimits};
pub(crate) use origin::Encrypted;
pub use origin::TrustedProxies;
pub use pages::page_of;
pub use revisions::Revisions;
pub use state::AppState;
pub use streams::Streams;

/// Timeout of a request until its response begins. An event stream begins at once, and is not limited.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// All routes; without `dist` only the API.
pub fn router(state: AppState, dist: Option<&Path>) -> Router {
    let router = Router::new()
        .nest("/api", api(&state).with_state(state.clone()))
        .route("/livez", get(readiness::livez))
        .route("/readyz", get(readiness::readyz).with_state(state.clone()))
        .route("/healthz", get(readiness::healthz).with_state(state.clone()));
    let metrics = state.metrics;
    with_app(router, dist, pages::page_of, state.proxies).layer(from_fn_with_state(metrics, trace::observe))
}

/// Adds the app's files, if there are any, and what every response needs. `page_of` says which file is the page at an address.
fn with_app(
    router: Router,
    dist: Option<&Path>,
    page_of: fn(&str) -> Option<&'static str>,
    proxies: TrustedProxies,
) -> Router {
    let router = match dist {
        Some(dist) => router.merge(assets::router(dist, page_of)),
        None => {
            router.fallback(|| async { (StatusCode::NOT_FOUND, "This server serves no app, only /api.") })
        }
    };
    router
        .layer(from_fn(assets::secured))
        .layer(from_fn_with_state(proxies, origin::identify))
        // Its messages belong to the request's own span.
        .layer(TraceLayer::new_for_http().make_span_with(|_: &Request| Span::current()))
}

/// The routes below `/api`, and the document that describes them: both are of this one list.
fn api(state: &AppState) -> Router<AppState> {
    let admit = |kind| from_fn_with_state((state.clone(), kind), admission::admit);
    let reads = OpenApiRouter::new()
        .routes(routes!(enrol::sign_out))
        .routes(routes!(lots::unavailable))
        .routes(routes!(products::by_id))
        .routes(routes!(products::history))
        .routes(routes!(products::by_barcode))
        .routes(routes!(products::by_lot_code))
        .routes(routes!(enrol::device))
        .route_layer(admit(Kind::Read));
    let strangers = MaxBodyBytes(MAX_STRANGERS_BODY_BYTES);
    let (routes, described) = OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(sync::sync)).route_layer(admit(Kind::Sync)))
        .merge(OpenApiRouter::new().routes(routes!(audit::audit)).route_layer(admit(Kind::Audit)))
        .merge(OpenApiRouter::new().routes(routes!(events::events)).route_layer(admit(Kind::Stream)))
        .merge(OpenApiRouter::new().routes(routes!(enrol::enrol)).layer(Extension(strangers)))
        .merge(reads)
        .merge(v1::routes(state))
        .merge(office::routes(state))
        .routes(routes!(openapi::document))
        .split_for_parts();
    let routes = routes
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(Extension(openapi::Document::of(described)))
        .layer(from_fn_with_state(state.clone(), session::renew));
    with_api_layers(routes, HeaderRule { name: NAMES.header, except: Some("/v1/") })
}

/// Adds the layers of every API: limits, compression, and a body for each refusal. Requests that change something need
/// a header by `rule`.
fn with_api_layers<S: Clone + Send + Sync + 'static>(routes: Router<S>, rule: HeaderRule) -> Router<S> {
    routes
        .layer(RequestDecompressionLayer::new())
        .layer(from_fn_with_state(BodyBudget::default(), body::count_packed))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(from_fn(move |request, next| auth::require_header(rule, request, next)))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(errors::with_body))
        .layer(map_response(not_stored))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
