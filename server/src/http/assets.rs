//! The built app's files: precompressed, and immutable for caches where the name contains the content's hash.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use super::origin::Origin;

/// The content security policy of pages and of the service worker.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; \
     worker-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
/// Minimum number of hexadecimal digits of a content hash in a file name.
const MIN_HASH_DIGITS: usize = 16;
/// Bytes of a content's hash in its tag.
const TAG_BYTES: usize = 16;
/// Maximum size of a file whose name does not contain its hash: it is read into memory, to be compared by content.
const MAX_TAGGED_BYTES: usize = 8 * 1024 * 1024;
/// The app uses the camera and the clipboard, and keeps the screen on.
const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), \
     bluetooth=(), midi=(), display-capture=()";
const FOREVER: &str = "public, max-age=31536000, immutable";

#[derive(Clone, Debug)]
struct App {
    dist: PathBuf,
    page_of: fn(&str) -> Option<&'static str>,
}

pub(super) fn router(dist: &Path, page_of: fn(&str) -> Option<&'static str>) -> Router {
    let app = App { dist: dist.to_owned(), page_of };
    Router::new().route(sync::SIGN_IN_PATH, get(back)).fallback(serve).with_state(app)
}

/// Redirects to the app: a request gets here when a proxy has let it pass after a sign-in, or when there is no proxy.
async fn back() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Redirect::to("/"))
}

async fn serve(State(App { dist, page_of }): State<App>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/api" || path.starts_with("/api/") || path.starts_with("//") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = page_of(&path).filter(|_| is_navigation(&request));
    let page = page.map(|page| (page, file_request(&request, Uri::default())));
    let file = file_request(&request, request.uri().clone());
    let files = ServeDir::new(&dist).append_index_html_on_directories(false);
    let Ok(found) = files.precompressed_br().precompressed_gzip().oneshot(file).await;
    let found = match page {
        Some((page, request)) if found.status() == StatusCode::NOT_FOUND => {
            let page = ServeFile::new(dist.join(page)).precompressed_br().precompressed_gzip();
            let Ok(page) = page.oneshot(request).await;
            page.map(Body::new)
        }
        _ => found.map(Body::new),
    };
    if !found.status().is_success() {
        return found;
    }
    answer(found, Asked::of(&request)).await
}

/// What a request says about the file that the client has.
struct Asked {
    path: String,
    is_head: bool,
    known_tags: Vec<String>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let lines = request.headers().get_all(header::IF_NONE_MATCH).into_iter();
        let tags = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        Self {
            path: request.uri().path().to_owned(),
            is_head: *request.method() == Method::HEAD,
            known_tags: tags.map(|tag| tag.trim().to_owned()).collect(),
        }
    }

    /// Whether the client's copy has this tag. The comparison is the weak one, which proxies that repack files rely on.
    fn has(&self, tag: &str) -> bool {
        self.known_tags.iter().any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    }
}

/// Whether the request is for a page of the app, which the app's router handles. A missing file must not be
/// answered with a page.
fn is_navigation(request: &Request) -> bool {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    reads && !name.contains('.')
}

/// A request for the whole file, whatever the client has: only the content tells whether that is current. A part of a file
/// may be one of another build's.
fn file_request(request: &Request, uri: Uri) -> Request {
    let mut file = Request::new(Body::empty());
    // With its body, because the body is what is compared.
    file.method_mut().clone_from(if *request.method() == Method::HEAD {
        &Method::GET
    } else {
        request.method()
    });
    *file.uri_mut() = uri;
    if let Some(accepted) = request.headers().get(header::ACCEPT_ENCODING) {
        file.headers_mut().insert(header::ACCEPT_ENCODING, accepted.clone());
    }
    file
}

/// Adds a tag of the content to a file, and answers with 304 if the client has it.
async fn answer(found: Response, asked: Asked) -> Response {
    let (mut head, body) = found.into_parts();
    let encoding = head.headers.get(header::CONTENT_ENCODING).and_then(|encoding| encoding.to_str().ok());
    let encoding = encoding.unwrap_or("identity");
    let is_immutable = is_hashed(&asked.path);
    let (tag, body) = if is_immutable {
        // The name contains the hash of the content.
        (hex_of(&[asked.path.as_bytes(), encoding.as_bytes()]), body)
    } else {
        let Ok(bytes) = to_bytes(body, MAX_TAGGED_BYTES).await else {
            tracing::error!(asked.path, "a file cannot be read, or is too large to be served");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        (hex_of(&[&bytes]), Body::from(bytes))
    };
    let tag = format!("\"{tag}\"");
    let caching = if is_immutable { FOREVER } else { "no-cache" };
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    head.headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    head.headers.remove(header::ACCEPT_RANGES);
    // A build may have the times of an earlier one.
    head.headers.remove(header::LAST_MODIFIED);
    let is_current = asked.has(&tag);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        head.headers.insert(header::ETAG, tag);
    }
    if is_current {
        head.status = StatusCode::NOT_MODIFIED;
        for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            head.headers.remove(name);
        }
    }
    let is_empty = is_current || asked.is_head;
    Response::from_parts(head, if is_empty { Body::empty() } else { body })
}

fn hex_of(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    HEXLOWER.encode(&digest.finalize()[..TAG_BYTES])
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
pub(super) async fn secured(origin: Origin, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if origin.is_https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
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
