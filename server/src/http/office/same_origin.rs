//! Refuses requests that change something and come from a page of another origin. The cookie is `SameSite=Strict` and the app's header is
//! needed as well: this holds where a page of a sibling domain could get around one of them.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::errors::ApiError;

const FETCH_SITE: &str = "sec-fetch-site";

/// Middleware.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if reads || is_same(request.headers(), host) {
        return next.run(request).await;
    }
    let message =
        "The request comes from a page of another site. Open the office at this server's own address.";
    ApiError::new(StatusCode::FORBIDDEN, "other_origin", message).into_response()
}

/// Whether the headers, which no script can set, say that the page is of this origin. A program sends neither of them.
fn is_same(headers: &HeaderMap, host: Option<&str>) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let authority = |origin: &str| Some(origin.parse::<Uri>().ok()?.authority()?.as_str().to_owned());
    let origin = origin.to_str().ok().and_then(authority);
    origin.is_some_and(|origin| host.is_some_and(|host| origin.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_page_of_another_origin_is_told_by_what_its_browser_says() {
        let said = |site: Option<&'static str>, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            site.map(|site| headers.insert(FETCH_SITE, HeaderValue::from_static(site)));
            origin.map(|origin| headers.insert(header::ORIGIN, HeaderValue::from_static(origin)));
            is_same(&headers, Some("stock.example:8080"))
        };
        assert!(said(Some("same-origin"), Some("https://stock.example:8080")));
        assert!(said(Some("same-origin"), None) && said(None, None));
        assert!(said(None, Some("http://Stock.example:8080")));
        for site in ["same-site", "cross-site", "none"] {
            assert!(!said(Some(site), Some("https://stock.example:8080")), "{site}");
        }
        for origin in [
            "null",
            "https://evil.example",
            "https://stock.example",
            "https://stock.example:8080.evil.example",
        ] {
            assert!(!said(None, Some(origin)), "{origin}");
        }
    }
}
