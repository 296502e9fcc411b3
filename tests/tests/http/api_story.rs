//! An ERP beside devices: it pushes products, deliveries and orders, and reads movements since its cursor, through an hour of
//! being down, lost answers and a restart of the server.

use anyhow::{Context, Result};
use domain::{Action, LotRef, Product, Quantity};
use serde_json::{Value, json};
use tests::{TestDevice, TestServer};

use crate::api::{System, product, sale};
use crate::{lots_that_do_not_add_up, number, pick, receive, stocked, vinegar};

const HOUR_MILLIS: i64 = 3_600_000;
/// Answers in which all movements fit.
const MAX_ANSWERS: usize = 100;

/// What the ERP keeps: its cursor and the stock as the sum of the movements it has read.
#[derive(Debug, Default)]
struct Ledger {
    cursor: Option<String>,
    movements: Vec<(u64, u64)>,
    thousandths: i64,
}

impl Ledger {
    /// Reads on to the end, two movements at a time.
    async fn read_on(&mut self, erp: &System) -> Result<()> {
        for _ in 0..MAX_ANSWERS {
            let after = self.cursor.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
            let (status, answer) = erp.get(&format!("movements?limit=2{after}")).await?;
            assert_eq!(status, 200, "{answer}");
            for item in answer["items"].as_array().context("items")? {
                self.movements
                    .push((item["rev"].as_u64().context("rev")?, item["line"].as_u64().context("line")?));
                self.thousandths += Quantity::parse(item["quantity"].as_str().context("quantity")?)?.0;
            }
            self.cursor = answer["next"].as_str().map(str::to_owned);
            if answer["more"] == json!(false) {
                return Ok(());
            }
        }
        anyhow::bail!("the movements have no end")
    }

    /// Whether each movement was read exactly once, and they add up to the stock.
    fn check(&self, server: &TestServer) -> Result<()> {
        assert!(self.movements.is_sorted_by(|a, b| a < b), "{:?}", self.movements);
        let booked = number(server, "SELECT count(*) FROM stock_ledger")?;
        assert_eq!(i64::try_from(self.movements.len())?, booked);
        assert_eq!(self.thousandths, number(server, "SELECT sum(quantity) FROM inventory_lots")?);
        assert_eq!(lots_that_do_not_add_up(server)?, 0);
        Ok(())
    }
}

fn shelf() -> LotRef {
    LotRef::new(vinegar().id, "L1", "A-1")
}

async fn work(server: &TestServer, device: &TestDevice, round: i64) -> Result<()> {
    device.record(receive(&shelf(), 20 + round)).await?;
    device.record(pick(&shelf(), 1)).await?;
    device.sync(server).await?;
    assert_eq!(device.attention().await?, []);
    Ok(())
}

#[tokio::test]
async fn an_erp_that_is_down_for_an_hour_has_every_movement_exactly_once() -> Result<()> {
    let (mut server, device) = stocked().await?;
    let mut erp = System::of(&server).await?;
    let mut ledger = Ledger::default();
    ledger.read_on(&erp).await?;
    ledger.check(&server)?;

    erp.book("products", "products-1", &json!({ "products": [product("NEW-1", 100)] })).await?;
    let delivery =
        json!({ "deliveries": [{ "number": "LS-9", "lines": [{ "sku": "VIN-1", "quantity": "12" }] }] });
    erp.book("deliveries", "delivery-9", &delivery).await?;
    let sold = json!({ "orders": [sale("W-1", "2")] });
    erp.book("orders", "order-W-1", &sold).await?;
    work(&server, &device, 1).await?;
    // It had begun to read, and went down before it kept the second answer's cursor.
    let (_, lost) =
        erp.get(&format!("movements?limit=2&after={}", ledger.cursor.as_ref().context("a cursor")?)).await?;
    assert_eq!(lost["items"].as_array().map(Vec::len), Some(2));

    for round in 2..8 {
        server.clock().advance(HOUR_MILLIS / 6);
        work(&server, &device, round).await?;
    }
    server.restart().await?;
    erp.url = server.url()?;
    work(&server, &device, 8).await?;

    // Back again, it sends what it had no answer to: nothing is booked twice.
    let again = erp.book("orders", "order-W-1", &sold).await?;
    assert_eq!(
        (&again["repeated"], &again["orders"][0]["is_new"]),
        (&json!(true), &json!(true)),
        "as answered then"
    );
    let rev = server.store()?.sites().await?[0].rev;
    erp.book("products", "products-1", &json!({ "products": [product("NEW-1", 100)] })).await?;
    assert_eq!(server.store()?.sites().await?[0].rev, rev, "a repeat books nothing");
    let (status, refused) = erp.post("orders", "order-W-1", &json!({ "orders": [sale("W-1", "3")] })).await?;
    assert_eq!((status, &refused["code"]), (409, &json!("idempotency_key_reused")), "{refused}");
    let elsewhere = erp.post("deliveries", "order-W-1", &delivery).await?.0;
    assert_eq!(elsewhere, 409, "a name is of one request, whatever its path");
    // Under a new name, as after the loss of its own notes: the order is known by its number.
    let known = erp.book("orders", "order-W-1-again", &sold).await?;
    assert_eq!(known["orders"][0]["is_new"], json!(false));
    assert_eq!(number(&server, "SELECT count(*) FROM orders")?, 1);

    ledger.read_on(&erp).await?;
    ledger.check(&server)?;
    work(&server, &device, 9).await?;
    ledger.read_on(&erp).await?;
    ledger.check(&server)?;
    let orders: Value = erp.get("orders").await?.1;
    assert_eq!(orders["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_repeated_stock_take_does_not_undo_what_happened_since() -> Result<()> {
    let (server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    let row = json!({ "sku": "VIN-1", "lot_code": "L1", "location": "A-1", "quantity": "50" });
    let lots = json!({ "lots": [row], "change_stock": true });
    erp.book("lots", "take-1", &lots).await?;
    device.record(pick(&shelf(), 8)).await?;
    device.sync(&server).await?;
    let answer = erp.book("lots", "take-1", &lots).await?;
    assert_eq!((&answer["changed"], &answer["repeated"]), (&json!(1), &json!(true)));
    device.sync(&server).await?;
    assert_eq!(device.lot(&shelf()).await?.context("the lot")?.row.quantity, Quantity::units(42));
    Ok(())
}

#[tokio::test]
async fn a_renamed_product_is_not_overwritten_by_a_new_one_with_its_old_sku() -> Result<()> {
    let (server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    erp.book("products", "p-1", &json!({ "products": [product("OLD", 1)] })).await?;
    device.sync(&server).await?;
    let rows = device.rows().await?;
    let old = rows.iter().filter_map(|held| held.row.product()).find(|product| product.sku == "OLD");
    let old: Product = old.context("the product")?.clone();
    let patch = domain::ProductPatch { sku: Some("KEPT".to_owned()), ..Default::default() };
    device.record(Action::UpdateProduct { id: old.id, patch }).await?;
    device.sync(&server).await?;
    let written = erp.book("products", "p-2", &json!({ "products": [product("OLD", 2)] })).await?;
    assert_eq!(written["added"], json!(1), "{written}");
    device.sync(&server).await?;
    assert_eq!(device.product(old.id).await?.context("the product")?.row.sku, "KEPT");
    Ok(())
}

#[tokio::test]
async fn a_cursor_from_before_a_restore_is_told_apart() -> Result<()> {
    let (mut server, device) = stocked().await?;
    let erp = System::of(&server).await?;
    let mut ledger = Ledger::default();
    let Some(file) = server.file() else { return Ok(()) };
    let backup = server.path("backup.db");
    server.store()?.backup(&backup).await?;
    work(&server, &device, 1).await?;
    ledger.read_on(&erp).await?;
    server.stop().await?;
    for leftover in ["lotbook.db-wal", "lotbook.db-shm"] {
        let _ = std::fs::remove_file(server.path(leftover));
    }
    std::fs::copy(&backup, &file)?;
    server.restart().await?;
    let erp = System { url: server.url()?, ..erp };
    let (status, answer) =
        erp.get(&format!("movements?after={}", ledger.cursor.context("a cursor")?)).await?;
    assert_eq!((status, &answer["code"]), (410, &json!("restored")), "{answer}");
    let mut anew = Ledger::default();
    anew.read_on(&erp).await?;
    anew.check(&server)
}
