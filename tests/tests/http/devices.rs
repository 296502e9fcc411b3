//! Devices that lose access or data: revoked on the server, signed out by a person, or wiped by their
//! browser.

use anyhow::{Context, Result};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use sync::{HeardTime, RoundLimits, Store, TransportError, UnixMillis, Unsent, run_round};
use tests::TestServer;
use uuid::Uuid;

use crate::{lot, number, pick, post, stocked, sync_body, vinegar};

async fn device_answer(server: &TestServer, token: &str) -> Result<Value> {
    let response =
        Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(token).send().await?;
    assert_eq!(response.status(), StatusCode::OK);
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

#[tokio::test]
async fn a_revoked_device_keeps_its_queue_until_it_is_enrolled_again() -> Result<()> {
    let (server, device) = stocked().await?;
    let known = server.store()?.devices(DEFAULT_SITE).await?;
    assert_eq!(known.len(), 1);
    assert!(server.store()?.revoke(DEFAULT_SITE, known[0].device, UnixMillis(1)).await?);
    assert!(
        !server.store()?.revoke(DEFAULT_SITE, known[0].device, UnixMillis(1)).await?,
        "it is revoked already"
    );
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    let error = device.sync(&server).await.expect_err("revoked");
    let cause = error.downcast::<sync::RoundError>()?;
    assert_eq!(cause, sync::RoundError::Transport(TransportError::SignInNeeded));
    assert_eq!(device.store().outbox(9).await?.pending, 1);

    // After enrolling again it is a new device to the server, whose name stands beside the one that the mutations claim.
    let transport = server.transport(&server.enrol().await?)?;
    device.sync_by(&transport, RoundLimits::default()).await?;
    assert_eq!(
        number(
            &server,
            "SELECT count(*) FROM stock_ledger WHERE movement = 'pick' AND author LIKE 'Ada (Device %)'"
        )?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_token() -> Result<()> {
    let (server, device) = stocked().await?;
    let response = post(&server, device.token(), "/api/sign-out", Vec::new()).await?;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let cookie = response.headers()["set-cookie"].to_str()?;
    assert!(cookie.starts_with("lotbook_device=;") && cookie.contains("Max-Age=0"), "{cookie}");
    assert!(device.sync(&server).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_wiped_device_learns_that_it_had_a_database_before() -> Result<()> {
    let (server, device) = stocked().await?;
    assert_eq!(device_answer(&server, device.token()).await?["lives"], 1);
    assert_eq!(device_answer(&server, &server.enrol().await?).await?["lives"], 0);
    Ok(())
}

#[tokio::test]
async fn unsent_work_is_booked_once_regardless_of_its_sender() -> Result<()> {
    let (server, device) = stocked().await?;
    let bin = lot(&vinegar(), "A-1");
    for _ in 0..3 {
        device.record(pick(&bin, 1)).await?;
    }
    let records = device.store().queue().await?.records;
    let mutations: Vec<Value> =
        records.iter().map(|record| serde_json::to_value(&record.mutation)).collect::<Result<_, _>>()?;
    let file = serde_json::json!({
        "format": "unsent-work", "version": 1, "client": device.client(), "written_at": 0, "mutations": mutations,
    });
    let picks = "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'";

    let ben = server.device("Ben", "available").await?;
    let taken = Unsent::read(&file.to_string())?.take_in(ben.store(), UnixMillis(0)).await?;
    assert_eq!((taken.added, taken.skipped), (3, 0));
    let again = Unsent::read(&file.to_string())?.take_in(ben.store(), UnixMillis(0)).await?;
    assert_eq!((again.added, again.skipped), (0, 3));
    ben.sync(&server).await?;
    assert_eq!(number(&server, picks)?, 3);

    for _ in 0..2 {
        let unsent = Unsent::read(&file.to_string())?;
        let receipts =
            server::unsent::book_unsent(server.store()?, DEFAULT_SITE, unsent, UnixMillis(0)).await?;
        assert!(receipts.iter().all(|receipt| receipt.outcome.verdict.is_booked()));
    }
    device.sync(&server).await?;
    assert_eq!((number(&server, picks)?, device.store().outbox(9).await?.pending), (3, 0));
    assert_eq!(number(&server, &format!("{picks} AND author = 'Ada (Ben)'"))?, 3, "Ben only brought it");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_unsent_work_is_refused_with_a_reason() -> Result<()> {
    let newer = r#"{"format":"unsent-work","version":2,"items":[]}"#;
    for (text, word) in [("", "EOF"), ("<html>", "expected"), ("{}", "format"), (newer, "version 2")] {
        let error = Unsent::read(text).expect_err("refused").to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
    let entry = |schema: u32, action: &str| {
        format!(
            r#"{{"format":"unsent-work","version":1,"client":"00000000-0000-0000-0000-000000000001","written_at":0,"mutations":[
            {{"seq":1,"id":"00000000-0000-0000-0000-000000000002","action":{action},"author":"A","captured_at":0,"schema":{schema}}}]}}"#
        )
    };
    let (_server, device) = stocked().await?;
    for (schema, action) in [(99, "{}"), (2, r#"{"teleport_lot":{}}"#)] {
        let unsent = Unsent::read(&entry(schema, action))?;
        let error = unsent.take_in(device.store(), UnixMillis(0)).await.expect_err("refused").to_string();
        assert!(error.contains("entry 1 "), "{error}");
    }
    assert_eq!(device.store().queue().await?.records, []);
    Ok(())
}

/// The device list's figure after a request with this clock, in seconds.
async fn clock_ahead(server: &TestServer, token: &str, sent_at: Option<UnixMillis>) -> Result<Option<i64>> {
    let mut body = sync_body(Uuid::from_u128(0xC7), &json!([]));
    if let Some(sent_at) = sent_at {
        body["sent_at"] = json!(sent_at);
    }
    let response = post(server, token, "/api/sync", body.to_string().into_bytes()).await?;
    assert_eq!(response.status(), StatusCode::OK);
    let devices = server.store()?.devices(DEFAULT_SITE).await?;
    // A request takes less than ten seconds.
    Ok(devices[0].clock_ahead_millis.map(|millis| (millis + 5_000).div_euclid(10_000) * 10))
}

#[tokio::test]
async fn the_device_list_has_the_error_of_each_clock() -> Result<()> {
    const DAY_SECONDS: i64 = 86_400;
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    let ahead = async |seconds: i64| {
        let at = UnixMillis(server.clock().now().0 + seconds * 1_000);
        clock_ahead(&server, &token, Some(at)).await
    };
    assert_eq!(clock_ahead(&server, &token, None).await?, None, "an older build does not tell");
    assert_eq!(ahead(-3 * DAY_SECONDS).await?, Some(-3 * DAY_SECONDS));
    assert_eq!(ahead(-3 * DAY_SECONDS + 40).await?, Some(-3 * DAY_SECONDS), "too little for a write");
    assert_eq!(ahead(400 * DAY_SECONDS).await?, Some(400 * DAY_SECONDS), "once it was set");
    assert_eq!(clock_ahead(&server, &token, None).await?, Some(400 * DAY_SECONDS), "an older tab is open");
    assert_eq!(ahead(0).await?, Some(0));
    for extreme in [i64::MIN, i64::MAX] {
        clock_ahead(&server, &token, Some(UnixMillis(extreme))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_round_hears_the_servers_time_whatever_the_devices_clock_shows() -> Result<()> {
    let (server, device) = stocked().await?;
    server.clock().advance(40 * 86_400_000);
    let (transport, device_now) = (server.transport(device.token())?, UnixMillis(1_000));
    let before = server.clock().now();
    let report = run_round(device.store(), &transport, RoundLimits::default(), || device_now, |_| ()).await?;
    let HeardTime { server: heard, device } = report.heard.context("an answer")?;
    assert!(heard >= before && heard <= server.clock().now(), "{heard:?}");
    assert_eq!(device, device_now);
    Ok(())
}
