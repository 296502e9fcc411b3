//! A small made-up warehouse. Its barcodes begin with 2, which GS1 reserves for internal use. Dates are
//! written as days from today, so that some lots are always about to expire.

use anyhow::{Context, Result, bail};
use domain::CalendarDate;
use sync::UnixMillis;

use crate::csv::Source;
use crate::import::{ImportOptions, ImportReport, import};
use crate::store::Store;

const PRODUCTS: &str = include_str!("../demo/products.csv");
const LOTS: &str = include_str!("../demo/lots.csv");
const DELIVERIES: &str = include_str!("../demo/deliveries.csv");
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// Fills an empty site, with `now` as today.
///
/// # Errors
/// When the site has products already, or the database fails.
pub async fn demo(store: &dyn Store, site: &str, now: UnixMillis) -> Result<ImportReport> {
    store.ensure_site(site).await?;
    if !store.known_keys(site).await?.products.is_empty() {
        bail!(
            "The site \"{site}\" has products already, and demo data must not mix with them. Use a new --database."
        );
    }
    let options = ImportOptions {
        site: site.to_owned(),
        products: Some(Source::text("demo/products.csv", PRODUCTS.to_owned())),
        lots: Some(Source::text("demo/lots.csv", dated(LOTS, now)?)),
        deliveries: Some(Source::text("demo/deliveries.csv", dated(DELIVERIES, now)?)),
        skip_bad: false,
    };
    import(store, options, now).await
}

/// Turns days from today, such as `+30`, into dates.
fn dated(file: &str, now: UnixMillis) -> Result<String> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers()?)?;
    for record in reader.records() {
        let record = record?;
        let fields: Vec<String> = record.iter().map(|field| in_days(field, now)).collect();
        writer.write_record(fields)?;
    }
    String::from_utf8(writer.into_inner()?).context("the demo data is no text")
}

fn in_days(field: &str, now: UnixMillis) -> String {
    let days = field.starts_with(['+', '-']).then(|| field.parse::<i64>().ok()).flatten();
    let date = |days: i64| CalendarDate::of(UnixMillis(now.0 + days * MILLIS_A_DAY), 0).to_string();
    days.map_or_else(|| field.to_owned(), date)
}
