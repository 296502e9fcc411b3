//! The document that describes the API is of the routes that there are.

use anyhow::{Context, Result};
use reqwest::{Client, Method};
use serde_json::Value;
use server::DEFAULT_SITE;
use tests::TestServer;

/// Every route below `/api`: a new one is added here and has to be described.
const ROUTES: [&str; 52] = [
    "DELETE /api/office/accounts/{account}",
    "DELETE /api/office/sessions/{session}",
    "DELETE /api/office/sites/{site}/devices/{device}",
    "DELETE /api/office/sites/{site}/keys/{key}",
    "DELETE /api/office/sites/{site}/webhooks/{webhook}",
    "GET /api/device",
    "GET /api/events",
    "GET /api/lots/by-code/{code}",
    "GET /api/lots/unavailable",
    "GET /api/office/accounts",
    "GET /api/office/log",
    "GET /api/office/me",
    "GET /api/office/sessions",
    "GET /api/office/sites",
    "GET /api/office/sites/{site}/devices",
    "GET /api/office/sites/{site}/keys",
    "GET /api/office/sites/{site}/people",
    "GET /api/office/sites/{site}/settings",
    "GET /api/office/sites/{site}/transfers",
    "GET /api/office/sites/{site}/webhooks",
    "GET /api/openapi.json",
    "GET /api/products/by-barcode/{code}",
    "GET /api/products/{id}",
    "GET /api/products/{id}/history",
    "GET /api/v1/deliveries",
    "GET /api/v1/lots",
    "GET /api/v1/movements",
    "GET /api/v1/orders",
    "GET /api/v1/products",
    "PATCH /api/office/sites/{site}/devices/{device}",
    "PATCH /api/office/sites/{site}/people/{person}",
    "PATCH /api/office/sites/{site}/settings/{name}",
    "POST /api/audit",
    "POST /api/enrol",
    "POST /api/office/accounts",
    "POST /api/office/accounts/{account}/link",
    "POST /api/office/password",
    "POST /api/office/sign-in",
    "POST /api/office/sign-out",
    "POST /api/office/sites",
    "POST /api/office/sites/{site}/devices",
    "POST /api/office/sites/{site}/keys",
    "POST /api/office/sites/{site}/people",
    "POST /api/office/sites/{site}/people/import",
    "POST /api/office/sites/{site}/webhooks",
    "POST /api/office/sites/{site}/webhooks/{webhook}/retry",
    "POST /api/sign-out",
    "POST /api/sync",
    "POST /api/v1/deliveries",
    "POST /api/v1/lots",
    "POST /api/v1/orders",
    "POST /api/v1/products",
];

async fn document(server: &TestServer) -> Result<Value> {
    let response = Client::new().get(format!("{}/api/openapi.json", server.url()?)).send().await?;
    assert_eq!(response.status(), 200);
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

/// Each operation: method, path and description.
fn operations(document: &Value) -> Result<Vec<(String, String, &Value)>> {
    let paths = document["paths"].as_object().context("paths")?;
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "put", "delete", "patch"] {
            found.extend(item.get(method).map(|described| (method.to_uppercase(), path.clone(), described)));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn every_route_is_described_and_every_description_is_of_a_route() -> Result<()> {
    let server = TestServer::start().await?;
    let document = document(&server).await?;
    let mut described: Vec<String> =
        operations(&document)?.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    described.sort();
    assert_eq!(described, ROUTES);
    for (method, path, operation) in operations(&document)? {
        let url = format!("{}{}", server.url()?, path.replace("{id}", "x").replace("{code}", "x"));
        let asked =
            Client::new().request(Method::from_bytes(method.as_bytes())?, url).header("x-lotbook", "1");
        let status = asked.send().await?.status().as_u16();
        assert!(![404, 405].contains(&status), "{method} {path}: {status}");
        assert!(
            operation["responses"].get(status.to_string()).is_some(),
            "{method} {path}: {status} is not described"
        );
        let needs_somebody = operation.get("security").is_some();
        assert_eq!(needs_somebody, status == 401, "{method} {path}: {status}");
        for text in [&operation["summary"], &operation["operationId"], &operation["tags"][0]] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {operation}");
        }
    }
    Ok(())
}

/// The references in a document.
fn references<'d>(value: &'d Value, found: &mut Vec<&'d str>) {
    match value {
        Value::Object(entries) => {
            found.extend(entries.get("$ref").and_then(Value::as_str));
            entries.values().for_each(|entry| references(entry, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() -> Result<()> {
    let server = TestServer::start().await?;
    let document = document(&server).await?;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    Ok(())
}

#[tokio::test]
async fn every_write_of_another_system_has_a_name_and_the_same_refusals() -> Result<()> {
    let server = TestServer::start().await?;
    let document = document(&server).await?;
    let mut checked = 0;
    for (method, path, operation) in operations(&document)? {
        if method != "POST" || !path.starts_with("/api/v1/") {
            continue;
        }
        let name = &operation["parameters"][0];
        assert_eq!((&name["name"], &name["in"]), (&"Idempotency-Key".into(), &"header".into()), "{path}");
        assert_eq!(name["required"], true, "{path}");
        let schema = &name["schema"];
        let limits = (&schema["minLength"], &schema["maxLength"], &schema["pattern"]);
        assert_eq!(limits, (&1.into(), &100.into(), &"^[!-~]+$".into()), "{path}");
        for (status, about) in [
            ("400", "The request cannot be read"),
            ("409", "Another request was booked under this Idempotency-Key"),
            ("422", "Something in the request cannot be booked; items lists it"),
        ] {
            let refusal = &operation["responses"][status];
            let said = refusal["description"].as_str().context("a description")?;
            assert!(said.starts_with(about), "{path} {status}: {said}");
            // A lot's quantity may be one that its sender has not seen.
            assert_eq!(said == about, status != "409" || path != "/api/v1/lots", "{path} {status}: {said}");
            let schema = &refusal["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Refusal", "{path} {status}");
        }
        checked += 1;
    }
    assert_eq!(checked, 4);
    Ok(())
}

#[tokio::test]
async fn the_scope_of_each_route_is_the_one_that_it_is_described_with() -> Result<()> {
    let server = TestServer::start().await?;
    let document = document(&server).await?;
    let secret = server.key(DEFAULT_SITE, "Nobody", &[]).await?;
    let mut checked = 0;
    for (method, path, operation) in operations(&document)? {
        let Some(scope) = operation["security"][0]["key"][0].as_str() else { continue };
        let asked =
            Client::new().request(Method::from_bytes(method.as_bytes())?, format!("{}{path}", server.url()?));
        let answer = asked.bearer_auth(&secret).header("Idempotency-Key", "r-1").body("{}").send().await?;
        assert_eq!(answer.status(), 403, "{method} {path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let message = body["message"].as_str().context("a message")?;
        assert!(message.contains(&format!("lacks the scope {scope}.")), "{method} {path}: {message}");
        checked += 1;
    }
    assert_eq!(checked, 9);
    Ok(())
}
