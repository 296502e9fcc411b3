//! Two sites on one server. A device with the data of one is refused at the other, whatever it sends, and keeps it all.

use anyhow::{Context, Result};
use domain::Action;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use server::enrolment::new_code;
use sync::{
    AuditLimits, OTHER_SITE, OtherSite, RoundError, RoundLimits, Store, TransportError, UnixMillis, Unsent,
    audit_part, held_site,
};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::{lot, number, pick, post, receive, soap, stocked, sync_body, vinegar};

const OTHER: &str = "north";

async fn enrol(server: &TestServer, code: &str, held: Option<&str>) -> Result<Response> {
    let post = Client::new().post(format!("{}/api/enrol", server.url()?)).header("x-lotbook", "1");
    let body = json!({ "code": code, "site": held, "device_name": "Phone" });
    Ok(post.body(body.to_string()).send().await?)
}

async fn body_of(response: Response) -> Result<Value> {
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

/// A server whose main site has ten bottles, a device there with a booked and an unsent pick, and a token of the other
/// site.
async fn carried_over() -> Result<(TestServer, TestDevice, String)> {
    let (server, device) = stocked().await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    device.sync(&server).await?;
    device.record(pick(&lot(&vinegar(), "A-1"), 2)).await?;
    let token = server.enrol_at(OTHER).await?;
    Ok((server, device, token))
}

fn refused_at_other() -> TransportError {
    TransportError::OtherSite(OtherSite { held: DEFAULT_SITE.to_owned(), asked: OTHER.to_owned() })
}

/// Asserts that nothing of the main site is at the other, and that the other's epoch is `epoch`.
async fn assert_untouched(server: &TestServer, epoch: Uuid) -> Result<()> {
    for table in ["receipts", "clients", "products", "stock_ledger"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE site = '{OTHER}'");
        assert_eq!(number(server, &sql)?, 0, "{table}");
    }
    assert_eq!(epoch_of(server, OTHER).await?, epoch);
    Ok(())
}

async fn epoch_of(server: &TestServer, site: &str) -> Result<Uuid> {
    let sites = server.store()?.sites().await?;
    Ok(sites.into_iter().find(|known| known.site == site).context("the site")?.epoch)
}

#[tokio::test]
async fn a_code_of_another_site_is_refused_unused() -> Result<()> {
    let (server, _device) = stocked().await?;
    server.store()?.ensure_site(OTHER).await?;
    let code = new_code(server.store()?, OTHER, "", server.clock().now()).await?;
    // More often than wrong codes are allowed: it is none.
    for _ in 0..40 {
        let refused = enrol(&server, &code, Some(DEFAULT_SITE)).await?;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        assert_eq!(refused.headers().get("set-cookie"), None);
        let body = body_of(refused).await?;
        assert_eq!(body["code"], OTHER_SITE);
        assert_eq!(body["sites"], json!({ "held": DEFAULT_SITE, "asked": OTHER }));
        assert!(body["message"].as_str().is_some_and(|text| text.contains("\"north\"")), "{body}");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM devices WHERE site = 'north'")?, 0);

    // A browser without data, and one that has the site's own, may use it.
    let fresh = enrol(&server, &code, None).await?;
    assert_eq!(fresh.status(), StatusCode::OK);
    assert_eq!(body_of(fresh).await?["site"], OTHER);
    let again = new_code(server.store()?, OTHER, "", server.clock().now()).await?;
    assert_eq!(enrol(&server, &again, Some(OTHER)).await?.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_code_that_cannot_be_used_does_not_name_its_site() -> Result<()> {
    let server = TestServer::start().await?;
    server.store()?.ensure_site(OTHER).await?;
    let code = new_code(server.store()?, OTHER, "", server.clock().now()).await?;
    assert_eq!(enrol(&server, &code, None).await?.status(), StatusCode::OK);
    assert_eq!(enrol(&server, &code, Some(DEFAULT_SITE)).await?.status(), StatusCode::FORBIDDEN);
    Ok(())
}

#[tokio::test]
async fn a_device_at_another_site_keeps_queue_and_rows_and_goes_on_at_its_own() -> Result<()> {
    let (server, device, token) = carried_over().await?;
    let (epoch, rows) = (epoch_of(&server, OTHER).await?, device.rows().await?);
    let abroad = server.transport(&token)?;
    let refused = device.sync_by(&abroad, RoundLimits::default()).await.expect_err("another site");
    assert_eq!(refused.downcast::<RoundError>()?, RoundError::Transport(refused_at_other()));
    let audited = audit_part(device.store(), &abroad, None, AuditLimits::default(), || UnixMillis(0)).await;
    assert_eq!(audited, Err(RoundError::Transport(refused_at_other())));
    assert_eq!(device.rows().await?, rows);
    assert_eq!(device.store().outbox(9).await?.pending, 1);
    assert_untouched(&server, epoch).await?;

    // Its person connects it to its own site again.
    let home = server.transport(&server.enrol().await?)?;
    assert_eq!(device.sync_by(&home, RoundLimits::default()).await?.acknowledged, 1);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'")?, 2);
    Ok(())
}

/// The status and the code of a sync request by a build that does not name its site.
async fn sync_unnamed(server: &TestServer, token: &str, body: &Value) -> Result<(StatusCode, Value)> {
    let response = post(server, token, "/api/sync", body.to_string().into_bytes()).await?;
    let status = response.status();
    Ok((status, body_of(response).await?))
}

#[tokio::test]
async fn an_older_build_at_another_site_is_told_by_its_client_and_by_its_epoch() -> Result<()> {
    let (server, device, token) = carried_over().await?;
    let epoch = epoch_of(&server, OTHER).await?;
    let outbox = device.store().outbox(9).await?;
    let new_product = json!({ "create_product": soap() });
    let mut known_client = sync_body(outbox.client, &json!([crate::mutation(9, &new_product)]));
    known_client["last_outcome_seq"] = json!(outbox.last_outcome_seq);
    let mut known_epoch = sync_body(Uuid::from_u128(0x5E), &json!([crate::mutation(1, &new_product)]));
    known_epoch["epoch"] = json!(outbox.epoch);
    for request in [&known_client, &known_epoch] {
        let (status, body) = sync_unnamed(&server, &token, request).await?;
        assert_eq!((status, &body["code"]), (StatusCode::CONFLICT, &json!(OTHER_SITE)));
        assert_eq!(body["sites"], json!({ "held": DEFAULT_SITE, "asked": OTHER }));
        assert_untouched(&server, epoch).await?;
        assert_eq!(
            sync_unnamed(&server, device.token(), request).await?.0,
            StatusCode::OK,
            "at its own site"
        );
    }
    // One that is new at both is the token's.
    let new = sync_body(Uuid::from_u128(0x6E), &json!([crate::mutation(1, &new_product)]));
    let (status, body) = sync_unnamed(&server, &token, &new).await?;
    assert_eq!((status, &body["site"]), (StatusCode::OK, &json!(OTHER)));
    Ok(())
}

#[tokio::test]
async fn a_device_keeps_the_site_of_its_first_answer() -> Result<()> {
    let server = TestServer::start().await?;
    let device = TestDevice::new("Ada", "available", server.enrol_at(OTHER).await?);
    device.record(Action::CreateProduct(vinegar())).await?;
    device.record(receive(&lot(&vinegar(), "A-1"), 1)).await?;
    device.sync(&server).await?;
    assert_eq!(held_site(device.store()).await?.as_deref(), Some(OTHER));
    device.record(receive(&lot(&vinegar(), "A-1"), 1)).await?;
    server.store()?.ensure_site(DEFAULT_SITE).await?;
    let elsewhere = server.transport(&server.enrol().await?)?;
    assert!(device.sync_by(&elsewhere, RoundLimits::default()).await.is_err());
    assert_eq!(number(&server, "SELECT count(*) FROM receipts WHERE site = 'main'")?, 0);
    Ok(())
}

#[tokio::test]
async fn a_file_of_unsent_work_is_booked_at_its_own_site_only() -> Result<()> {
    let (server, device, _) = carried_over().await?;
    let file = Unsent::of(device.store(), UnixMillis(5)).await?;
    // Files of earlier builds do not name the site; the client is known.
    let older = Unsent { site: None, ..file.clone() };
    for file in [&file, &older] {
        let booked = server::unsent::book_unsent(server.store()?, OTHER, file.clone(), UnixMillis(9)).await;
        let fault = booked.expect_err("another site").to_string();
        assert!(fault.contains("--site main"), "{fault}");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM receipts WHERE site = 'north'")?, 0);
    let receipts = server::unsent::book_unsent(server.store()?, DEFAULT_SITE, file, UnixMillis(9)).await?;
    assert!(receipts.iter().all(|receipt| receipt.outcome.verdict.is_booked()));
    Ok(())
}

#[tokio::test]
async fn each_site_of_a_backup_has_an_epoch_of_its_own() -> Result<()> {
    let (server, ..) = carried_over().await?;
    if server.file().is_none() {
        return Ok(());
    }
    let before = [epoch_of(&server, DEFAULT_SITE).await?, epoch_of(&server, OTHER).await?];
    let backup = server.path("backup.db");
    server.store()?.backup(&backup).await?;
    let copy = server::store::sqlite::SqliteStore::open(&backup)?;
    let mut epochs: Vec<Uuid> =
        server::store::Store::sites(&copy).await?.into_iter().map(|site| site.epoch).collect();
    epochs.extend(before);
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), 4);
    Ok(())
}
