//! A large import: other sites go on working, and its own site sees all of it or nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use server::clock::Clock;
use server::csv::Source;
use server::import::{ImportOptions, prepare};
use server::store::{Consent, Import, ImportOutcome, ProductRecord, StoreFault};
use sync::{RoundError, TransportError};
use tests::Catalogue;
use uuid::Uuid;

use crate::{lot, number, product_named, receive, stocked, vinegar};

const OTHER: &str = "north";
/// Enough for several transactions of a large import.
const PRODUCTS: usize = 4_000;

fn options(files: &Catalogue) -> Result<ImportOptions> {
    Ok(ImportOptions {
        site: OTHER.to_owned(),
        products: Some(Source::open(&files.products)?),
        lots: Some(Source::open(&files.lots)?),
        deliveries: None,
        skip_bad: false,
    })
}

/// An import of products alone.
fn products(count: u32, price_minor: i64) -> Arc<Import> {
    let record = |number: u32| {
        let mut product = product_named(&format!("Product {number}"));
        product.id = Uuid::from_u128(u128::from(number) + 1);
        product.sku = format!("P-{number}");
        product.price_minor = price_minor;
        ProductRecord { product, has_family: true, has_variant: true }
    };
    Arc::new(Import {
        site: OTHER.to_owned(),
        products: (0..count).map(record).collect(),
        lots: Vec::new(),
        deliveries: Vec::new(),
        now: Clock::default().now(),
    })
}

#[tokio::test]
async fn while_a_site_imports_others_write_and_its_own_devices_see_all_or_nothing() -> Result<()> {
    let (server, ada) = stocked().await?;
    let token = server.enrol_at(OTHER).await?;
    let reader = tests::TestDevice::new("Reader", "all", token);
    reader.sync(&server).await?;
    let dir = tempfile::TempDir::new()?;
    let files = Catalogue::made(dir.path(), PRODUCTS)?;
    let known = server.store()?.known_keys(OTHER).await?;
    let prepared = prepare(&known, options(&files)?, server.clock().now())?;
    let importing = prepared.write(server.store()?, Consent::NoStock);
    let (mut slowest, mut picks, mut refused, mut seen) = (Duration::ZERO, 0, 0, Vec::new());
    let working = async {
        for _ in 0..1_000 {
            ada.record(receive(&lot(&vinegar(), "A-1"), 1)).await?;
            let began = Instant::now();
            ada.sync(&server).await?;
            slowest = slowest.max(began.elapsed());
            picks += 1;
            match reader.sync(&server).await {
                Ok(_) => seen.push(reader.rows().await?.len()),
                Err(error) => {
                    let error = error.downcast::<RoundError>()?;
                    let busy = TransportError::Busy { retry_after_millis: Some(2_000) };
                    assert_eq!(error, RoundError::Transport(busy));
                    refused += 1;
                }
            }
            if seen.last().is_some_and(|rows| *rows > 0) {
                break;
            }
        }
        anyhow::Ok(())
    };
    let (imported, worked) = tokio::join!(importing, working);
    worked?;
    let rows = usize::try_from(imported?.imported.added)?;
    assert_eq!(rows, PRODUCTS * 3);
    assert!(slowest < Duration::from_secs(1), "{slowest:?} for a write at another site");
    assert!(picks > 3 && refused > 0, "{picks} picks, {refused} refused");
    assert!(seen.iter().all(|seen| *seen == 0 || *seen == rows), "{seen:?}");
    assert_eq!(number(&server, "SELECT count(*) FROM import_rows")?, 0);
    let most = number(
        &server,
        "SELECT max(rows) FROM (SELECT count(*) AS rows FROM inventory_lots GROUP BY rev) AS revs",
    )?;
    assert!(most <= 1_000, "{most} rows under one revision");
    Ok(())
}

#[tokio::test]
async fn a_large_import_without_consent_or_with_a_stale_one_writes_nothing() -> Result<()> {
    let (server, _ada) = stocked().await?;
    let dir = tempfile::TempDir::new()?;
    let files = Catalogue::made(dir.path(), 700)?;
    let known = server.store()?.known_keys(OTHER).await?;
    let prepared = prepare(&known, options(&files)?, server.clock().now())?;
    let dry = prepared.write(server.store()?, Consent::Nothing).await?;
    assert_eq!((dry.imported.added, dry.is_written), (2_100, false));
    assert_eq!(number(&server, "SELECT count(*) FROM sites WHERE site = 'north'")?, 0);
    assert!(prepared.write(server.store()?, Consent::NoStock).await?.is_written);
    let rev = number(&server, "SELECT rev FROM sites WHERE site = 'north'")?;
    // All quantities differ now.
    let text = std::fs::read_to_string(&files.lots)?.replace(".5,", ".25,");
    std::fs::write(&files.lots, text)?;
    let known = server.store()?.known_keys(OTHER).await?;
    let prepared = prepare(&known, options(&files)?, server.clock().now())?;
    let refused = prepared.write(server.store()?, Consent::NoStock).await?;
    assert_eq!((refused.stock.len(), refused.is_written), (1_400, false));
    let stale = prepared.write(server.store()?, Consent::These(refused.stock[1..].to_vec())).await?;
    assert!(!stale.is_written);
    assert_eq!(number(&server, "SELECT rev FROM sites WHERE site = 'north'")?, rev);
    assert_eq!(number(&server, "SELECT count(*) FROM imports")?, 0);
    assert!(prepared.write(server.store()?, Consent::These(refused.stock)).await?.is_written);
    assert_eq!(number(&server, "SELECT count(*) FROM stock_ledger WHERE site = 'north'")?, 2_800);
    Ok(())
}

#[tokio::test]
async fn an_import_whose_process_died_is_written_to_its_end_or_dropped() -> Result<()> {
    let (server, _ada) = stocked().await?;
    let import = |import: Arc<Import>| async {
        server
            .store()?
            .import(import, Consent::Everything, Arc::new(|_| ()))
            .await
            .map_err(anyhow::Error::from)
    };
    let ImportOutcome { is_written, .. } = import(products(2_500, 100)).await?;
    assert!(is_written);
    for progress in ["staging", "applying"] {
        // As a process leaves them that ends in between.
        for (part, records) in (0..).zip(products(2_500, 200).products.chunks(100)) {
            let row = |(at, record)| {
                let content = serde_json::json!({ "Product": record });
                format!("('north', {}, '{content}')", 100 * part + at)
            };
            let rows: Vec<String> = (0..).zip(records).map(row).collect();
            server.books().run(&format!("INSERT INTO import_rows VALUES {}", rows.join(", ")))?;
        }
        let id = server.books().random_id();
        let closed = progress == "applying";
        server.books().run(&format!(
            "INSERT INTO imports (site, import_id, state, beats, booked_at) VALUES ('north', {id}, '{progress}', 3, 1795000000000);
             UPDATE sites SET is_importing = {closed} WHERE site = 'north'"
        ))?;
        let reads = server.store()?.history(OTHER, history_of(1)).await;
        assert_eq!(matches!(reads, Err(StoreFault::Importing)), closed);
        let mut ended = 0;
        for _ in 0..2 {
            ended += server.store()?.resume_imports().await?;
        }
        assert_eq!(ended, 1, "{progress}: the first look only notes it");
        for table in ["imports", "import_rows"] {
            assert_eq!(number(&server, &format!("SELECT count(*) FROM {table}"))?, 0, "{progress}");
        }
        let priced =
            number(&server, "SELECT count(*) FROM products WHERE site = 'north' AND price_minor = 200")?;
        assert_eq!(priced, if closed { 2_500 } else { 0 }, "{progress}");
        assert_eq!(number(&server, "SELECT count(*) FROM sites WHERE is_importing")?, 0);
    }
    let edits = number(&server, "SELECT count(*) FROM product_edits WHERE site = 'north'")?;
    assert_eq!(edits, 2_500);
    server.store()?.history(OTHER, history_of(1)).await.context("the site is open")?;
    Ok(())
}

fn history_of(product: u128) -> server::store::HistoryQuery {
    server::store::HistoryQuery { product: Uuid::from_u128(product), lot: None, before: None }
}
