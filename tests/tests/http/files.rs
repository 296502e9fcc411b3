//! Files of the built app: compression, caching, and the file served for each path.

use std::fs;

use anyhow::{Context, Result};
use reqwest::{Client, Response};
use tempfile::TempDir;
use tests::TestServer;

fn built_app() -> Result<TempDir> {
    let dist = TempDir::new()?;
    for (name, text) in [
        ("index.html", "<!doctype html><title>Lotbook</title>"),
        ("office.html", "<!doctype html><title>Office</title>"),
        ("sw.js", "self.x = 1"),
        ("manifest.json", "{}"),
        ("app-0123456789abcdef.js", "plain"),
        ("app-0123456789abcdef.js.br", "as brotli"),
        ("app-0123456789abcdef.js.gz", "as gzip"),
        ("app-0123456789abcdef.wasm", "\0asm"),
        ("main.css", "body {}"),
    ] {
        fs::write(dist.path().join(name), text)?;
    }
    Ok(dist)
}

async fn get(server: &TestServer, path: &str, encoding: &str) -> Result<Response> {
    let client = Client::builder().gzip(false).brotli(false).build()?;
    Ok(client.get(format!("{}{path}", server.url()?)).header("accept-encoding", encoding).send().await?)
}

fn header<'r>(response: &'r Response, name: &str) -> Result<&'r str> {
    Ok(response.headers().get(name).with_context(|| format!("no {name}"))?.to_str()?)
}

#[tokio::test]
async fn hashed_files_are_immutable_and_others_are_revalidated() -> Result<()> {
    let dist = built_app()?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    let forever = "public, max-age=31536000, immutable";
    for (path, caching, kind) in [
        ("/", "no-cache", "text/html"),
        ("/sw.js", "no-cache", "text/javascript"),
        ("/manifest.json", "no-cache", "application/json"),
        ("/main.css", "no-cache", "text/css"),
        ("/app-0123456789abcdef.js", forever, "text/javascript"),
        ("/app-0123456789abcdef.wasm", forever, "application/wasm"),
    ] {
        let response = get(&server, path, "identity").await?;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "cache-control")?, caching, "{path}");
        assert_eq!(header(&response, "content-type")?, kind, "{path}");
        assert_eq!(header(&response, "x-content-type-options")?, "nosniff", "{path}");
        let policy = header(&response, "content-security-policy")?;
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{path}: {policy}");
    }
    Ok(())
}

#[tokio::test]
async fn precompressed_files_are_served_by_accept_encoding() -> Result<()> {
    let dist = built_app()?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    for (accepted, text) in [("br, gzip", "as brotli"), ("gzip", "as gzip"), ("identity", "plain")] {
        let response = get(&server, "/app-0123456789abcdef.js", accepted).await?;
        assert_eq!(header(&response, "content-type")?, "text/javascript");
        assert_eq!(response.text().await?, text);
    }
    Ok(())
}

async fn get_with(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Result<Response> {
    let client = Client::builder().gzip(false).brotli(false).build()?;
    let mut get = client.get(format!("{}{path}", server.url()?));
    for (name, value) in headers {
        get = get.header(*name, *value);
    }
    Ok(get.send().await?)
}

#[tokio::test]
async fn files_are_compared_by_content_and_never_by_time() -> Result<()> {
    let dist = built_app()?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    let later = ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT");
    for path in ["/", "/sw.js", "/app-0123456789abcdef.js"] {
        let first = get(&server, path, "identity").await?;
        let tag = header(&first, "etag")?.to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "{path}: {tag}");
        assert!(
            !first.headers().contains_key("last-modified") && !first.headers().contains_key("accept-ranges")
        );
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let again = get_with(&server, path, &[("if-none-match", &known)]).await?;
            assert_eq!(
                (again.status().as_u16(), header(&again, "etag")?),
                (304, tag.as_str()),
                "{path}: {known}"
            );
        }
        assert_eq!(get_with(&server, path, &[later]).await?.status(), 200, "{path}");
        let part = get_with(&server, path, &[("range", "bytes=0-1"), ("if-range", "\"old\"")]).await?;
        assert_eq!(part.status(), 200, "{path}: part of another build's file");
        let plain = Client::builder().gzip(false).brotli(false).build()?;
        let head = plain.head(format!("{}{path}", server.url()?)).send().await?;
        assert_eq!((header(&head, "etag")?, head.status().as_u16()), (tag.as_str(), 200), "{path}");
    }
    // A build with other content and the times of the earlier one.
    let page = dist.path().join("index.html");
    let (tag, modified) =
        (header(&get(&server, "/", "identity").await?, "etag")?.to_owned(), fs::metadata(&page)?.modified()?);
    fs::write(&page, "<!doctype html><title>Another</title>")?;
    fs::File::options().write(true).open(&page)?.set_modified(modified)?;
    let other = get_with(&server, "/", &[("if-none-match", &tag), later]).await?;
    assert_eq!(other.status(), 200);
    assert!(other.text().await?.contains("Another"));
    let packed = header(&get(&server, "/app-0123456789abcdef.js", "br").await?, "etag")?.to_owned();
    assert_ne!(packed, header(&get(&server, "/app-0123456789abcdef.js", "gzip").await?, "etag")?);
    Ok(())
}

#[tokio::test]
async fn app_routes_get_the_index_page_and_missing_files_a_404() -> Result<()> {
    let dist = built_app()?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    for page in ["/product/0b3d2ead-8943-559a-9162-d4ca68168174", "/enrol/AB3C4D5EFG", "/checkout"] {
        let response = get(&server, page, "identity").await?;
        assert_eq!(
            (response.status().as_u16(), header(&response, "cache-control")?),
            (200, "no-cache"),
            "{page}"
        );
        assert!(response.text().await?.contains("<title>Lotbook</title>"), "{page}");
    }
    for page in ["/office", "/office/", "/office/sites/Lager%202.1/devices", "/office/password"] {
        let response = get(&server, page, "identity").await?;
        assert_eq!(response.status(), 200, "{page}");
        assert!(response.text().await?.contains("<title>Office</title>"), "{page}");
    }
    for missing in ["/app-fedcba9876543210.js", "/nothing.css", "/api", "/api/nothing", "/../Cargo.toml"] {
        let response = get(&server, missing, "identity").await?;
        assert_eq!(response.status(), 404, "{missing}");
        assert!(!response.text().await?.contains("<title>"), "{missing}");
    }
    Ok(())
}

#[tokio::test]
async fn the_way_to_a_sign_in_page_leads_back_to_the_app_if_nothing_stands_in_front() -> Result<()> {
    let dist = built_app()?;
    let server = TestServer::start_with(Some(dist.path().to_owned())).await?;
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.get(format!("{}{}", server.url()?, sync::SIGN_IN_PATH)).send().await?;
    assert_eq!(response.status(), 303);
    assert_eq!((header(&response, "location")?, header(&response, "cache-control")?), ("/", "no-store"));
    Ok(())
}

#[tokio::test]
async fn api_answers_are_compressed_and_never_cached() -> Result<()> {
    let server = TestServer::start().await?;
    let token = server.enrol().await?;
    let client = Client::builder().gzip(false).brotli(false).build()?;
    let body = crate::sync_body(uuid::Uuid::from_u128(7), &serde_json::json!([])).to_string();
    for encoding in ["gzip", "br"] {
        let post = client.post(format!("{}/api/sync", server.url()?)).bearer_auth(&token);
        let post = post.header("x-lotbook", "1").header("accept-encoding", encoding);
        let response = post.body(body.clone()).send().await?;
        assert_eq!(header(&response, "content-encoding")?, encoding);
        assert_eq!(header(&response, "cache-control")?, "no-store");
    }
    Ok(())
}
