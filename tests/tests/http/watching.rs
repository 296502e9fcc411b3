//! What monitors and strangers are told.

use std::fs;

use anyhow::Result;
use reqwest::Response;
use serde_json::Value;
use tempfile::TempDir;
use tests::TestServer;

async fn get(server: &TestServer, path: &str) -> Result<Response> {
    Ok(reqwest::get(format!("{}{path}", server.url()?)).await?)
}

#[tokio::test]
async fn a_server_that_cannot_store_work_is_alive_but_not_ready() -> Result<()> {
    let server = TestServer::start().await?;
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(get(&server, path).await?.status(), 200, "{path}");
    }
    // The rest is about the disk of the file.
    if server.file().is_none() {
        return Ok(());
    }
    // The probe's file cannot be written, as on a full disk.
    let probe = server.path("lotbook.db.probe");
    fs::create_dir(&probe)?;
    assert_eq!(get(&server, "/readyz").await?.status(), 200, "a probe's result holds for a moment");
    server.clock().advance(10_000);
    let answer = get(&server, "/readyz").await?;
    assert_eq!(answer.status(), 503);
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    assert_eq!(body["code"], "not_writable", "{body}");
    assert!(!body.to_string().contains("lotbook.db"), "a stranger is told a path: {body}");
    assert_eq!(get(&server, "/livez").await?.status(), 200);
    fs::remove_dir(&probe)?;
    server.clock().advance(10_000);
    assert_eq!(get(&server, "/readyz").await?.status(), 200);
    assert!(!probe.exists(), "the probe leaves its file");
    Ok(())
}

#[tokio::test]
async fn strangers_learn_no_names_of_sites() -> Result<()> {
    let server = TestServer::start().await?;
    server.store()?.ensure_site("secret-site").await?;
    for path in ["/livez", "/readyz", "/healthz"] {
        let text = get(&server, path).await?.text().await?;
        assert!(!text.contains("secret-site") && !text.contains("main"), "{path}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_no_page_is_not_answered_with_the_app() -> Result<()> {
    let dist = TempDir::new()?;
    fs::write(dist.path().join("index.html"), "<!doctype html><title>Lotbook</title>")?;
    fs::create_dir(dist.path().join("icons"))?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    for path in [
        "/metrics",
        "/health",
        "/status",
        "/ready",
        "/products/1",
        "/icons",
        "/icons/",
        "//icons",
        "//product/1",
    ] {
        let answer = get(&server, path).await?;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.text().await?.contains("<title>"), "{path}");
    }
    assert_eq!(get(&server, "/readyz").await?.text().await?, r#"{"status":"ok"}"#);
    Ok(())
}

/// The addresses in the source of the app's router.
#[test]
fn every_address_of_the_apps_router_is_a_page() {
    let source = include_str!("../../../app/src/route.rs");
    let shipped = source.split("#[cfg(test)]").next().unwrap_or_default();
    let addresses: Vec<&str> = shipped
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with('/') && !text.starts_with("/{") && !text.starts_with("//"))
        .collect();
    assert!(addresses.len() > 25, "{addresses:?}");
    for address in addresses {
        assert_eq!(
            server::http::page_of(address),
            Some("index.html"),
            "{address} is not in `server/src/http/pages.rs`"
        );
    }
}
