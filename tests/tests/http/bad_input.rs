//! Invalid requests are answered with a status, a code and a message, never with a 500.

use std::io::Write as _;

use anyhow::Result;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use sync::ErrorBody;
use tests::TestServer;
use uuid::Uuid;

use crate::{lot, mutation, pick, post, stocked, sync_body, vinegar};

async fn expect(response: Response, status: u16, code: &str, part: &str) -> Result<()> {
    let got = response.status().as_u16();
    let text = response.text().await?;
    let body: ErrorBody = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no error body: {text}"));
    assert_eq!((got, body.code.as_str()), (status, code), "{}", body.message);
    assert!(body.message.contains(part), "{} lacks {part}", body.message);
    Ok(())
}

async fn sync_with(server: &TestServer, token: &str, body: &Value) -> Result<Response> {
    post(server, token, "/api/sync", body.to_string().into_bytes()).await
}

#[tokio::test]
async fn malformed_requests() -> Result<()> {
    let (server, device) = stocked().await?;
    let token = device.token();
    let good = || sync_body(Uuid::from_u128(7), &json!([]));
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body
    };
    let nameless = json!([{ "seq": 1, "action": {}, "author": "Raw", "captured_at": 0, "schema": 1 }]);
    let cases = [
        (with("protocol", json!(0)), 426, "upgrade_needed", "version 0"),
        (with("protocol", json!(2)), 426, "upgrade_needed", "version 2"),
        (with("protocol", json!("1")), 400, "bad_json", "field protocol"),
        (with("client", json!("me")), 400, "bad_json", "field client"),
        (with("scope", json!("everything")), 400, "unknown_scope", "available, all"),
        (with("max_rows", json!(-1)), 400, "bad_json", "field max_rows"),
        (with("mutations", json!({})), 400, "bad_json", "field mutations"),
        (with("mutations", nameless), 400, "bad_json", "mutations[0]"),
        (with("cursor", json!({ "live": {} })), 400, "bad_json", "field cursor"),
        (with("cursor", snapshot("shelves", "")), 400, "bad_cursor", "no table"),
        (with("cursor", snapshot("products", "x' OR 1=1 --")), 400, "bad_cursor", "key"),
        (with("cursor", snapshot("inventory_lots", &Uuid::nil().to_string())), 400, "bad_cursor", "key"),
    ];
    for (body, status, code, part) in cases {
        expect(sync_with(&server, token, &body).await?, status, code, part).await?;
    }
    for text in ["", "{", "[]", "null", "{}", "<html>", "{\"protocol\":1}", "\u{0}", "{\"protocol\":1e999}"] {
        let response = post(&server, token, "/api/sync", text.into()).await?;
        expect(response, 400, "bad_json", "").await?;
    }
    let deep = format!("{{\"protocol\":1,\"mutations\":{}", "[".repeat(100_000));
    expect(post(&server, token, "/api/sync", deep.into_bytes()).await?, 400, "bad_json", "").await?;
    expect(post(&server, token, "/api/sync", vec![0xff, 0xfe, 0x00]).await?, 400, "bad_json", "").await?;
    Ok(())
}

fn snapshot(table: &str, after: &str) -> Value {
    let progress = json!({ "done_rows": 0, "total_rows": 0 });
    json!({ "snapshot": { "rev": 1, "table": table, "after": after, "progress": progress } })
}

#[tokio::test]
async fn batches_out_of_order_or_too_large() -> Result<()> {
    let (server, device) = stocked().await?;
    let action = serde_json::to_value(pick(&lot(&vinegar(), "A-1"), 1))?;
    let batch = |seqs: &[u64]| {
        let mutations: Vec<Value> = seqs.iter().map(|seq| mutation(*seq, &action)).collect();
        sync_body(Uuid::from_u128(7), &json!(mutations))
    };
    let too_many: Vec<u64> = (1..=101).collect();
    for (seqs, code) in [
        (vec![0], "seq_order"),
        (vec![2, 1], "seq_order"),
        (vec![1, 1], "seq_order"),
        (vec![u64::MAX], "seq_order"),
        (too_many, "too_many_mutations"),
    ] {
        expect(sync_with(&server, device.token(), &batch(&seqs)).await?, 400, code, "").await?;
    }
    assert_eq!(crate::number(&server, "SELECT count(*) FROM stock_ledger")?, 1, "nothing of them was booked");
    Ok(())
}

#[tokio::test]
async fn oversized_and_compressed_bodies() -> Result<()> {
    let (server, device) = stocked().await?;
    let client = Client::new();
    let send = async |encoding: &str, body: Vec<u8>| -> Result<Response> {
        let post = client.post(format!("{}/api/sync", server.url()?)).bearer_auth(device.token());
        Ok(post.header("x-lotbook", "1").header("content-encoding", encoding).body(body).send().await?)
    };
    let packed = |bytes: &[u8]| -> Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes)?;
        Ok(encoder.finish()?)
    };
    let five_mib = vec![b' '; 5 * 1024 * 1024];
    expect(send("identity", five_mib.clone()).await?, 413, "body_too_large", "4 MiB").await?;
    let bomb = packed(&vec![b' '; 200 * 1024 * 1024])?;
    assert!(bomb.len() < 2 * 1024 * 1024);
    expect(send("gzip", bomb).await?, 413, "body_too_large", "4 MiB").await?;
    expect(send("gzip", b"not packed at all".to_vec()).await?, 400, "bad_body", "content-encoding").await?;
    let good = packed(sync_body(Uuid::from_u128(7), &json!([])).to_string().as_bytes())?;
    expect(send("gzip", good[..good.len() / 2].to_vec()).await?, 400, "bad_body", "cut off").await?;
    expect(send("zstd", good.clone()).await?, 415, "bad_encoding", "gzip").await?;
    assert_eq!(send("gzip", good).await?.status(), 200);
    Ok(())
}

#[tokio::test]
async fn requests_without_a_valid_token_or_header_are_refused() -> Result<()> {
    let (server, device) = stocked().await?;
    let client = Client::new();
    let url = format!("{}/api/sync", server.url()?);
    let body = sync_body(Uuid::from_u128(7), &json!([])).to_string();
    let anonymous = client.post(&url).header("x-lotbook", "1").body(body.clone());
    expect(anonymous.send().await?, 401, "sign_in_needed", "one-time link").await?;
    for token in ["", "wrong", "\u{e9}"] {
        let stranger =
            client.post(&url).header("x-lotbook", "1").header("authorization", format!("Bearer {token}"));
        expect(stranger.body(body.clone()).send().await?, 401, "sign_in_needed", "").await?;
        let cookie =
            client.post(&url).header("x-lotbook", "1").header("cookie", format!("lotbook_device={token}"));
        expect(cookie.body(body.clone()).send().await?, 401, "sign_in_needed", "").await?;
    }
    let cookie = format!("a=b; lotbook_device={}; c", device.token());
    let by_token = client.post(&url).bearer_auth(device.token()).body(body.clone());
    assert_eq!(by_token.send().await?.status(), 200, "no form sends a token");
    for path in ["/api/v1/orders", "/api/v1/products"] {
        let by_cookie = client.post(format!("{}{path}", server.url()?)).header("cookie", &cookie);
        expect(by_cookie.body(body.clone()).send().await?, 401, "key_needed", "keys create").await?;
    }
    let forged = client.post(&url).header("cookie", &cookie).body(body.clone());
    expect(forged.send().await?, 403, "header_missing", "x-lotbook").await?;
    let by_cookie = client.post(&url).header("x-lotbook", "1");
    let by_cookie = by_cookie.header("cookie", &cookie);
    assert_eq!(by_cookie.body(body).send().await?.status(), 200);
    let by_code = ["/api/products/by-barcode/1", "/api/lots/by-code/1"];
    for path in ["/api/device", "/api/events", "/api/products/1"].into_iter().chain(by_code) {
        let response = client.get(format!("{}{path}", server.url()?)).send().await?;
        expect(response, 401, "sign_in_needed", "").await?;
    }
    Ok(())
}

#[tokio::test]
async fn unknown_paths_and_methods() -> Result<()> {
    let (server, device) = stocked().await?;
    let client = Client::new();
    let ask = async |method: Method, path: &str| -> Result<Response> {
        let request = client.request(method, format!("{}{path}", server.url()?)).bearer_auth(device.token());
        Ok(request.header("x-lotbook", "1").send().await?)
    };
    expect(ask(Method::GET, "/api/nothing").await?, 404, "not_found", "/api/nothing").await?;
    expect(ask(Method::GET, "/api/sync").await?, 405, "bad_method", "/api/sync does not take GET").await?;
    expect(ask(Method::DELETE, "/api/device").await?, 405, "bad_method", "DELETE").await?;
    expect(ask(Method::GET, "/api/products/42").await?, 400, "bad_id", "\"42\"").await?;
    let unknown = format!("/api/products/{}", Uuid::nil());
    expect(ask(Method::GET, &unknown).await?, 404, "not_found", "").await?;
    expect(ask(Method::GET, "/api/products/by-barcode/%00%ff").await?, 400, "refused", "").await?;
    expect(ask(Method::GET, "/api/products/by-barcode/%20").await?, 404, "not_found", "").await?;
    expect(ask(Method::GET, "/api/lots/by-code/%00%ff").await?, 400, "refused", "").await?;
    expect(ask(Method::GET, "/api/lots/by-code/%20").await?, 404, "not_found", "").await?;
    expect(ask(Method::GET, "/api/lots/by-code/L2").await?, 404, "not_found", "L2").await?;
    Ok(())
}

#[tokio::test]
async fn random_bodies_never_get_a_500() -> Result<()> {
    let (server, device) = stocked().await?;
    let good = sync_body(
        Uuid::from_u128(7),
        &json!([mutation(1, &serde_json::to_value(pick(&lot(&vinegar(), "A-1"), 1))?)]),
    )
    .to_string()
    .into_bytes();
    // With a fixed seed, failures are reproducible.
    let mut rng = Rng::with_seed(0x9E37_79B9_7F4A_7C15);
    let mut random = move |below: usize| rng.usize(..below);
    for _ in 0..400 {
        let mut body = good.clone();
        for _ in 0..=random(4) {
            let at = random(body.len());
            match random(3) {
                0 => body[at] = b"0-9\"{}[],:.eE\\nulltrue\x00\xff"[random(24)],
                1 => drop(body.drain(at..(at + random(20)).min(body.len()))),
                _ => body.splice(at..at, good[random(good.len())..].iter().copied().take(9)).for_each(drop),
            }
        }
        let response = post(&server, device.token(), "/api/sync", body.clone()).await?;
        let status = response.status().as_u16();
        assert!(matches!(status, 200 | 400 | 426), "{status}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice::<Value>(&response.bytes().await?)?;
    }
    Ok(())
}
