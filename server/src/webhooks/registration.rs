//! The parts of a new webhook: a URL that can be used, an id and a secret.

use axum::http::Uri;
use data_encoding::BASE64;
use sync::UnixMillis;

use crate::random;
use crate::store::StoreFault;
use crate::store::webhooks::{EventKind, NewWebhook, Secret};

const MAX_URL_CHARS: usize = 2_000;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;
/// The beginning of a secret, by which tools know what it is.
pub(super) const SECRET_PREFIX: &str = "whsec_";

/// A URL that no webhook can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The URL \"{0}\" cannot be used: it must begin with https:// or http://, name a host, have no user, password or fragment, \
     and at most {MAX_URL_CHARS} ASCII characters."
)]
pub struct BadUrl(String);

/// A webhook with a new secret that is told these events of `site`.
///
/// # Errors
/// [`BadUrl`].
pub fn new_webhook(
    site: &str,
    url: &str,
    kinds: &[EventKind],
    now: UnixMillis,
) -> Result<Result<NewWebhook, BadUrl>, StoreFault> {
    let Some(url) = usable(url) else { return Ok(Err(BadUrl(url.to_owned()))) };
    let secret = format!("{SECRET_PREFIX}{}", BASE64.encode(&random::bytes::<SECRET_BYTES>()?));
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let (site, secret) = (site.to_owned(), Secret::new(secret));
    Ok(Ok(NewWebhook { site, id: random::uuid()?, url, secret, kinds, now }))
}

/// The URL as it is stored. Addresses of private networks are allowed: whoever can create a webhook has the database, and the
/// system that is told often stands beside the server.
fn usable(text: &str) -> Option<String> {
    let url = text.parse::<Uri>().ok().filter(|_| text.is_ascii() && text.len() <= MAX_URL_CHARS)?;
    let is_plain = !text.contains('#') && !url.authority()?.as_str().contains('@');
    let is_http = matches!(url.scheme_str(), Some("http" | "https")) && !url.host()?.is_empty();
    (is_plain && is_http).then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(url: &str) -> Result<NewWebhook, BadUrl> {
        let kinds = [EventKind::OrderBooked, EventKind::ProductChanged, EventKind::OrderBooked];
        new_webhook("main", url, &kinds, UnixMillis(1)).expect("random numbers")
    }

    #[test]
    fn a_webhook_has_a_secret_of_its_own() {
        let [first, second] =
            [(); 2].map(|()| created("https://erp.example/hook?site=1").expect("a webhook"));
        assert_eq!(first.url, "https://erp.example/hook?site=1");
        assert_eq!(first.kinds, [EventKind::ProductChanged, EventKind::OrderBooked]);
        assert_ne!((first.id, first.secret.expose()), (second.id, second.secret.expose()));
        let key = first.secret.expose().strip_prefix("whsec_").expect("its prefix");
        assert_eq!(BASE64.decode(key.as_bytes()).expect("Base64").len(), 32);
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_in_one_sentence() {
        for url in ["http://10.0.0.7:8069/hook", "http://localhost/", "https://[fe80::1]/x"] {
            assert!(created(url).is_ok(), "{url}");
        }
        let long = format!("https://erp.example/{}", "x".repeat(MAX_URL_CHARS));
        for url in [
            "",
            "erp.example/hook",
            "ftp://erp.example",
            "https://",
            "https://ada:pw@erp.example",
            "https://a/#b",
            "https://\u{e4}.example",
            &long,
        ] {
            assert_eq!(created(url).map(drop), Err(BadUrl(url.to_owned())), "{url}");
        }
        assert_eq!(
            BadUrl("x".to_owned()).to_string(),
            "The URL \"x\" cannot be used: it must begin with https:// or http://, name a host, have no user, password or \
             fragment, and at most 2000 ASCII characters."
        );
    }
}
