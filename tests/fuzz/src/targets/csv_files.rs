//! CSV import and export. The input is a file of products, a line of equals signs, and a file of lots.

use std::fs;

use anyhow::{Context, Result};
use domain::{InventoryLot, key_text};
use server::DEFAULT_SITE;
use server::csv::{
    LOT_HEADER, PRODUCT_HEADER, Parsed, Source, read_lots, read_products, write_lot, write_product,
};
use server::export::export;
use server::import::{ImportOptions, ImportReport, import};
use server::store::KnownProduct;
use sync::UnixMillis;

use crate::site::{STOCKED, Site};

/// Separates the two files.
const SEPARATOR: &[u8] = b"\n=====\n";
const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

pub(super) fn csv_files(data: &[u8]) -> Result<()> {
    let site = Site::open()?;
    let cut = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
    let (products, lots) = cut.map_or((data, &[][..]), |at| (&data[..at], &data[at + SEPARATOR.len()..]));
    fs::write(site.path("products.csv"), products)?;
    fs::write(site.path("lots.csv"), lots)?;
    products_are_written_as_read(&site)?;
    lots_are_written_as_read(&site)?;
    a_strict_import_is_all_or_nothing(&site)?;
    let Ok(_) = brought_in(&site, true) else { return Ok(()) };
    site.assert_books_balance()?;
    let ImportReport { imported, .. } = brought_in(&site, true)?;
    assert_eq!((imported.added, imported.changed), (0, 0), "a file imported twice changed something");
    an_export_is_what_an_import_needs(&site)
}

fn check_bad<T>(parsed: &Parsed<T>) {
    for bad in &parsed.bad {
        assert!(bad.line > 0 && !bad.reason.is_empty(), "{bad}");
    }
}

fn products_are_written_as_read(site: &Site) -> Result<()> {
    let key_of = |sku: &str| key_text(sku).into_owned();
    let read = read_products(Source::open(&site.path("products.csv"))?, key_of);
    check_bad(&read);
    let mut writer = csv_writer(&PRODUCT_HEADER)?;
    read.lines.iter().try_for_each(|line| write_product(&mut writer, &line.record.product))?;
    let again = read_products(Source::text("again", text_of(writer)?), key_of);
    assert_eq!(again.bad, [], "a good product is bad when written");
    let products = |parsed: &Parsed<server::csv::ProductLine>| -> Vec<_> {
        parsed.lines.iter().map(|line| line.record.product.clone()).collect()
    };
    assert_eq!(products(&again), products(&read));
    Ok(())
}

fn lots_are_written_as_read(site: &Site) -> Result<()> {
    let known = KnownProduct { id: STOCKED, unit: "kg".to_owned() };
    let product_of = |_: &str| Some(&known);
    let read = read_lots(Source::open(&site.path("lots.csv"))?, product_of);
    check_bad(&read);
    let mut writer = csv_writer(&LOT_HEADER)?;
    for line in &read.lines {
        let record = &line.record;
        let row = InventoryLot {
            quantity: record.quantity,
            status: record.status.unwrap_or_default(),
            expires_on: record.expires_on.flatten(),
            received_on: record.received_on.flatten(),
            ..InventoryLot::empty(record.lot.clone())
        };
        write_lot(&mut writer, &line.sku, &row)?;
    }
    let again = read_lots(Source::text("again", text_of(writer)?), product_of);
    assert_eq!(again.bad, [], "a good lot is bad when written");
    for (again, line) in again.lines.iter().zip(&read.lines) {
        let (again, record) = (&again.record, &line.record);
        assert_eq!((&again.lot, again.quantity), (&record.lot, record.quantity));
        assert_eq!(again.status, Some(record.status.unwrap_or_default()));
        assert_eq!(again.expires_on, Some(record.expires_on.flatten()));
    }
    assert_eq!(again.lines.len(), read.lines.len());
    Ok(())
}

fn a_strict_import_is_all_or_nothing(site: &Site) -> Result<()> {
    let fresh = Site::open()?;
    let before = fresh.content()?;
    let options = options(site, false)?;
    match fresh.run(import(fresh.store(), options, NOW)) {
        Ok(report) => assert!(report.skipped.is_empty()),
        Err(_) => assert_eq!(fresh.content()?, before, "a refused import changed something"),
    }
    Ok(())
}

fn options(site: &Site, skip_bad: bool) -> Result<ImportOptions> {
    let open = |name| Source::open(&site.path(name)).map(Some);
    Ok(ImportOptions {
        site: DEFAULT_SITE.to_owned(),
        products: open("products.csv")?,
        lots: open("lots.csv")?,
        deliveries: None,
        skip_bad,
    })
}

fn brought_in(site: &Site, skip_bad: bool) -> Result<ImportReport> {
    let options = options(site, skip_bad)?;
    site.run(import(site.store(), options, NOW))
}

fn an_export_is_what_an_import_needs(site: &Site) -> Result<()> {
    let write = |site: &Site| -> Result<(String, String)> {
        let (products, lots) = (site.path("products.csv"), site.path("lots.csv"));
        site.run(export(site.store(), DEFAULT_SITE, &products, &lots, None))?;
        Ok((fs::read_to_string(products)?, fs::read_to_string(lots)?))
    };
    let exported = write(site)?;
    let copy = Site::empty()?;
    let options = options(site, false)?;
    copy.run(import(copy.store(), options, NOW)).context("an export is refused")?;
    assert_eq!(write(&copy)?, exported);
    let ImportReport { imported, .. } = brought_in(site, false)?;
    assert_eq!((imported.added, imported.changed), (0, 0), "an export imported again changed something");
    Ok(())
}

fn csv_writer(header: &[&str]) -> Result<csv::Writer<Vec<u8>>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    Ok(writer)
}

fn text_of(writer: csv::Writer<Vec<u8>>) -> Result<String> {
    Ok(String::from_utf8(writer.into_inner()?)?)
}
