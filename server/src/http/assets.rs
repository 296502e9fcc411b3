//! The built app's files: precompressed, and immutable for caches where the name contains the content's hash.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

/// The content security policy of pages and of the service worker.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; \
     worker-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
/// Minimum number of hexadecimal digits of a content hash in a file name.
const MIN_HASH_DIGITS: usize = 16;
const FOREVER: &str = "public, max-age=31536000, immutable";

pub(super) fn router(dist: &Path) -> Router {
    Router::new().route(sync::SIGN_IN_PATH, get(back)).fallback(serve).with_state(dist.to_owned())
}

/// Redirects to the app: a request gets here when a proxy has let it pass after a sign-in, or when there is no proxy.
async fn back() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Redirect::to("/"))
}

async fn serve(State(dist): State<PathBuf>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/api" || path.starts_with("/api/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = is_navigation(&request).then(|| page_request(&request));
    let files = ServeDir::new(&dist).precompressed_br().precompressed_gzip();
    let Ok(found) = files.oneshot(request).await;
    let mut response = match page {
        Some(page) if found.status() == StatusCode::NOT_FOUND => {
            let index = ServeFile::new(dist.join("index.html")).precompressed_br().precompressed_gzip();
            let Ok(index) = index.oneshot(page).await;
            index.map(Body::new)
        }
        _ => found.map(Body::new),
    };
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        let caching = if is_hashed(&path) { FOREVER } else { "no-cache" };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    response
}

/// Whether the request is for a page of the app, which the app's router handles. A missing file must not be
/// answered with a page.
fn is_navigation(request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    reads && !name.contains('.')
}

fn page_request(request: &Request) -> Request {
    let mut page = Request::new(Body::empty());
    page.method_mut().clone_from(request.method());
    page.headers_mut().clone_from(request.headers());
    page
}

fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_hash =
        |part: &str| part.len() >= MIN_HASH_DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    // `name-0123456789abcdef.wasm`: the hash ends where the extension begins.
    name.split('.').rev().skip(1).any(|stem| stem.rsplit('-').next().is_some_and(is_hash))
}

/// Adds the security headers to every response. The worker's script needs them as well: it runs under its own
/// policy.
pub(super) async fn secured(mut response: Response) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_content_addressed_names_are_immutable() {
        for hashed in [
            "/app-0123456789abcdef.js",
            "/snippets/a-0123456789abcdef0_bg.wasm",
            "/x-0123456789ABCDEF.css.br",
        ] {
            assert_eq!(is_hashed(hashed), !hashed.contains("_bg"), "{hashed}");
        }
        for plain in ["/index.html", "/sw.js", "/manifest.json", "/app-cafe.js", "/", "/0123456789abcdef"] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }
}
