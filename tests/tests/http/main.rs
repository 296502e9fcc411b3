//! Tests of the server over real HTTP: a server in this process, devices with a memory store, and
//! hand-written requests.

mod accounts;
mod api;
mod api_docs;
mod api_story;
mod audit;
mod bad_input;
mod booking;
mod busy;
mod claims;
mod conflicts;
mod connections;
mod cookies;
mod deliveries;
mod devices;
mod enrolment;
mod epochs;
mod events;
mod exactly_once;
mod exceptions;
mod files;
mod history;
mod imports;
mod keys;
mod late_facts;
mod ledger;
mod limits;
mod lot_codes;
mod metrics;
mod office;
mod office_desk;
mod office_roles;
mod openapi;
mod pull;
mod replicas;
mod restore;
mod schemathesis;
mod storm;
mod supabase;
mod transfer;
mod two_sites;
mod unavailable;
mod watching;
mod webhooks;
mod webhooks_tls;

use anyhow::{Context, Result};
use domain::{Action, LotRef, Order, OrderLine, Product, ProductPatch, Quantity, Row};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sync::{Commit, Cursor, Progress, Store as _, UnixMillis};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

fn vinegar() -> Product {
    Product {
        id: Uuid::from_u128(0xA1),
        sku: "VIN-1".into(),
        barcode: "7622210434593".into(),
        name: "Rice vinegar".into(),
        unit: "bottle".into(),
        price_minor: 295,
        currency: "EUR".into(),
        family: String::new(),
        variant: String::new(),
    }
}

fn soap() -> Product {
    Product {
        id: Uuid::from_u128(0xA2),
        sku: "SOAP-1".into(),
        barcode: String::new(),
        name: "Soap".into(),
        ..vinegar()
    }
}

fn product_named(name: &str) -> Product {
    Product { name: name.to_owned(), ..soap() }
}

fn lot(product: &Product, location: &str) -> LotRef {
    LotRef::new(product.id, "L1", location)
}

fn receive(lot: &LotRef, units: i64) -> Action {
    let quantity = Quantity::units(units);
    Action::ReceiveLot { lot: lot.clone(), quantity, expires_on: None, received_on: None, delivery: None }
}

fn pick(lot: &LotRef, units: i64) -> Action {
    Action::PickLot { lot: lot.clone(), quantity: Quantity::units(units), reason: String::new() }
}

fn price(product: &Product, minor: i64) -> Action {
    let patch = ProductPatch { price_minor: Some(minor), ..ProductPatch::default() };
    Action::UpdateProduct { id: product.id, patch }
}

fn order(id: u128, lot: &LotRef, units: i64) -> Action {
    let line = OrderLine { lot: lot.clone(), quantity: Quantity::units(units), unit_price_minor: 295 };
    let number = format!("D01-{id:06}");
    Action::PlaceOrder(Order {
        id: Uuid::from_u128(id),
        number,
        currency: "EUR".into(),
        lines: vec![line],
        to_site: None,
    })
}

/// A server with ten bottles of rice vinegar at A-1, and a device that has synced them.
async fn stocked() -> Result<(TestServer, TestDevice)> {
    let server = TestServer::start().await?;
    let device = server.device("Ada", "available").await?;
    device.record(Action::CreateProduct(vinegar())).await?;
    device.record(receive(&lot(&vinegar(), "A-1"), 10)).await?;
    assert!(device.sync(&server).await?.complete);
    assert_eq!(device.attention().await?, []);
    Ok((server, device))
}

/// An answer that brings a device nothing and leaves its cursor where it is.
async fn empty_commit(device: &TestDevice) -> Result<Commit<Row>> {
    let outbox = device.store().outbox(0).await?;
    Ok(Commit {
        from: outbox.cursor.clone(),
        cursor: outbox.cursor,
        receipts: Vec::new(),
        rows: Vec::new(),
        removed: Vec::new(),
        replaced: None,
        epoch: outbox.epoch.unwrap_or_default(),
        known_seq: 0,
        last_outcome_seq: 0,
        at: UnixMillis(0),
    })
}

/// Moves the cursor of a device with all rows back to a table, as an upgrade does that adds tables after it.
async fn go_back_to(device: &TestDevice, table: &str, rev: u64) -> Result<()> {
    let progress = Progress { done_rows: 1, total_rows: 1 };
    let cursor = Cursor::Snapshot { rev, table: table.to_owned(), after: String::new(), progress };
    device.store().commit(Commit { cursor, ..empty_commit(device).await? }).await?;
    Ok(())
}

/// Posts a raw body, as a client that is not ours might.
async fn post(server: &TestServer, token: &str, path: &str, body: Vec<u8>) -> Result<Response> {
    let post = Client::new().post(format!("{}{path}", server.url()?)).header("x-lotbook", "1");
    Ok(post.bearer_auth(token).body(body).send().await?)
}

/// The body of a sync request with these mutations.
fn sync_body(client: Uuid, mutations: &Value) -> Value {
    json!({ "protocol": 1, "client": client, "scope": "available", "max_rows": 100, "mutations": mutations })
}

fn mutation(seq: u64, action: &Value) -> Value {
    json!({
        "seq": seq, "id": Uuid::from_u128(0xF000 + u128::from(seq)), "action": action, "author": "Raw",
        "captured_at": 0, "schema": 1,
    })
}

/// Sends raw mutations and returns their receipts.
async fn send_raw(server: &TestServer, token: &str, client: Uuid, mutations: Value) -> Result<Vec<Value>> {
    let body = sync_body(client, &mutations).to_string().into_bytes();
    let response = post(server, token, "/api/sync", body).await?;
    let status = response.status();
    let answer: Value = serde_json::from_slice(&response.bytes().await?)?;
    assert_eq!(status, 200, "{answer}");
    Ok(answer["receipts"].as_array().context("receipts")?.clone())
}

/// The first column of the first row of a query on the server's database.
fn number(server: &TestServer, sql: &str) -> Result<i64> {
    server.books().number(sql)
}

/// Number of lots, deleted ones included, whose ledger entries do not add up to their quantity.
fn lots_that_do_not_add_up(server: &TestServer) -> Result<i64> {
    number(
        server,
        "SELECT count(*) FROM inventory_lots AS lots WHERE quantity <> (SELECT coalesce(sum(delta), 0) \
         FROM stock_ledger AS ledger WHERE ledger.site = lots.site AND ledger.product_id = lots.product_id \
         AND ledger.lot_id = lots.lot_id)",
    )
}
