//! SKUs, lot codes, bins and delivery numbers are the same in every spelling: case, width, composition, invisible
//! characters.

use anyhow::{Context, Result};
use domain::{Action, LotRef, LotsAnswer, Product, ProductPatch, Quantity, Row};
use reqwest::Client;
use rusqlite::{Connection, params};
use server::DEFAULT_SITE;
use server::csv::Source;
use server::import::{ImportOptions, import};
use tests::{TestDevice, TestServer};
use uuid::Uuid;

use crate::deliveries::{HEADER, import_deliveries};
use crate::{lots_that_do_not_add_up, number, pick, receive, soap, stocked, vinegar};

/// `Crème`, composed and decomposed.
const COMPOSED: &str = "Cr\u{e8}me";
const DECOMPOSED: &str = "CRE\u{300}ME";

fn vinegar_lot(code: &str, location: &str) -> LotRef {
    LotRef::new(vinegar().id, code, location)
}

/// Code, bin and units of each lot on a device.
async fn lots_on(device: &TestDevice) -> Result<Vec<(String, String, i64)>> {
    let rows = device.rows().await?;
    let lots = rows.iter().filter_map(|held| held.row.lot());
    let mut lots: Vec<_> = lots
        .map(|row| (row.lot.lot_code.clone(), row.lot.location.clone(), row.quantity.0 / 1_000))
        .collect();
    lots.sort();
    Ok(lots)
}

fn listed(code: &str, location: &str, units: i64) -> (String, String, i64) {
    (code.to_owned(), location.to_owned(), units)
}

#[tokio::test]
async fn a_sku_is_taken_in_every_spelling() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ben.sync(&server).await?;
    for sku in ["vin-1", "\u{ff36}\u{ff29}\u{ff2e}\u{ff0d}\u{ff11}", "VIN\u{200b}-1", "\u{2060}Vin-1"] {
        let id = Uuid::new_v5(&Uuid::nil(), sku.as_bytes());
        ben.record(Action::CreateProduct(Product { id, sku: sku.to_owned(), ..soap() })).await?;
        ben.sync(&server).await?;
        let (_, outcome) = ben.attention().await?.pop().context("a refusal")?;
        assert_eq!(outcome.code, "sku_taken", "{sku:?}");
        assert_eq!(outcome.message, "SKU VIN-1 is already used by Rice vinegar. Choose another one.");
    }
    ada.record(Action::CreateProduct(soap())).await?;
    let patch = ProductPatch { sku: Some("\u{ff36}in-1".to_owned()), ..ProductPatch::default() };
    ada.record(Action::UpdateProduct { id: soap().id, patch }).await?;
    // Its own SKU in another case is no other product's.
    let patch = ProductPatch { sku: Some("vin-1".to_owned()), ..ProductPatch::default() };
    ada.record(Action::UpdateProduct { id: vinegar().id, patch }).await?;
    ada.sync(&server).await?;
    let refused: Vec<_> = ada.attention().await?.into_iter().map(|(_, outcome)| outcome.code).collect();
    assert_eq!(refused, ["sku_taken"]);
    assert_eq!(number(&server, "SELECT count(*) FROM products WHERE sku = 'vin-1'")?, 1);
    Ok(())
}

#[tokio::test]
async fn a_lot_is_one_in_every_spelling_of_its_code_and_bin() -> Result<()> {
    let (server, ada) = stocked().await?;
    let ben = server.device("Ben", "available").await?;
    ada.record(receive(&vinegar_lot(DECOMPOSED, "G\u{c4}NGE-1"), 5)).await?;
    ada.sync(&server).await?;
    ben.sync(&server).await?;
    ben.record(pick(&vinegar_lot(COMPOSED, "ga\u{308}nge\u{2011}\u{ff11}"), 2)).await?;
    // Stocked as L1 at A-1.
    ben.record(pick(&vinegar_lot("l\u{200b}1", "\u{feff}A-\u{200b}1"), 4)).await?;
    ben.record(receive(&vinegar_lot("\u{ff2c}\u{ff11}", "\u{ff21}\u{ff0d}\u{661}"), 1)).await?;
    ben.sync(&server).await?;
    ada.sync(&server).await?;
    let expected = [listed(DECOMPOSED, "G\u{c4}NGE-1", 3), listed("L1", "A-1", 7)];
    for device in [&ada, &ben] {
        assert_eq!(device.attention().await?, []);
        assert_eq!(lots_on(device).await?, expected, "the first spelling stays");
        assert_eq!(device.exceptions().await?, []);
    }
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    for code in ["%EF%BC%AC%EF%BC%91", "L%E2%80%8B1", "l1"] {
        let url = format!("{}/api/lots/by-code/{code}", server.url()?);
        let answer = Client::new().get(url).bearer_auth(ben.token()).send().await?.bytes().await?;
        let answer: LotsAnswer = serde_json::from_slice(&answer)?;
        assert_eq!(answer.products.iter().map(|found| found.lots.len()).sum::<usize>(), 1, "{code}");
    }
    Ok(())
}

#[tokio::test]
async fn a_code_of_invisible_characters_is_missing() -> Result<()> {
    let (server, device) = stocked().await?;
    device.record(receive(&vinegar_lot("\u{200b}\u{feff}", "A-1"), 1)).await?;
    device.sync(&server).await?;
    let (_, outcome) = device.attention().await?.pop().context("a refusal")?;
    assert_eq!(
        (outcome.code.as_str(), outcome.message.starts_with("Lot code is missing")),
        ("missing", true)
    );
    Ok(())
}

#[tokio::test]
async fn an_import_finds_rows_by_any_spelling_and_keeps_theirs() -> Result<()> {
    let (server, device) = stocked().await?;
    let options = |products: &str, lots: &str| ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::text("products.csv", products.to_owned())),
        lots: Some(Source::text("lots.csv", lots.to_owned())),
        deliveries: None,
        skip_bad: false,
    };
    let header = "sku,barcode,name,unit,price_minor,currency";
    let sku = "\u{ff56}in-\u{ff11}";
    let products = format!("{header}\n{sku},7622210434593,Rice vinegar,bottle,310,EUR\n");
    let lots = "sku,lot_code,location,quantity\nVIN\u{ad}-1,\u{ff4c}1,a\u{200b}-1,12\n";
    let report = import(server.store()?, options(&products, lots), server.clock().now()).await?;
    assert_eq!((report.imported.added, report.imported.changed), (0, 2));
    device.sync(&server).await?;
    let found = device.product(vinegar().id).await?.context("the product")?.row;
    assert_eq!(found, Product { price_minor: 310, ..vinegar() });
    assert_eq!(lots_on(&device).await?, [listed("L1", "A-1", 12)]);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);

    let twice = format!("{header}\nB-1,,Soap,each,1,EUR\n\u{ff42}-1,,Soap,each,1,EUR\n");
    let error =
        import(server.store()?, options(&twice, "sku,lot_code,location,quantity\n"), server.clock().now());
    let error = error.await.expect_err("one product in two lines").to_string();
    assert!(error.contains("line 3") && error.contains("stands in line 2 already"), "{error}");

    import_deliveries(&server, &format!("{HEADER}LS-{DECOMPOSED},Mill,2026-12-01,VIN-1,12\n"), false).await?;
    let again = format!("{HEADER}ls-{COMPOSED},Mill,2026-12-01,{sku},14\n");
    let report = import_deliveries(&server, &again, false).await?;
    assert_eq!((report.imported.added, report.imported.changed), (0, 1));
    device.sync(&server).await?;
    let deliveries = device.deliveries().await?;
    let numbers: Vec<_> = deliveries.iter().map(|delivery| delivery.number.as_str()).collect();
    assert_eq!(numbers, [format!("LS-{DECOMPOSED}")]);
    assert_eq!(deliveries[0].lines[0].expected, Quantity::units(14));
    Ok(())
}

/// The tables and keys of the build before keys were compared in one spelling.
const EARLIER: &str = "
    DROP INDEX products_by_sku;
    UPDATE products SET sku_key = sku;
    ALTER TABLE products DROP COLUMN sku_twin;
    CREATE UNIQUE INDEX products_by_sku ON products (site, sku_key) WHERE deleted_at IS NULL;
    DROP INDEX lots_by_code;
    ALTER TABLE inventory_lots DROP COLUMN code_key;
    CREATE INDEX lots_by_code ON inventory_lots (site, lot_code COLLATE NOCASE) WHERE deleted_at IS NULL;
    ALTER TABLE receipts DROP COLUMN rev;
    DROP INDEX clients_by_client;
    ALTER TABLE sites DROP COLUMN epoch_is_due;
    ALTER TABLE sites DROP COLUMN epoch_renewed_at;
    ALTER TABLE sites DROP COLUMN is_importing;
    DROP TABLE imports;
    DROP TABLE import_rows;
    ALTER TABLE clients DROP COLUMN acknowledged_seq;
    DROP TABLE ledger_months;
    DROP INDEX ledger_by_product;
    CREATE INDEX ledger_by_product ON stock_ledger (site, product_id, rev, line);
    CREATE INDEX ledger_by_lot ON stock_ledger (site, product_id, lot_id);
    DROP TRIGGER stock_ledger_loses_nothing;
    CREATE TRIGGER stock_ledger_loses_nothing BEFORE DELETE ON stock_ledger BEGIN SELECT RAISE (ABORT, 'append-only'); END;
    ALTER TABLE sites DROP COLUMN archived_rev;
    DROP INDEX receipts_by_age;
    DROP TABLE webhooks;
    DROP TABLE api_keys;
    DROP TABLE api_requests;
    DROP TABLE office_log;
    DROP TABLE office_sessions;
    DROP TABLE office_links;
    DROP TABLE office_roles;
    DROP TABLE office_accounts;
    DROP TABLE people;
    DROP TABLE site_settings;
    ALTER TABLE sites DROP COLUMN has_people;
    DROP INDEX orders_in_transit;
    ALTER TABLE orders DROP COLUMN to_site;
    ALTER TABLE orders DROP COLUMN arrived_at;
    ALTER TABLE orders DROP COLUMN settled_at;
    ALTER TABLE orders DROP COLUMN received;
    PRAGMA user_version = 7;";

/// Gives a lot another code, with the id that earlier builds gave it.
fn as_earlier(connection: &Connection, from: &LotRef, code: &str) -> Result<()> {
    let name = format!("{code}\u{1f}{}", from.location).to_ascii_uppercase();
    let id = Uuid::new_v5(&from.product_id, name.as_bytes());
    for table in ["inventory_lots", "stock_ledger", "order_lines"] {
        let sql = format!("UPDATE {table} SET lot_id = ?1, lot_code = ?2 WHERE lot_id = ?3");
        connection.execute(&sql, params![id, code, from.id()])?;
    }
    Ok(())
}

#[tokio::test]
async fn lots_of_an_earlier_build_are_found_by_their_new_ids() -> Result<()> {
    let (mut server, ada) = stocked().await?;
    let Some(file) = server.file() else { return Ok(()) };
    let [one, other, third] = ["X1", "X2", "X3"].map(|code| vinegar_lot(code, "B-1"));
    for (lot, units) in [(&one, 5), (&other, 7), (&third, 9)] {
        ada.record(receive(lot, units)).await?;
    }
    ada.record(crate::order(1, &other, 1)).await?;
    ada.record(Action::CreateProduct(soap())).await?;
    ada.sync(&server).await?;
    // Written while the server was away.
    ada.record(pick(&vinegar_lot(COMPOSED, "B-1"), 2)).await?;
    server.stop().await?;
    let connection = Connection::open(&file)?;
    let trigger: String = connection.query_row(
        "SELECT sql FROM sqlite_schema WHERE name = 'stock_ledger_keeps_entries'",
        [],
        |row| row.get(0),
    )?;
    connection.execute_batch("DROP TRIGGER stock_ledger_keeps_entries")?;
    as_earlier(&connection, &one, COMPOSED)?;
    as_earlier(&connection, &other, DECOMPOSED)?;
    as_earlier(&connection, &third, "\u{ff2c}1")?;
    connection.execute_batch(&trigger)?;
    connection.execute_batch(EARLIER)?;
    connection.execute("UPDATE products SET sku = 'vin-1', sku_key = 'vin-1' WHERE sku = 'SOAP-1'", [])?;
    drop(connection);

    server.restart().await?;
    assert!(ada.sync(&server).await?.complete);
    assert_eq!(ada.attention().await?, []);
    let lots = lots_on(&ada).await?;
    let units: Vec<_> = lots.iter().map(|(_, location, units)| (location.as_str(), *units)).collect();
    assert_eq!(units, [("B-1", 9), ("A-1", 10), ("B-1", 9)], "{lots:?}");
    assert_eq!(
        ada.lot(&vinegar_lot(DECOMPOSED, "b-1")).await?.context("a lot")?.row.quantity,
        Quantity::units(9)
    );
    assert_eq!(ada.lot(&vinegar_lot("L1", "B-1")).await?.context("a lot")?.row.quantity, Quantity::units(9));
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    let strays = "SELECT count(*) FROM stock_ledger AS entry WHERE NOT EXISTS (SELECT 1 FROM inventory_lots AS lot \
                  WHERE lot.site = entry.site AND lot.product_id = entry.product_id AND lot.lot_id = entry.lot_id)";
    assert_eq!(number(&server, strays)?, 0);
    let sold = "SELECT count(*) FROM order_lines JOIN inventory_lots USING (site, product_id, lot_id)";
    assert_eq!(number(&server, sold)?, 1);
    let changes = Connection::open(&file)?.execute("UPDATE stock_ledger SET delta = 0", []);
    assert!(changes.is_err(), "the ledger is still append-only");

    edit_two_products_of_one_sku(&server, &ada).await
}

/// Edits both products on a device and by a file, which names each by its own spelling.
async fn edit_two_products_of_one_sku(server: &TestServer, ada: &TestDevice) -> Result<()> {
    let rows = ada.rows().await?;
    let mut skus: Vec<_> =
        rows.iter().filter_map(|held| held.row.product()).map(|product| product.sku.as_str()).collect();
    skus.sort_unstable();
    assert_eq!(skus, ["VIN-1", "vin-1"]);
    for product in [vinegar(), soap()] {
        ada.record(crate::price(&product, 500)).await?;
    }
    ada.sync(server).await?;
    assert_eq!(ada.attention().await?, []);
    let products = "sku,barcode,name,unit,price_minor,currency\nVIN-1,7622210434593,Rice vinegar,bottle,1,EUR\n\
                    vin-1,,Soap,bottle,2,EUR\n";
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::text("products.csv", products.to_owned())),
        lots: None,
        deliveries: None,
        skip_bad: false,
    };
    let report = import(server.store()?, options, server.clock().now()).await?;
    assert_eq!((report.imported.added, report.imported.changed), (0, 2));
    ada.sync(server).await?;
    let price = |row: &Row| row.product().map(|product| (product.id, product.price_minor));
    let mut prices: Vec<_> = ada.rows().await?.iter().filter_map(|held| price(&held.row)).collect();
    prices.sort_unstable();
    assert_eq!(prices, [(vinegar().id, 1), (soap().id, 2)]);
    Ok(())
}
