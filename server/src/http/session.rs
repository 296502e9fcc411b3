//! The cookie of a device: `__Host-` and `Secure` over HTTPS, plain over HTTP, and renewed in use.
//!
//! Its value is the token and the day it was set, `TOKEN.DAY`, with days since 1970. The day only tells when a cookie is
//! due for renewal: browsers end cookies after 400 days.

use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use sync::UnixMillis;

use super::origin::Origin;
use super::state::AppState;

/// The cookie over HTTPS. Browsers accept the prefix from this host alone, so that no sibling domain can set it.
const SECURE_COOKIE: &str = "__Host-lotbook_device";
/// The cookie over HTTP, and that of earlier builds.
const PLAIN_COOKIE: &str = "lotbook_device";
/// Lifetime of the cookie: the longest that browsers allow.
const COOKIE_LIFE_SECONDS: u64 = 400 * 24 * 60 * 60;
/// Age from which a cookie is renewed.
const RENEWAL_DAYS: u64 = 7;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
/// Cookies of one request that are tried: another site of the domain may have set one of the same name.
const MAX_COOKIES_TRIED: usize = 4;

/// A cookie of a device in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceCookie {
    /// The token.
    pub(super) token: String,
    is_secure: bool,
    /// The day it was set; none in cookies of earlier builds.
    set_on: Option<i64>,
}

impl DeviceCookie {
    /// Whether a response should set it again.
    pub(super) fn is_due(&self, origin: Origin, now: UnixMillis) -> bool {
        if self.is_secure && !origin.is_https {
            // The proxy does not tell the scheme any more: a plain cookie would be a step back.
            return false;
        }
        let is_plain_over_https = self.is_secure != origin.is_https;
        is_plain_over_https || self.set_on.is_none_or(|day| day_of(now).abs_diff(day) >= RENEWAL_DAYS)
    }
}

/// The cookies of devices in a request, the secure ones first, each token once.
pub(super) fn cookies(headers: &HeaderMap) -> Vec<DeviceCookie> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut cookies: Vec<DeviceCookie> = Vec::new();
    for (name, value) in pairs {
        let is_secure = name == SECURE_COOKIE;
        if !is_secure && name != PLAIN_COOKIE {
            continue;
        }
        let (token, day) = value.split_once('.').unwrap_or((value, ""));
        let cookie = DeviceCookie { token: token.to_owned(), is_secure, set_on: day.parse().ok() };
        cookies.push(cookie);
    }
    cookies.sort_by_key(|cookie| !cookie.is_secure);
    cookies.dedup_by(|later, earlier| later.token == earlier.token);
    cookies.truncate(MAX_COOKIES_TRIED);
    cookies
}

/// The `Set-Cookie` lines that give a device its token; a cookie of the other name is removed.
pub(super) fn set(origin: Origin, token: &str, now: UnixMillis) -> Vec<HeaderValue> {
    let value = format!("{token}.{}", day_of(now));
    let lines = if origin.is_https {
        vec![line(SECURE_COOKIE, &value, COOKIE_LIFE_SECONDS), line(PLAIN_COOKIE, "", 0)]
    } else {
        vec![line(PLAIN_COOKIE, &value, COOKIE_LIFE_SECONDS)]
    };
    lines.into_iter().flatten().collect()
}

/// The `Set-Cookie` lines that remove every cookie of a device.
pub(super) fn removed() -> Vec<HeaderValue> {
    [PLAIN_COOKIE, SECURE_COOKIE].into_iter().filter_map(|name| line(name, "", 0)).collect()
}

fn line(name: &str, value: &str, life_seconds: u64) -> Option<HeaderValue> {
    let secure = if name == SECURE_COOKIE { "; Secure" } else { "" };
    let line = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={life_seconds}{secure}");
    HeaderValue::try_from(line).ok()
}

fn day_of(now: UnixMillis) -> i64 {
    now.0.div_euclid(MILLIS_A_DAY)
}

/// Where the handler of a request leaves the token whose cookie is due.
#[derive(Clone, Debug, Default)]
pub(super) struct DueCookie(Arc<OnceLock<String>>);

impl DueCookie {
    /// Leaves the token.
    pub(super) fn leave(&self, token: &str) {
        // One request has one caller.
        let _ = self.0.set(token.to_owned());
    }
}

/// Renews the cookie with the response, if it is due and the response sets none.
pub(super) async fn renew(
    State(state): State<AppState>,
    origin: Origin,
    mut request: Request,
    next: Next,
) -> Response {
    let due = DueCookie::default();
    request.extensions_mut().insert(due.clone());
    let mut response = next.run(request).await;
    if let Some(token) = due.0.get()
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        for line in set(origin, token, state.clock.now()) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&'static str]) -> Vec<(String, bool, Option<i64>)> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        cookies(&headers).into_iter().map(|cookie| (cookie.token, cookie.is_secure, cookie.set_on)).collect()
    }

    #[test]
    fn cookies_of_both_names_are_read_and_bounded() {
        let both =
            read(&["a=b; lotbook_device=old; __Host-lotbook_device=new.20000", "lotbook_device=other.7"]);
        let expected = [("new", true, Some(20_000)), ("old", false, None), ("other", false, Some(7))]
            .map(|(token, is, day)| (token.to_owned(), is, day));
        assert_eq!(both, expected);
        let many = "lotbook_device=1; lotbook_device=2; lotbook_device=3; lotbook_device=4; lotbook_device=5";
        assert_eq!(read(&[many]).len(), MAX_COOKIES_TRIED);
    }

    #[test]
    fn a_cookie_is_due_after_a_week_or_under_the_name_of_the_other_scheme() {
        let origin = |is_https| Origin { address: std::net::Ipv4Addr::LOCALHOST.into(), is_https };
        let cookie = |is_secure, set_on| DeviceCookie { token: "t".to_owned(), is_secure, set_on };
        let now = UnixMillis(20_000 * MILLIS_A_DAY + 5);
        for (cookie, is_https, is_due) in [
            (cookie(true, Some(20_000)), true, false),
            (cookie(true, Some(19_994)), true, false),
            (cookie(true, Some(19_993)), true, true),
            (cookie(true, Some(i64::MIN)), true, true),
            (cookie(false, Some(20_000)), true, true),
            (cookie(false, None), false, true),
            (cookie(true, Some(0)), false, false),
            (cookie(false, Some(20_000)), false, false),
        ] {
            assert_eq!(cookie.is_due(origin(is_https), now), is_due, "{cookie:?}");
        }
    }
}
