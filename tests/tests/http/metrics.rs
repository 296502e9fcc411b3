//! Figures by site: which devices are behind, and how long changes waited.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tests::TestServer;
use uuid::Uuid;

use crate::{lot, mutation, pick, post, stocked, sync_body, vinegar};

const MAX_LOOKS: u32 = 100;
const LOOK_MILLIS: u64 = 100;

/// The value of a figure of a site.
async fn figure(server: &TestServer, name: &str, site: &str) -> Result<u64> {
    let page = reqwest::get(server.metrics_url()?).await?.text().await?;
    let start = format!("lotbook_site_{name}{{site=\"{site}\"}} ");
    let value = page.lines().find_map(|line| line.strip_prefix(&start));
    Ok(value.with_context(|| format!("no {start}in {page}"))?.parse()?)
}

#[tokio::test]
async fn a_device_that_lacks_changes_lags_until_it_has_them() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    server.enrol_at("other").await?;
    // Other servers may have written: the revisions are read each second.
    let mut known = false;
    for _ in 0..MAX_LOOKS {
        known = figure(&server, "revision", "other").await.is_ok();
        if known {
            break;
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MILLIS)).await;
    }
    assert!(known, "a site without devices is not shown");
    assert_eq!(figure(&server, "devices", "main").await?, 2);
    assert_eq!(figure(&server, "devices", "other").await?, 0);
    server.clock().advance(50_000);
    assert_eq!(figure(&server, "lag_seconds", "main").await?, 0, "nothing has changed since");
    ada.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    ada.sync(&server).await?;
    server.clock().advance(60_000);
    let lag = figure(&server, "lag_seconds", "main").await?;
    assert!((110..170).contains(&lag), "{lag}");
    assert_eq!(figure(&server, "lag_seconds", "other").await?, 0);
    ben.sync(&server).await?;
    assert_eq!(figure(&server, "lag_seconds", "main").await?, 0);
    Ok(())
}

#[tokio::test]
async fn the_oldest_change_of_a_device_is_told_by_its_own_clock() -> Result<()> {
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    let action = json!({ "kind": "unknown" });
    let mut old = mutation(1, &action);
    old["captured_at"] = json!(5_000);
    let mut body = sync_body(Uuid::from_u128(1), &json!([old, mutation(2, &action)]));
    body["sent_at"] = json!(3_600_000);
    assert_eq!(post(&server, &token, "/api/sync", body.to_string().into_bytes()).await?.status(), 200);
    assert_eq!(figure(&server, "oldest_pending_seconds", "main").await?, 3_600);
    let nothing = sync_body(Uuid::from_u128(1), &json!([])).to_string().into_bytes();
    assert_eq!(post(&server, &token, "/api/sync", nothing).await?.status(), 200);
    assert_eq!(figure(&server, "oldest_pending_seconds", "main").await?, 0);
    Ok(())
}
