//! The event stream (revisions of the site), and single products on demand.

use std::time::Duration;

use anyhow::{Context, Result};
use domain::ProductAnswer;
use reqwest::{Client, Response};
use serde_json::Value;
use tests::TestServer;
use tokio::time::timeout;

use crate::{lot, pick, receive, stocked, vinegar};

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn listen(server: &TestServer, token: &str) -> Result<Response> {
    let response =
        Client::new().get(format!("{}/api/events", server.url()?)).bearer_auth(token).send().await?;
    assert_eq!(response.headers().get("content-type").context("a type")?, "text/event-stream");
    assert!(response.headers().get("content-encoding").is_none(), "compression would delay events");
    Ok(response)
}

/// Waits for the next event and returns its revision.
pub(crate) async fn next_rev(stream: &mut Response) -> Result<u64> {
    loop {
        let chunk = timeout(PATIENCE, stream.chunk()).await??.context("the stream has ended")?;
        let text = String::from_utf8(chunk.to_vec())?;
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
            return serde_json::from_str::<Value>(data)?["rev"].as_u64().context("a revision");
        }
    }
}

#[tokio::test]
async fn listeners_receive_every_change_and_the_end_of_the_stream() -> Result<()> {
    let (mut server, device) = stocked().await?;
    let mut stream = listen(&server, device.token()).await?;
    assert_eq!(next_rev(&mut stream).await?, 2);
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    device.sync(&server).await?;
    assert_eq!(next_rev(&mut stream).await?, 3);
    timeout(PATIENCE, server.stop()).await??;
    let rest = timeout(PATIENCE, stream.chunk()).await?;
    assert!(matches!(rest, Ok(None) | Err(_)), "the stream outlives the server: {rest:?}");
    Ok(())
}

#[tokio::test]
async fn an_import_by_another_process_reaches_listeners() -> Result<()> {
    let (server, device) = stocked().await?;
    let mut stream = listen(&server, device.token()).await?;
    assert_eq!(next_rev(&mut stream).await?, 2);
    let elsewhere = server.another_store().await?;
    let options = server::import::ImportOptions {
        site: server::DEFAULT_SITE.to_owned(),
        products: Some(server::csv::Source::text(
            "new.csv",
            "sku,barcode,name,unit,price_minor,currency\nN,,New,each,1,EUR\n".to_owned(),
        )),
        lots: None,
        deliveries: None,
        skip_bad: false,
    };
    server::import::import(&*elsewhere, options, server.clock().now()).await?;
    assert_eq!(next_rev(&mut stream).await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_stream_ends_when_its_device_is_revoked_or_signs_out() -> Result<()> {
    let (server, _) = stocked().await?;
    let (revoked, signed_out, other) = (server.enrol().await?, server.enrol().await?, server.enrol().await?);
    let mut streams = Vec::new();
    for token in [&revoked, &signed_out, &other] {
        let mut stream = listen(&server, token).await?;
        assert_eq!(next_rev(&mut stream).await?, 2);
        streams.push(stream);
    }
    let devices = server.store()?.devices(server::DEFAULT_SITE).await?;
    let device = devices.iter().find(|device| device.prefix == "D02").context("the device")?;
    // As the command `revoke` does, in another process.
    let elsewhere = server.another_store().await?;
    assert!(elsewhere.revoke(server::DEFAULT_SITE, device.device, server.clock().now()).await?);
    crate::post(&server, &signed_out, "/api/sign-out", Vec::new()).await?;
    for stream in &mut streams[..2] {
        let rest = timeout(PATIENCE, stream.chunk()).await?;
        assert!(matches!(rest, Ok(None) | Err(_)), "the stream goes on: {rest:?}");
    }
    let rest = timeout(Duration::from_millis(300), streams[2].chunk()).await;
    assert!(matches!(rest, Err(_) | Ok(Ok(Some(_)))), "the other device's stream has ended: {rest:?}");
    Ok(())
}

#[tokio::test]
async fn one_product_is_found_by_id_and_by_any_spelling_of_its_barcode() -> Result<()> {
    let (server, device) = stocked().await?;
    device.record(receive(&lot(&vinegar(), "B-2"), 3)).await?;
    device.sync(&server).await?;
    let id = vinegar().id.to_string();
    for path in [id.as_str(), "by-barcode/7622210434593", "by-barcode/07622210434593"] {
        let ask =
            Client::new().get(format!("{}/api/products/{path}", server.url()?)).bearer_auth(device.token());
        let answer: ProductAnswer = serde_json::from_slice(&ask.send().await?.bytes().await?)?;
        assert_eq!(answer.product, vinegar(), "{path}");
        let places: Vec<&str> = answer.lots.iter().map(|(_, lot)| lot.lot.location.as_str()).collect();
        assert_eq!(places, ["A-1", "B-2"]);
        assert!(answer.as_of.0 > 0 && answer.rev > 0);
    }
    let health = reqwest::get(format!("{}/healthz", server.url()?)).await?;
    let health: Value = serde_json::from_slice(&health.bytes().await?)?;
    assert_eq!((health["status"].as_str(), health["rev"].as_u64()), (Some("ok"), Some(3)));
    Ok(())
}
