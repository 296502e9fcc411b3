//! Tells our server's answers from those of something in front of it. Pure.

use crate::protocol::{ErrorBody, OTHER_SITE};
use crate::transport::TransportError;

/// The path that leads to a sign-in page in front of the server. No worker answers it, and the server itself leads back
/// to the app.
pub const SIGN_IN_PATH: &str = "/sign-in";

/// The parts of an HTTP answer that tell our server from a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Whether it is a redirect that was not followed. Browsers hide its status.
    pub is_redirect: bool,
    /// The status.
    pub status: u16,
    /// The header `content-type`, or nothing.
    pub content_type: &'a str,
    /// The delay that the header `retry-after` asks for.
    pub retry_after_millis: Option<u64>,
    /// The body, or its beginning.
    pub body: &'a str,
}

impl Answer<'_> {
    /// The failure that the answer stands for; `None` for a success, whose body is still to be parsed. Only our server
    /// answers with an [`ErrorBody`], and it neither redirects requests nor answers them with pages.
    #[must_use]
    pub fn failure(&self) -> Option<TransportError> {
        let status = self.status;
        if self.is_redirect || matches!(status, 300..=399 | 511) {
            return Some(TransportError::SignInPage);
        }
        if matches!(status, 200..=299) {
            return self.is_page().then_some(TransportError::SignInPage);
        }
        let ours = serde_json::from_str::<ErrorBody>(self.body).ok();
        Some(match (status, ours) {
            (408 | 425 | 429 | 500..=510, _) => {
                TransportError::Busy { retry_after_millis: self.retry_after_millis }
            }
            (401 | 403, Some(_)) => TransportError::SignInNeeded,
            (426, Some(_)) => TransportError::UpgradeNeeded,
            (409, Some(ErrorBody { code, sites: Some(sites), .. })) if code == OTHER_SITE => {
                TransportError::OtherSite(sites)
            }
            (status, Some(body)) => TransportError::Refused { status, message: body.message },
            (401 | 403 | 407, None) => TransportError::SignInPage,
            (_, None) => TransportError::Garbled,
        })
    }

    /// Whether it is a page for people, whatever its header says.
    fn is_page(&self) -> bool {
        let start = self.body.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
        self.content_type.trim_start().to_ascii_lowercase().starts_with("text/html") || start.starts_with('<')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::OtherSite;

    const JSON: &str = "application/json";
    const HTML: &str = "text/html; charset=utf-8";
    const OURS: &str = r#"{"code":"any","message":"why"}"#;
    const PAGE: &str = "<!doctype html><title>Sign in</title>";

    fn answer<'a>(status: u16, content_type: &'a str, body: &'a str) -> Answer<'a> {
        Answer { is_redirect: false, status, content_type, retry_after_millis: None, body }
    }

    fn failure(status: u16, content_type: &str, body: &str) -> Option<TransportError> {
        answer(status, content_type, body).failure()
    }

    #[test]
    fn a_sign_in_page_is_recognised_in_all_its_forms() {
        let hidden = Answer { is_redirect: true, ..answer(0, "", "") };
        assert_eq!(hidden.failure(), Some(TransportError::SignInPage));
        for (status, content_type, body) in [
            (302, HTML, ""),
            (307, "", ""),
            (200, HTML, PAGE),
            (200, "TEXT/HTML", ""),
            (200, "", PAGE),
            (200, JSON, "\u{feff}\r\n <html>"),
            (203, HTML, PAGE),
            (401, HTML, PAGE),
            (401, JSON, r#"{"error":"unauthorized"}"#),
            (401, "", ""),
            (403, "text/plain", "Forbidden"),
            (407, HTML, PAGE),
            (511, HTML, PAGE),
            (511, JSON, OURS),
        ] {
            assert_eq!(
                failure(status, content_type, body),
                Some(TransportError::SignInPage),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn our_own_answers_are_not_taken_for_a_sign_in_page() {
        assert_eq!(failure(200, JSON, r#"{"note":"<b>"}"#), None);
        assert_eq!(failure(204, "", ""), None);
        assert_eq!(failure(401, JSON, OURS), Some(TransportError::SignInNeeded));
        assert_eq!(failure(403, JSON, OURS), Some(TransportError::SignInNeeded));
        assert_eq!(failure(426, JSON, OURS), Some(TransportError::UpgradeNeeded));
        for status in [400, 409] {
            let refused = TransportError::Refused { status, message: "why".to_owned() };
            assert_eq!(failure(status, JSON, OURS), Some(refused));
        }
        let of_another = r#"{"code":"other_site","message":"why","sites":{"held":"north","asked":"south"}}"#;
        let sites = OtherSite { held: "north".to_owned(), asked: "south".to_owned() };
        assert_eq!(failure(409, JSON, of_another), Some(TransportError::OtherSite(sites)));
    }

    #[test]
    fn a_gateway_without_its_server_is_busy_and_a_cut_answer_is_garbled() {
        let busy = TransportError::Busy { retry_after_millis: None };
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(failure(status, HTML, PAGE), Some(busy.clone()), "{status}");
        }
        let later = Answer { retry_after_millis: Some(9_000), ..answer(503, JSON, "") };
        assert_eq!(later.failure(), Some(TransportError::Busy { retry_after_millis: Some(9_000) }));
        for status in [400, 404, 426] {
            assert_eq!(failure(status, HTML, PAGE), Some(TransportError::Garbled), "{status}");
        }
    }
}
