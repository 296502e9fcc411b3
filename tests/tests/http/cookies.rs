//! The cookie of a device: its name and attributes, its renewal, and cookies that somebody else has set.

use anyhow::{Context, Result};
use reqwest::{Client, Response};
use server::DEFAULT_SITE;
use server::enrolment::new_code;
use server::http::TrustedProxies;
use tests::TestServer;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
const HTTPS: (&str, &str) = ("x-forwarded-proto", "https");

/// A server behind a proxy on this machine.
async fn behind_a_proxy() -> Result<TestServer> {
    TestServer::start_behind(None, TrustedProxies::new(&["127.0.0.0/8".parse()?])).await
}

async fn enrol(server: &TestServer, headers: &[(&str, &str)]) -> Result<Vec<String>> {
    let code = new_code(server.store()?, DEFAULT_SITE, "", server.clock().now()).await?;
    let mut post = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
    for (name, value) in headers {
        post = post.header(*name, *value);
    }
    let response = post.body(serde_json::json!({ "code": code }).to_string()).send().await?;
    assert_eq!(response.status(), 200);
    set_cookies(&response)
}

fn set_cookies(response: &Response) -> Result<Vec<String>> {
    let lines = response.headers().get_all("set-cookie").into_iter();
    lines.map(|line| Ok(line.to_str()?.to_owned())).collect()
}

/// Asks who the device is, with these cookies.
async fn ask(server: &TestServer, cookies: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let mut get = Client::new().get(format!("{}/api/device", server.url()?)).header("cookie", cookies);
    for (name, value) in headers {
        get = get.header(*name, *value);
    }
    Ok(get.send().await?)
}

fn pair(line: &str) -> Result<&str> {
    line.split(';').next().context("a pair")
}

#[tokio::test]
async fn over_https_the_cookie_is_of_this_host_alone() -> Result<()> {
    let server = behind_a_proxy().await?;
    let lines = enrol(&server, &[HTTPS]).await?;
    let [secure, removed] = &lines[..] else { panic!("{lines:?}") };
    for part in [
        "__Host-lotbook_device=",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/",
        "; Max-Age=34560000",
        "; Secure",
    ] {
        assert!(secure.contains(part), "{secure} lacks {part}");
    }
    assert!(!secure.contains("Domain"), "{secure}");
    assert!(removed.starts_with("lotbook_device=;") && removed.contains("Max-Age=0"), "{removed}");
    let answer = ask(&server, pair(secure)?, &[HTTPS]).await?;
    assert_eq!((answer.status().as_u16(), set_cookies(&answer)?), (200, Vec::new()));
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    assert!(answer.headers()["permissions-policy"].to_str()?.starts_with("camera=(self), microphone=()"));

    let plain = enrol(&server, &[]).await?;
    assert!(
        plain.len() == 1 && plain[0].starts_with("lotbook_device=") && !plain[0].contains("Secure"),
        "{plain:?}"
    );
    let answer = ask(&server, pair(&plain[0])?, &[]).await?;
    assert!(answer.status() == 200 && !answer.headers().contains_key("strict-transport-security"));
    Ok(())
}

#[tokio::test]
async fn a_stranger_cannot_claim_https() -> Result<()> {
    let server = TestServer::start().await?;
    let lines = enrol(&server, &[HTTPS]).await?;
    assert!(lines.len() == 1 && !lines[0].contains("Secure"), "{lines:?}");
    Ok(())
}

#[tokio::test]
async fn a_cookie_of_an_earlier_build_is_accepted_and_replaced() -> Result<()> {
    let server = behind_a_proxy().await?;
    let earlier = format!("lotbook_device={}", server.enrol().await?);
    let answer = ask(&server, &earlier, &[HTTPS]).await?;
    assert_eq!(answer.status(), 200);
    let lines = set_cookies(&answer)?;
    assert!(
        lines[0].starts_with("__Host-lotbook_device=") && lines[1].starts_with("lotbook_device=;"),
        "{lines:?}"
    );
    assert_eq!(ask(&server, pair(&lines[0])?, &[HTTPS]).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn a_cookie_in_use_is_renewed_before_browsers_end_it() -> Result<()> {
    let server = TestServer::start().await?;
    let mut cookie = pair(&enrol(&server, &[]).await?[0])?.to_owned();
    for days in [6, 400, 400] {
        server.clock().advance(days * DAY_MILLIS);
        let answer = ask(&server, &cookie, &[]).await?;
        assert_eq!(answer.status(), 200);
        let lines = set_cookies(&answer)?;
        assert_eq!(lines.len(), usize::from(days > 7), "{lines:?}");
        if let Some(line) = lines.first() {
            assert!(line.contains("Max-Age=34560000"), "{line}");
            cookie = pair(line)?.to_owned();
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_second_cookie_of_the_name_does_no_harm() -> Result<()> {
    let server = TestServer::start().await?;
    let own = pair(&enrol(&server, &[]).await?[0])?.to_owned();
    for cookies in
        [format!("lotbook_device=bad; {own}"), format!("lotbook_device=; a=b; {own}; lotbook_device=worse")]
    {
        assert_eq!(ask(&server, &cookies, &[]).await?.status(), 200, "{cookies}");
    }
    let many = "lotbook_device=bad; ".repeat(1_000);
    assert_eq!(ask(&server, many.trim_end_matches("; "), &[]).await?.status(), 401);
    Ok(())
}
