//! Tokens of Supabase: they read, and connect devices.

use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD as BASE64;
use domain::DeviceAnswer;
use reqwest::{Client, Response};
use ring::hmac;
use serde_json::{Value, json};
use server::supabase::{DEFAULT_CLAIM, SupabaseOptions};
use tests::TestServer;
use uuid::Uuid;

use crate::{lot, post, receive, vinegar};

const URL: &str = "https://project.supabase.example";
const SECRET: &str = "a secret of the project that nobody guesses";
const HOUR_SECONDS: i64 = 3_600;

async fn server() -> Result<TestServer> {
    let claim = DEFAULT_CLAIM.parse().map_err(anyhow::Error::msg)?;
    TestServer::start_for(SupabaseOptions { url: URL.to_owned(), secret: Some(SECRET.to_owned()), claim })
        .await
}

/// The token of somebody at these sites.
fn token(server: &TestServer, sites: &Value, secret: &str) -> String {
    let exp = server.clock().now().0 / 1_000 + HOUR_SECONDS;
    let claims = json!({
        "iss": format!("{URL}/auth/v1"), "sub": Uuid::from_u128(0xADA), "aud": "authenticated", "role": "authenticated",
        "exp": exp, "app_metadata": { "sites": sites },
    });
    let part = |value: &Value| BASE64.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.as_ref()))
}

async fn get(server: &TestServer, token: &str, path: &str) -> Result<(u16, Value)> {
    answered(Client::new().get(format!("{}{path}", server.url()?)).bearer_auth(token).send().await?).await
}

async fn answered(response: Response) -> Result<(u16, Value)> {
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(&response.bytes().await?)?))
}

async fn enrol(server: &TestServer, token: &str, body: &Value) -> Result<(u16, Value)> {
    answered(post(server, token, "/api/enrol", body.to_string().into_bytes()).await?).await
}

#[tokio::test]
async fn a_person_reads_the_sites_that_the_token_names() -> Result<()> {
    let server = server().await?;
    let device = server.device("Ada", "available").await?;
    device.record(domain::Action::CreateProduct(vinegar())).await?;
    device.record(receive(&lot(&vinegar(), "A-1"), 10)).await?;
    device.sync(&server).await?;
    server.store()?.ensure_site("north").await?;
    let (one, two, other) = (
        token(&server, &json!(["main"]), SECRET),
        token(&server, &json!(["main", "north"]), SECRET),
        token(&server, &json!("north"), SECRET),
    );
    let product = format!("/api/products/{}", vinegar().id);
    let paths = [
        product.clone(),
        format!("{product}/history"),
        "/api/products/by-barcode/7622210434593".to_owned(),
        "/api/lots/by-code/L1".to_owned(),
        "/api/lots/unavailable".to_owned(),
    ];
    for path in &paths {
        assert_eq!(get(&server, &one, path).await?.0, 200, "{path}");
        assert_eq!(get(&server, &two, &format!("{path}?site=main")).await?.0, 200, "{path}");
        let (status, body) = get(&server, &two, path).await?;
        assert_eq!((status, &body["code"]), (400, &json!("site_needed")), "{path}: {body}");
        let (status, body) = get(&server, &other, &format!("{path}?site=main")).await?;
        assert_eq!((status, &body["code"]), (403, &json!("not_of_site")), "{path}: {body}");
        let (status, body) =
            get(&server, &token(&server, &json!(["main"]), &SECRET.replace('a', "b")), path).await?;
        assert_eq!((status, &body["code"]), (401, &json!("bad_token")), "{path}: {body}");
    }
    assert_eq!(get(&server, &other, &product).await?.0, 404, "a product of another site");
    // What takes a device takes no person.
    for path in ["/api/device", "/api/events"] {
        let (status, body) = get(&server, &one, path).await?;
        assert_eq!((status, &body["code"]), (403, &json!("device_needed")), "{path}: {body}");
    }
    for path in ["/api/sync", "/api/audit", "/api/sign-out"] {
        let (status, body) = answered(post(&server, &one, path, b"{}".to_vec()).await?).await?;
        assert_eq!((status, &body["code"]), (403, &json!("device_needed")), "{path}: {body}");
    }
    server.clock().advance((HOUR_SECONDS + 100) * 1_000);
    assert_eq!(get(&server, &one, &product).await?.0, 401, "an hour later");
    Ok(())
}

#[tokio::test]
async fn a_token_connects_devices_to_its_sites() -> Result<()> {
    let server = server().await?;
    server.store()?.ensure_site("north").await?;
    let of_north = token(&server, &json!(["north"]), SECRET);
    let body = json!({ "device_name": "Ada's phone", "bearer": true });
    let (status, answer) = enrol(&server, &of_north, &body).await?;
    assert_eq!(status, 200, "{answer}");
    let device: DeviceAnswer = serde_json::from_value(answer)?;
    assert_eq!(
        (device.site.as_str(), device.name.as_str(), device.prefix.as_str()),
        ("north", "Ada's phone", "D01")
    );
    let own = device.token.context("a token")?;
    assert_eq!(get(&server, &own, "/api/device").await?.0, 200);

    let elsewhere = json!({ "site": "main", "bearer": true });
    let (status, body) = enrol(&server, &of_north, &elsewhere).await?;
    assert_eq!((status, &body["code"]), (403, &json!("not_of_site")), "{body}");
    let of_two = token(&server, &json!(["main", "north"]), SECRET);
    let (status, body) = enrol(&server, &of_two, &json!({ "bearer": true })).await?;
    assert_eq!((status, &body["code"]), (400, &json!("site_needed")), "{body}");
    assert_eq!(enrol(&server, &of_two, &elsewhere).await?.0, 200);
    let (status, body) = enrol(&server, &token(&server, &json!("nowhere"), SECRET), &json!({})).await?;
    assert_eq!((status, &body["code"]), (403, &json!("unknown_site")), "{body}");
    // A code counts for itself.
    let (status, body) = enrol(&server, &of_north, &json!({ "code": "AAAAAAAAAA" })).await?;
    assert_eq!((status, &body["code"]), (403, &json!("bad_code")), "{body}");

    let forged = token(&server, &json!(["main"]), &SECRET.replace('a', "b"));
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(enrol(&server, &forged, &json!({})).await?.0);
    }
    assert!(statuses.contains(&401) && statuses.ends_with(&[429]), "{statuses:?}");
    Ok(())
}

#[tokio::test]
async fn a_server_that_knows_no_project_accepts_no_token() -> Result<()> {
    let server = TestServer::start().await?;
    let token = token(&server, &json!(["main"]), SECRET);
    let (status, body) = get(&server, &token, "/api/lots/unavailable").await?;
    assert_eq!((status, &body["code"]), (401, &json!("sign_in_needed")), "{body}");
    assert_eq!(enrol(&server, &token, &json!({})).await?.0, 403);
    Ok(())
}
