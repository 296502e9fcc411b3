//! The API for other systems: what a key may do, what it reads and writes, and how requests are refused.

use anyhow::{Context, Result};
use domain::{Action, Quantity};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use server::DEFAULT_SITE;
use server::api_keys::KeyScope;
use tests::TestServer;

use crate::events::{listen, next_rev};
use crate::{lot, lots_that_do_not_add_up, number, order, pick, soap, stocked, vinegar};

/// Another system with a key.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl System {
    /// One that may do everything at the default site.
    pub(crate) async fn of(server: &TestServer) -> Result<Self> {
        let secret = server.key(DEFAULT_SITE, "ERP", &KeyScope::ALL).await?;
        Ok(Self { url: server.url()?, secret })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        Client::new().request(method, format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.secret)
    }

    /// The status and the body of a read.
    pub(crate) async fn get(&self, path: &str) -> Result<(u16, Value)> {
        answer(self.request(Method::GET, path)).await
    }

    /// The status and the body of a write under a name.
    pub(crate) async fn post(&self, path: &str, name: &str, body: &Value) -> Result<(u16, Value)> {
        let body = body.to_string().into_bytes();
        answer(self.request(Method::POST, path).header("Idempotency-Key", name).body(body)).await
    }

    /// Like [`Self::post`], which must be booked.
    pub(crate) async fn book(&self, path: &str, name: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.post(path, name, body).await?;
        assert_eq!(status, 200, "{answer}");
        Ok(answer)
    }
}

async fn answer(request: RequestBuilder) -> Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = serde_json::from_slice(&response.bytes().await?)?;
    Ok((status, body))
}

fn code(body: &Value) -> &str {
    body["code"].as_str().unwrap_or_default()
}

pub(crate) fn product(sku: &str, price_minor: i64) -> Value {
    json!({ "sku": sku, "barcode": "", "name": format!("Product {sku}"), "unit": "each", "price_minor": price_minor,
        "currency": "EUR" })
}

pub(crate) fn sale(number: &str, units: &str) -> Value {
    let line = json!({ "sku": "vin-1", "lot_code": "L1", "location": "A-1", "quantity": units, "unit_price_minor": 295 });
    json!({ "number": number, "currency": "EUR", "lines": [line] })
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_at_its_site_alone() -> Result<()> {
    let (server, device) = stocked().await?;
    let reads = server.key(DEFAULT_SITE, "Sheet", &[KeyScope::ProductsRead]).await?;
    let sheet = System { url: server.url()?, secret: reads };
    let (status, body) = sheet.get("products").await?;
    assert_eq!((status, body["items"][0]["sku"].as_str()), (200, Some("VIN-1")), "{body}");
    for path in ["lots", "movements", "deliveries", "orders"] {
        let (status, body) = sheet.get(path).await?;
        assert_eq!((status, code(&body)), (403, "scope_missing"), "{path}");
        assert!(
            body["message"].as_str().is_some_and(|text| text.contains(&format!("{path}:read"))),
            "{body}"
        );
    }
    for path in ["products", "lots", "deliveries", "orders"] {
        let (status, body) = sheet.post(path, "r-1", &json!({})).await?;
        assert_eq!((status, code(&body)), (403, "scope_missing"), "{path}");
    }
    let elsewhere =
        System { secret: server.key("north", "Sheet", &[KeyScope::ProductsRead]).await?, ..sheet.clone() };
    assert_eq!(elsewhere.get("products").await?.1, json!({ "items": [], "next": null }));

    for secret in ["lbk.main.00", device.token(), "", "lbk.nowhere.00"] {
        let stranger = System { secret: secret.to_owned(), ..sheet.clone() };
        let (status, body) = stranger.get("products").await?;
        assert_eq!((status, code(&body)), (401, "key_needed"), "{secret}");
    }
    let as_device = Client::new().get(format!("{}/api/device", server.url()?)).bearer_auth(&sheet.secret);
    assert_eq!(as_device.send().await?.status(), 401, "a key is no device");
    let keys = server.store()?.api_keys(DEFAULT_SITE).await?;
    assert!(keys[0].last_used_at.is_some(), "its use is stored");
    server.store()?.revoke_key(DEFAULT_SITE, keys[0].key, server.clock().now()).await?;
    assert_eq!(sheet.get("products").await?.0, 401);
    Ok(())
}

#[tokio::test]
async fn lists_have_every_row_and_bookings_every_entry_in_parts() -> Result<()> {
    let (server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    device.record(Action::CreateProduct(soap())).await?;
    device.record(order(1, &lot(&vinegar(), "A-1"), 3)).await?;
    device.sync(&server).await?;
    let mut skus = Vec::new();
    let mut after = String::new();
    for _ in 0..3 {
        let (status, page) = erp.get(&format!("products?limit=1{after}")).await?;
        assert_eq!(status, 200, "{page}");
        skus.extend(page["items"].as_array().context("items")?.iter().map(|item| item["sku"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(skus, [json!("VIN-1"), json!("SOAP-1")]);
    let lots = erp.get("lots?sku=%EF%BC%B6in-1").await?.1;
    let found = &lots["items"][0];
    assert_eq!((found["quantity"].as_str(), found["sku"].as_str()), (Some("7"), Some("VIN-1")), "{lots}");
    let orders = erp.get("orders").await?.1;
    assert_eq!(orders["items"][0]["number"], "D01-000001");
    assert_eq!(orders["items"][0]["lines"][0]["quantity"], "3");
    assert_eq!(orders["items"][0]["total_minor"], 885);
    let movements = erp.get("movements").await?.1;
    let changes: Vec<_> = movements["items"].as_array().context("items")?.iter().collect();
    assert_eq!(changes.iter().map(|item| item["quantity"].clone()).collect::<Vec<_>>(), ["10", "-3"]);
    assert_eq!((&changes[1]["kind"], &changes[1]["note"]), (&json!("sale"), &json!("D01-000001")));
    let now = erp.get("movements?after=now").await?.1;
    assert_eq!((now["items"].as_array().map(Vec::len), &now["more"]), (Some(0), &json!(false)));
    device.record(pick(&lot(&vinegar(), "A-1"), 1)).await?;
    device.sync(&server).await?;
    let since = erp.get(&format!("movements?after={}", now["next"].as_str().context("a cursor")?)).await?.1;
    assert_eq!(since["items"].as_array().map(Vec::len), Some(1));
    for (path, expected) in [
        ("products?limit=0", "bad_query"),
        ("products?limit=1001", "bad_query"),
        ("orders?limit=101", "bad_query"),
        ("lots?size=3", "bad_query"),
        ("lots?after=x", "bad_cursor"),
        ("movements?after=12", "bad_cursor"),
    ] {
        let (status, body) = erp.get(path).await?;
        assert_eq!((status, code(&body)), (400, expected), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn rows_are_written_with_the_rules_of_an_import() -> Result<()> {
    let (server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    let products = json!({ "products": [product("A-1", 5), product("vin-1", 310)] });
    let written = erp.book("products", "p-1", &products).await?;
    assert_eq!((&written["added"], &written["changed"]), (&json!(1), &json!(1)), "{written}");
    device.sync(&server).await?;
    let vinegar = device.product(vinegar().id).await?.context("the product")?.row;
    assert_eq!((vinegar.price_minor, vinegar.sku.as_str()), (310, "VIN-1"), "it keeps its spelling");

    let bad =
        json!({ "products": [product("B-1", 5), product("B-2", -1), product("b-1", 7), product("", 7)] });
    let (status, body) = erp.post("products", "p-2", &bad).await?;
    assert_eq!((status, code(&body)), (422, "bad_rows"), "{body}");
    let places: Vec<_> =
        body["items"].as_array().context("items")?.iter().map(|item| item["at"].clone()).collect();
    assert_eq!(places, ["products[1].price_minor", "products[2].sku", "products[3].sku"], "{body}");
    assert_eq!(number(&server, "SELECT count(*) FROM products")?, 2, "all or none");

    let lots = |units: &str, change: bool| {
        let row = json!({ "sku": "VIN-1", "lot_code": "l1", "location": "a-1", "quantity": units });
        json!({ "lots": [row], "change_stock": change })
    };
    let (status, body) = erp.post("lots", "l-1", &lots("4", false)).await?;
    assert_eq!((status, code(&body)), (409, "stock_changes"), "{body}");
    assert_eq!(body["items"][0], json!({ "at": "lots[0]", "reason": "10 in the book, 4 in the request" }));
    let (status, body) = erp.post("lots", "l-1", &lots("4.5", true)).await?;
    assert_eq!((status, body["items"][0]["at"].as_str()), (422, Some("lots[0].quantity")), "{body}");
    erp.book("lots", "l-1", &lots("4", true)).await?;
    device.sync(&server).await?;
    let held = device.lot(&lot(&crate::vinegar(), "A-1")).await?.context("the lot")?;
    assert_eq!(held.row.quantity, Quantity::units(4));

    let delivery = json!({ "deliveries": [{ "number": "LS-1", "supplier": "Mill", "expected_on": "2026-12-01",
        "lines": [{ "sku": "VIN-1", "quantity": "12" }, { "sku": "a-1", "quantity": "3" }] }] });
    erp.book("deliveries", "d-1", &delivery).await?;
    device.sync(&server).await?;
    assert_eq!(device.deliveries().await?[0].lines.len(), 2);
    let listed = erp.get("deliveries?open=true").await?.1;
    assert_eq!(
        listed["items"][0]["lines"][0],
        json!({ "product_id": vinegar.id, "sku": "VIN-1",
        "expected": "12", "received": "0" })
    );
    let unknown = json!({ "deliveries": [{ "number": "LS-2", "lines": [{ "sku": "?", "quantity": "1" }] }] });
    let (status, body) = erp.post("deliveries", "d-2", &unknown).await?;
    assert_eq!(
        (status, body["items"][0]["at"].as_str()),
        (422, Some("deliveries[0].lines[0].sku")),
        "{body}"
    );
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn orders_are_booked_as_a_devices_are_and_devices_hear_of_them() -> Result<()> {
    let (server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    let mut stream = listen(&server, device.token()).await?;
    let before = next_rev(&mut stream).await?;
    let placed =
        erp.book("orders", "o-1", &json!({ "orders": [sale("W-1", "4"), sale("W-2", "7")] })).await?;
    assert_eq!(
        (&placed["orders"][0]["code"], &placed["orders"][1]["code"]),
        (&json!(""), &json!("below_zero"))
    );
    assert!(next_rev(&mut stream).await? > before, "devices are told");
    device.sync(&server).await?;
    let held = device.lot(&lot(&vinegar(), "A-1")).await?.context("the lot")?;
    assert_eq!(held.row.quantity, Quantity::units(-1), "the sale has happened");
    assert_eq!(device.exceptions().await?.len(), 1);
    let history = Client::new().get(format!("{}/api/products/{}/history", server.url()?, vinegar().id));
    let history: Value =
        serde_json::from_slice(&history.bearer_auth(device.token()).send().await?.bytes().await?)?;
    assert_eq!(history["entries"][0]["author"], "ERP", "{history}");

    for (orders, at) in [
        (json!([{ "number": "W-3", "currency": "EUR", "lines": [] }]), "orders"),
        (json!([sale("W-3", "0")]), "orders[0]"),
        (json!([sale("W-3", "1"), sale("", "1")]), "orders[1]"),
        (json!([sale("W-3", "x")]), "orders[0].lines[0].quantity"),
        (json!([sale("W-1", "5")]), "orders[0]"),
    ] {
        let (status, body) = erp.post("orders", "o-2", &json!({ "orders": orders })).await?;
        assert!(status == 422 || status == 400, "{status} {body}");
        assert!(body["items"][0]["at"].as_str().is_none_or(|place| place.starts_with(at)), "{body}");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM orders")?, 2);
    assert_eq!(number(&server, "SELECT count(*) FROM conflicts")?, 0, "the sender has its refusals");
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused_in_one_sentence() -> Result<()> {
    let (server, _) = stocked().await?;
    let erp = System::of(&server).await?;
    let orders = json!({ "orders": [sale("W-1", "1")] });
    let nameless = erp.request(Method::POST, "orders").body(orders.to_string());
    let (status, body) = answer(nameless).await?;
    assert_eq!((status, code(&body)), (400, "idempotency_key_missing"));
    for name in ["with space", &"x".repeat(101)] {
        assert_eq!(code(&erp.post("orders", name, &orders).await?.1), "idempotency_key_missing", "{name}");
    }
    let many: Vec<Value> = (0..1_001).map(|at| product(&format!("P-{at}"), 1)).collect();
    for (path, body, expected) in [
        ("products", json!({ "products": many }), "bad_count"),
        ("products", json!({ "products": [] }), "bad_count"),
        ("products", json!({ "product": [] }), "bad_json"),
        ("products", json!({ "products": [{ "sku": 7 }] }), "bad_json"),
        (
            "lots",
            json!({ "lots": [{ "sku": "VIN-1", "lot_code": "L", "location": "B", "quantity": 2.5 }] }),
            "bad_json",
        ),
    ] {
        let (status, answer) = erp.post(path, "r-1", &body).await?;
        assert_eq!((status, code(&answer)), (400, expected), "{path}");
        assert!(answer["message"].as_str().is_some_and(|message| message.ends_with('.')), "{answer}");
    }
    Ok(())
}
