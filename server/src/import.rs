//! `import`: files into a site. With a bad line nothing is imported, unless bad lines are skipped.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;

use anyhow::{Result, bail};
use domain::delivery_number_key;
use indicatif::{ProgressBar, ProgressStyle};
use sync::UnixMillis;
use uuid::Uuid;

use crate::csv::{BadLine, LotLine, Parsed, ProductLine, Source, read_deliveries, read_lots, read_products};
use crate::store::{Import, Imported, OnRow, ProductRecord, Store};

/// Bad lines that are listed; the others are only counted.
const MAX_LISTED_LINES: usize = 50;
/// Ids tried for a SKU whose first id belongs to a product that has another SKU by now.
const MAX_ID_ATTEMPTS: u32 = 1_000;

/// The files to import, and the options.
#[derive(Debug)]
pub struct ImportOptions {
    /// The site; it is created if need be.
    pub site: String,
    /// The file of products, if any.
    pub products: Option<Source>,
    /// The file of lots, if any.
    pub lots: Option<Source>,
    /// The file of deliveries, if any.
    pub deliveries: Option<Source>,
    /// Imports the good lines of files with bad ones.
    pub skip_bad: bool,
}

/// The result of an import.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// The numbers of written rows.
    pub imported: Imported,
    /// Lines that were left out.
    pub skipped: Vec<BadLine>,
    /// Remarks.
    pub warnings: Vec<String>,
}

/// Imports files.
///
/// # Errors
/// A list of the bad lines, or the reason why a file or the database cannot be used. Nothing was written
/// then.
pub async fn import(store: &dyn Store, options: ImportOptions, now: UnixMillis) -> Result<ImportReport> {
    let ImportOptions { site, products, lots, deliveries, skip_bad } = options;
    store.ensure_site(&site).await?;
    let known = store.skus(&site).await?;
    let products = products.map_or_else(Parsed::default, read_products);
    let ids = ids_of(&site, &known, &products.lines)?;
    let product_of = |sku: &str| ids.get(sku).or_else(|| known.get(sku)).copied();
    let lots = lots.map_or_else(Parsed::default, |source| read_lots(source, product_of));
    let read = |source| read_deliveries(source, product_of, |number| delivery_id(&site, number));
    let deliveries = deliveries.map_or_else(Parsed::default, read);
    let bad: Vec<BadLine> = [products.bad, lots.bad, deliveries.bad].concat();
    if !bad.is_empty() && !skip_bad {
        bail!(
            "Nothing was imported. Correct these lines, or leave them out with --skip-bad.\n{}",
            listed(&bad)
        );
    }
    let warnings = products.warnings;
    let products: Vec<ProductRecord> = products.lines.into_iter().map(|line| with_id(line, &ids)).collect();
    let lots: Vec<_> = lots.lines.into_iter().map(|LotLine { record, .. }| record).collect();
    let deliveries = deliveries.lines;
    let rows = products.len() + lots.len() + deliveries.len();
    let (bar, on_row) = progress(rows);
    let imported = store.import(Import { site, products, lots, deliveries, now, on_row }).await;
    bar.finish_and_clear();
    Ok(ImportReport { imported: imported?, skipped: bad, warnings })
}

/// The id of a delivery, from its site and number. Case does not matter.
fn delivery_id(site: &str, number: &str) -> Uuid {
    let name = format!("lotbook:{site}:{}", delivery_number_key(number));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

fn with_id(line: ProductLine, ids: &HashMap<String, Uuid>) -> ProductRecord {
    let mut record = line.record;
    record.product.id = ids.get(&record.product.sku).copied().unwrap_or(record.product.id);
    record
}

/// The product id of each SKU in the file: that of the product which has the SKU already, else an id derived
/// from site and SKU, so that two imports of a file into empty databases create the same products.
fn ids_of(site: &str, known: &HashMap<String, Uuid>, lines: &[ProductLine]) -> Result<HashMap<String, Uuid>> {
    let taken: HashSet<Uuid> = known.values().copied().collect();
    let id_of = |sku: &str| {
        let names = (1..=MAX_ID_ATTEMPTS).map(|attempt| match attempt {
            1 => format!("lotbook:{site}:{sku}"),
            _ => format!("lotbook:{site}:{sku}\u{1f}{attempt}"),
        });
        let mut ids = names.map(|name| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()));
        known.get(sku).copied().or_else(|| ids.find(|id| !taken.contains(id)))
    };
    let mut ids = HashMap::with_capacity(lines.len());
    for line in lines {
        let sku = &line.record.product.sku;
        let Some(id) = id_of(sku) else { bail!("No id is left for a product with the SKU {sku}.") };
        ids.insert(sku.clone(), id);
    }
    Ok(ids)
}

/// Bad lines, one per line.
pub fn listed(bad: &[BadLine]) -> String {
    let mut text = String::new();
    for line in bad.iter().take(MAX_LISTED_LINES) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    if let Some(more) = bad.len().checked_sub(MAX_LISTED_LINES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more");
    }
    let _ = write!(text, "{} bad {} in all", bad.len(), if bad.len() == 1 { "line" } else { "lines" });
    text
}

/// A progress bar on a terminal, hidden elsewhere.
fn progress(rows: usize) -> (ProgressBar, OnRow) {
    /// Rows between two redraws of the bar.
    const STEP_ROWS: u64 = 500;
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(rows) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {eta} left") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let on_row = move |done: u64| {
        if done.is_multiple_of(STEP_ROWS) {
            shown.set_position(done);
        }
    };
    (bar, Arc::new(on_row))
}
