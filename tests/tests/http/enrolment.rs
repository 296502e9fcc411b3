//! Enrolment of devices, and the device answer: name, prefix, token.

use anyhow::{Context, Result};
use domain::DeviceAnswer;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use server::enrolment::{CODE_LIFE_MILLIS, new_code};
use server::http::TrustedProxies;
use tests::TestServer;

async fn code(server: &TestServer, name: &str) -> Result<String> {
    Ok(new_code(server.store()?, DEFAULT_SITE, name, server.clock().now()).await?)
}

async fn enrol(server: &TestServer, body: &Value) -> Result<Response> {
    let post = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
    Ok(post.body(body.to_string()).send().await?)
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_no_script_can_read() -> Result<()> {
    let server = TestServer::start().await?;
    let code = code(&server, "Aisle 4").await?;
    let spelled = format!(" {}-{} ", &code[..5].to_lowercase(), &code[5..]);
    let post = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
    let response = post.body(json!({ "code": spelled }).to_string()).send().await?;
    assert_eq!(response.status(), 200);
    let cookie = response.headers().get("set-cookie").context("a cookie")?.to_str()?.to_owned();
    for part in ["lotbook_device=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"] {
        assert!(cookie.contains(part), "{cookie} lacks {part}");
    }
    let answer: DeviceAnswer = serde_json::from_slice(&response.bytes().await?)?;
    assert_eq!(
        (answer.name.as_str(), answer.prefix.as_str(), answer.token.as_ref()),
        ("Aisle 4", "D01", None)
    );

    let pair = cookie.split(';').next().context("a pair")?;
    let ask = Client::new().get(format!("{}/api/device", server.url()?)).header("cookie", pair);
    let again: DeviceAnswer = serde_json::from_slice(&ask.send().await?.bytes().await?)?;
    assert_eq!(again, answer);
    Ok(())
}

#[tokio::test]
async fn a_code_works_once_and_for_a_day() -> Result<()> {
    let server = TestServer::start().await?;
    let (first, second) = (code(&server, "").await?, code(&server, "").await?);
    let body = |code: &str| json!({ "code": code, "device_name": "Forklift", "bearer": true });
    let answer: DeviceAnswer = serde_json::from_slice(&enrol(&server, &body(&first)).await?.bytes().await?)?;
    assert_eq!(answer.name, "Forklift");
    let token = answer.token.context("a token")?;
    assert_eq!(crate::number(&server, "SELECT length(token_hash) FROM devices")?, 32);
    assert_eq!(server.transport(&token).map(|_| ()).ok(), Some(()));
    assert_eq!(enrol(&server, &body(&first)).await?.status(), 403, "used already");
    server.clock().advance(i64::try_from(CODE_LIFE_MILLIS)? + 1);
    assert_eq!(enrol(&server, &body(&second)).await?.status(), 403, "too old");
    assert_eq!(enrol(&server, &json!({ "code": 5 })).await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() -> Result<()> {
    let server = TestServer::start().await?;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(enrol(&server, &json!({ "code": "AAAAAAAAAA" })).await?.status().as_u16());
    }
    assert!(statuses.starts_with(&[403; 30]), "{statuses:?}");
    assert!(statuses.ends_with(&[429]), "{statuses:?}");
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_own_attempts() -> Result<()> {
    let proxies = TrustedProxies::new(&["127.0.0.0/8".parse()?]);
    let server = TestServer::start_behind(None, proxies).await?;
    let attempt = async |client: &str, code: String| {
        let post = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
        let post = post.header("x-forwarded-for", client).body(json!({ "code": code }).to_string());
        anyhow::Ok(post.send().await?.status().as_u16())
    };
    let mut statuses = Vec::new();
    for at in 0..60 {
        statuses.push(attempt(&format!("2001:db8:1:2::{at:x}"), "AAAAAAAAAA".to_owned()).await?);
    }
    assert!(
        statuses.starts_with(&[403; 30]) && statuses.contains(&429),
        "one IPv6 network is one client: {statuses:?}"
    );
    for _ in 0..40 {
        assert_eq!(
            attempt("2001:db8:1:3::1", code(&server, "").await?).await?,
            200,
            "right codes do not count"
        );
    }
    Ok(())
}

#[tokio::test]
async fn each_device_gets_its_own_prefix_for_order_numbers() -> Result<()> {
    let server = TestServer::start().await?;
    let mut prefixes = Vec::new();
    for _ in 0..3 {
        let token = server.enrol().await?;
        let ask = Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(token);
        let answer: DeviceAnswer = serde_json::from_slice(&ask.send().await?.bytes().await?)?;
        prefixes.push(answer.prefix);
    }
    assert_eq!(prefixes, ["D01", "D02", "D03"]);
    Ok(())
}
