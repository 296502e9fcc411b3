//! Import and export of files: they round-trip, and bad lines are reported before anything is written.

use std::fs;
use std::path::Path;

use anyhow::Result;
use server::DEFAULT_SITE;
use server::csv::Source;
use server::demo::demo;
use server::export::export;
use server::import::{ImportOptions, ImportReport, import, prepare};
use server::store::Consent;
use tempfile::TempDir;
use tests::{Catalogue, TestServer};

use crate::{lots_that_do_not_add_up, number};

const PRODUCTS: &str = "sku,barcode,name,unit,price_minor,currency\n";
const LOTS: &str = "sku,lot_code,location,quantity,status,expires_on,received_on\n";

pub(crate) async fn import_text(
    server: &TestServer,
    products: &str,
    lots: Option<&str>,
    skip_bad: bool,
) -> Result<ImportReport> {
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::text("products.csv", products.to_owned())),
        lots: lots.map(|lots| Source::text("lots.csv", lots.to_owned())),
        deliveries: None,
        skip_bad,
    };
    import(server.store()?, options, server.clock().now()).await
}

async fn exported(server: &TestServer, dir: &Path) -> Result<(String, String)> {
    let (products, lots) = (dir.join("out-products.csv"), dir.join("out-lots.csv"));
    export(server.store()?, DEFAULT_SITE, &products, &lots, None).await?;
    Ok((fs::read_to_string(products)?, fs::read_to_string(lots)?))
}

#[tokio::test]
async fn import_and_export_round_trip_without_changes() -> Result<()> {
    let (server, dir) = (TestServer::start().await?, TempDir::new()?);
    let catalogue = Catalogue::for_server(&server, dir.path())?;
    let first = catalogue.import_into(&server).await?;
    assert_eq!(first.skipped, []);
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    let rev = number(&server, "SELECT rev FROM sites")?;
    let again = catalogue.import_into(&server).await?;
    assert_eq!((again.imported.added, again.imported.changed), (0, 0));
    assert_eq!(again.imported.unchanged, first.imported.added);
    assert_eq!(number(&server, "SELECT rev FROM sites")?, rev, "unchanged rows keep their revision");

    let out = exported(&server, dir.path()).await?;
    let copy = TestServer::start().await?;
    import_text(&copy, &out.0, Some(&out.1), false).await?;
    assert_eq!(exported(&copy, dir.path()).await?, out);
    let most = number(
        &server,
        "SELECT max(rows) FROM (SELECT count(*) AS rows FROM inventory_lots GROUP BY rev) AS revs",
    )?;
    assert!(most <= 1_000, "{most} rows under one revision");
    Ok(())
}

#[tokio::test]
async fn bad_lines_are_named_and_nothing_is_written() -> Result<()> {
    let server = TestServer::start().await?;
    let products = format!(
        "{PRODUCTS}A,7622210434593,Apple,kg,100,EUR\nB,,Bread,each,1.50,EUR\nC,,,each,1,EUR\n\
         D,,Dates,each,1,euro\nE,,Eggs,each\nA,,Again,each,1,EUR\n"
    );
    let lots = format!(
        "{LOTS}A,L1,A-1,2.5,available,2027-01-31,\nA,L1,A-1,1,,,\nA,L2,A-1,x,available,,\nA,L3,A-1,1,sold,,\n\
         Z,L1,A-1,1,available,,\nA,L4,A-1,1,available,31.01.2027,\nA,L5,,1,available,,\nA,L6,A-1,0.0001,available,,\n"
    );
    let error = import_text(&server, &products, Some(&lots), false).await.expect_err("bad lines");
    let text = error.to_string();
    for part in [
        "products.csv, line 3, column price_minor: \"1.50\" is not a whole number of minor units, such as 240",
        "products.csv, line 4, column name: name is missing",
        "products.csv, line 5, column currency: currency \"euro\" is not a three-letter code such as EUR",
        "products.csv, line 6: it has 4 fields, the header has 6",
        "products.csv, line 7, column sku: SKU A stands in line 2 already",
        "lots.csv, line 3, column status: \"\" is none of available, reserved, quarantined, expired",
        "lots.csv, line 4, column quantity: \"x\" is not a number",
        "lots.csv, line 5, column status: \"sold\" is none of",
        "lots.csv, line 6, column sku: no product has the SKU \"Z\"; import its product first",
        "lots.csv, line 7, column expires_on: \"31.01.2027\" is not a date like 2026-11-24",
        "lots.csv, line 8, column location: bin is missing",
        "lots.csv, line 9, column quantity: \"0.0001\" has more than three decimals",
        "12 bad lines in all",
    ] {
        assert!(text.contains(part), "{text}\nlacks: {part}");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM products")?, 0);

    let report = import_text(&server, &products, Some(&lots), true).await?;
    assert_eq!((report.imported.added, report.skipped.len()), (2, 12));
    assert_eq!(number(&server, "SELECT quantity FROM inventory_lots")?, 2_500);
    Ok(())
}

#[tokio::test]
async fn files_with_a_wrong_header_or_format_are_refused() -> Result<()> {
    let server = TestServer::start().await?;
    for (text, part) in [
        ("", "the header lacks sku, barcode"),
        ("sku,name\nA,Apple\n", "the header lacks barcode, unit, price_minor, currency"),
        ("sku,sku,barcode,name,unit,price_minor,currency\n", "has the column \"sku\" twice"),
        ("PK\u{3}\u{4}\u{0}\u{0}binary", "the header lacks"),
    ] {
        let error = import_text(&server, text, None, false).await.expect_err(text);
        assert!(error.to_string().contains(part), "{error}");
    }
    let unclosed = format!("{PRODUCTS}A,\"never closed,Apple,each,1,EUR\nB,,Bread,each,1,EUR\n");
    let error = import_text(&server, &unclosed, None, false).await.expect_err("unclosed");
    let part = "line 2: lines 2 to 3 were read as one, because a quote in line 2 is not closed";
    assert!(error.to_string().contains(part), "{error}");
    let missing = Source::open(Path::new("nowhere.csv")).expect_err("missing");
    assert!(missing.to_string().contains("nowhere.csv cannot be read"), "{missing}");
    Ok(())
}

#[tokio::test]
async fn invalid_utf8_is_reported_with_its_line() -> Result<()> {
    let (server, dir) = (TestServer::start().await?, TempDir::new()?);
    let file = dir.path().join("latin1.csv");
    fs::write(&file, [PRODUCTS.as_bytes(), b"A,,Cr\xe8me,each,1,EUR\nB,,Bread,each,1,EUR\n"].concat())?;
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::open(&file)?),
        lots: None,
        deliveries: None,
        skip_bad: false,
    };
    let error = import(server.store()?, options, server.clock().now()).await.expect_err("not UTF-8");
    let expected = "latin1.csv, line 2: field 3 is not UTF-8 text; save the file as UTF-8";
    assert!(error.to_string().contains(expected), "{error}");
    Ok(())
}

#[tokio::test]
async fn columns_are_found_by_name_and_mistyped_barcodes_only_warn() -> Result<()> {
    let server = TestServer::start().await?;
    let products =
        "\u{feff}Name,currency,price_minor,unit,SKU,Barcode,shelf\nApple,EUR,100,each,A,7622210434594,x\n";
    let report = import_text(&server, products, None, false).await?;
    assert_eq!(report.imported.added, 1);
    let [warning] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    assert!(
        warning.contains("line 2: 7622210434594 has a wrong check digit: the last digit should be 3"),
        "{warning}"
    );
    Ok(())
}

#[tokio::test]
async fn an_import_books_differences_through_the_ledger() -> Result<()> {
    let server = TestServer::start().await?;
    let apple = format!("{PRODUCTS}A,,Apple,each,100,EUR\n");
    import_text(&server, &apple, Some(&format!("{LOTS}A,L1,A-1,5,available,,\n")), false).await?;
    let device = server.device("Ada", "available").await?;
    device.sync(&server).await?;
    let fewer = "sku,lot_code,location,quantity\nA,L1,A-1,3\nA,L2,A-1,0\n";
    let report = import_text(&server, &apple.replace("100", "120"), Some(fewer), false).await?;
    assert_eq!((report.imported.added, report.imported.changed), (1, 2));
    assert_eq!(number(&server, "SELECT sum(delta) FROM stock_ledger WHERE movement = 'import'")?, 3_000);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger")?, 2, "nothing moved for an empty lot");
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    let received = device.sync(&server).await?.received;
    assert_eq!(received, 3);
    Ok(())
}

#[tokio::test]
async fn importing_a_file_again_changes_picked_lots_only_with_consent() -> Result<()> {
    let server = TestServer::start().await?;
    let products = format!("{PRODUCTS}A,,Apple,each,100,EUR\n");
    let lots = format!("{LOTS}A,L1,A-1,10,available,,\nA,L2,A-1,5,available,,\n");
    import_text(&server, &products, Some(&lots), false).await?;
    let device = server.device("Ada", "available").await?;
    device.sync(&server).await?;
    let rows = device.rows().await?;
    let first = rows.iter().filter_map(|held| held.row.lot()).find(|row| row.lot.lot_code == "L1");
    let lot = first.expect("the lot").lot.clone();
    let pick_two = async || -> Result<()> {
        device.record(crate::pick(&lot, 2)).await?;
        device.sync(&server).await?;
        Ok(())
    };
    pick_two().await?;
    let options = ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: Some(Source::text("products.csv", products.replace("100", "120"))),
        lots: Some(Source::text("lots.csv", lots)),
        deliveries: None,
        skip_bad: false,
    };
    let store = server.store()?;
    let prepared = prepare(&store.known_keys(DEFAULT_SITE).await?, options, server.clock().now())?;
    let quantity = || number(&server, "SELECT quantity FROM inventory_lots WHERE lot_code = 'L1'");
    let rev = number(&server, "SELECT rev FROM sites")?;
    for consent in [Consent::Nothing, Consent::NoStock] {
        let report = prepared.write(store, consent).await?;
        assert!(!report.is_written);
        assert_eq!((report.imported.changed, report.imported.unchanged), (2, 1));
        assert_eq!(prepared.stock_listed(&report.stock), "  A L1 at A-1: 8 -> 10\n");
        assert_eq!((number(&server, "SELECT rev FROM sites")?, quantity()?), (rev, 8_000));
        assert_eq!(number(&server, "SELECT price_minor FROM products")?, 100, "all or nothing");
    }
    let asked = prepared.write(store, Consent::NoStock).await?.stock;
    pick_two().await?;
    let report = prepared.write(store, Consent::These(asked)).await?;
    assert_eq!((report.is_written, quantity()?), (false, 6_000), "the question was about other quantities");
    let report = prepared.write(store, Consent::These(report.stock)).await?;
    assert_eq!((report.is_written, quantity()?), (true, 10_000));
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    let again = prepared.write(store, Consent::NoStock).await?;
    assert_eq!((again.is_written, again.imported.unchanged), (true, 3), "no stock changes, no question");
    device.sync(&server).await?;
    device.record(crate::pick(&lot, 10)).await?;
    device.record(domain::Action::DeleteLot { lot: lot.clone() }).await?;
    device.sync(&server).await?;
    assert_eq!(device.attention().await?, []);
    let report = prepared.write(store, Consent::NoStock).await?;
    assert_eq!(
        prepared.stock_listed(&report.stock),
        "  A L1 at A-1: 0 -> 10\n",
        "a deleted lot would be back"
    );
    Ok(())
}

#[tokio::test]
async fn importing_a_renamed_products_old_sku_creates_one_new_product() -> Result<()> {
    let server = TestServer::start().await?;
    let apple = format!("{PRODUCTS}A,,Apple,each,100,EUR\n");
    import_text(&server, &apple, None, false).await?;
    let device = server.device("Ada", "available").await?;
    device.sync(&server).await?;
    let id = device.rows().await?[0].row.product().expect("the apple").id;
    let patch = domain::ProductPatch { sku: Some("A-OLD".into()), ..domain::ProductPatch::default() };
    device.record(domain::Action::UpdateProduct { id, patch }).await?;
    device.sync(&server).await?;
    import_text(&server, &apple, None, false).await?;
    import_text(&server, &apple, None, false).await?;
    device.sync(&server).await?;
    let rows = device.rows().await?;
    let mut skus: Vec<&str> = rows.iter().filter_map(|held| Some(held.row.product()?.sku.as_str())).collect();
    skus.sort_unstable();
    assert_eq!(skus, ["A", "A-OLD"]);
    Ok(())
}

#[tokio::test]
async fn the_demo_has_lots_of_every_status_and_open_deliveries() -> Result<()> {
    let server = TestServer::start().await?;
    let report = demo(server.store()?, DEFAULT_SITE, server.clock().now()).await?;
    assert_eq!((report.warnings, report.skipped), (Vec::new(), Vec::new()));
    let families = "SELECT count(DISTINCT family) FROM products WHERE family <> ''";
    assert!(number(&server, "SELECT count(*) FROM products")? >= 40 && number(&server, families)? >= 5);
    for status in ["available", "reserved", "quarantined", "expired"] {
        let lots = format!("SELECT count(*) FROM inventory_lots WHERE status = '{status}'");
        assert!(number(&server, &lots)? > 0, "{status}");
    }
    assert_eq!(number(&server, "SELECT count(*) FROM deliveries WHERE is_open")?, 2);
    let again = demo(server.store()?, DEFAULT_SITE, server.clock().now()).await.expect_err("not twice");
    assert!(again.to_string().contains("has products already"), "{again}");
    Ok(())
}

#[tokio::test]
async fn an_import_raises_and_clears_exceptions() -> Result<()> {
    let server = TestServer::start().await?;
    let ada = server.device("Ada", "all").await?;
    let listed = async || -> Result<Vec<(&str, i64)>> {
        ada.sync(&server).await?;
        let mut listed: Vec<_> =
            ada.exceptions().await?.iter().map(|odd| (odd.kind.code(), odd.after.0)).collect();
        listed.sort_unstable();
        Ok(listed)
    };
    let tea = |code: &str| format!("{PRODUCTS}TEA-1,{code},Tea,box,100,EUR\n");
    let both = |one: &str, two: &str| format!("{}TEA-2,{two},Green tea,box,100,EUR\n", tea(one));
    let below = format!("{LOTS}TEA-1,L1,A-1,-3,available,,\n");
    import_text(&server, &both("96385074", "96385074"), Some(&below), false).await?;
    assert_eq!(
        listed().await?,
        [("below_zero", -3_000), ("duplicate_barcode", 0)],
        "only one of the two has an exception"
    );
    let rev = number(&server, "SELECT rev FROM sites")?;
    import_text(&server, &both("96385074", "96385074"), Some(&below), false).await?;
    assert_eq!(number(&server, "SELECT rev FROM sites")?, rev, "the same file again changes nothing");
    import_text(&server, &both("96385074", "4006381333931"), Some(&below.replace("-3", "3")), false).await?;
    assert_eq!(listed().await?, []);
    // The products swap barcodes in one file.
    import_text(&server, &both("4006381333931", "96385074"), None, false).await?;
    assert_eq!(listed().await?, []);
    import_text(&server, &tea("96385074"), None, false).await?;
    assert_eq!(listed().await?.len(), 1, "duplicate of a product that is not in the file");
    let fixed = format!("{PRODUCTS}TEA-2,,Green tea,box,100,EUR\n");
    import_text(&server, &fixed, None, false).await?;
    assert_eq!(listed().await?, [], "the correction of the other product clears it");
    assert_eq!(lots_that_do_not_add_up(&server)?, 0);
    Ok(())
}
