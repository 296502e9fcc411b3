//! `import`: files into a site. With a bad line nothing is imported, unless bad lines are skipped.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;

use anyhow::{Result, bail};
use domain::{LotRef, Product, delivery_number_key};
use indicatif::{ProgressBar, ProgressStyle};
use sync::UnixMillis;
use uuid::Uuid;

use crate::csv::{BadLine, LotLine, Parsed, ProductLine, Source, read_deliveries, read_lots, read_products};
use crate::store::{
    Consent, Import, ImportOutcome, Imported, Keyed, KnownKeys, KnownProduct, OnRow, ProductRecord,
    StockChange, Store,
};

/// Bad lines that are listed; the others are only counted.
const MAX_LISTED_LINES: usize = 50;
/// Changes of stock that are listed; the others are only counted.
const MAX_LISTED_CHANGES: usize = 10;
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
    /// The numbers of rows.
    pub imported: Imported,
    /// The changed quantities of lots that were in the book before.
    pub stock: Vec<StockChange>,
    /// Whether it was written. If not, these are the changes that it would have made.
    pub is_written: bool,
    /// Lines that were left out.
    pub skipped: Vec<BadLine>,
    /// Remarks.
    pub warnings: Vec<String>,
}

/// Parsed files.
#[derive(Clone, Debug)]
pub struct Prepared {
    import: Arc<Import>,
    /// The SKUs of the products whose lots are in a file.
    skus: HashMap<Uuid, String>,
    skipped: Vec<BadLine>,
    warnings: Vec<String>,
}

/// Imports files, with all changes of stock.
///
/// # Errors
/// Those of [`prepare`], or the reason why the database cannot be used. Nothing was written then.
pub async fn import(store: &dyn Store, options: ImportOptions, now: UnixMillis) -> Result<ImportReport> {
    let known = store.known_keys(&options.site).await?;
    prepare(&known, options, now)?.write(store, Consent::Everything).await
}

/// Parses files that are to be imported into a site with the `known` products and deliveries.
///
/// # Errors
/// A list of the bad lines, or the reason why a file cannot be used.
pub fn prepare(known: &KnownKeys, options: ImportOptions, now: UnixMillis) -> Result<Prepared> {
    let ImportOptions { site, products, lots, deliveries, skip_bad } = options;
    let read = |source| read_products(source, |sku| known.products.distinct(sku));
    let products = products.map_or_else(Parsed::default, read);
    let in_file = products_of(&site, known, &products.lines)?;
    let product_of = |sku: &str| {
        let spelled = in_file.spelled(sku).or_else(|| known.products.spelled(sku));
        spelled.or_else(|| in_file.get(sku)).or_else(|| known.products.get(sku))
    };
    let lots = lots.map_or_else(Parsed::default, |source| read_lots(source, product_of));
    let delivery_of =
        |number: &str| known.deliveries.get(number).copied().unwrap_or_else(|| delivery_id(&site, number));
    let read = |source| read_deliveries(source, product_of, delivery_of);
    let deliveries = deliveries.map_or_else(Parsed::default, read);
    let skipped: Vec<BadLine> = [products.bad, lots.bad, deliveries.bad].concat();
    if !skipped.is_empty() && !skip_bad {
        bail!(
            "Nothing was imported. Correct these lines, or leave them out with --skip-bad.\n{}",
            listed(&skipped)
        );
    }
    let warnings = products.warnings;
    let products: Vec<ProductRecord> =
        products.lines.into_iter().map(|line| with_id(line, &in_file)).collect();
    let skus = lots.lines.iter().map(|line| (line.record.lot.product_id, line.sku.clone())).collect();
    let lots: Vec<_> = lots.lines.into_iter().map(|LotLine { record, .. }| record).collect();
    let import = Arc::new(Import { site, products, lots, deliveries: deliveries.lines, now });
    Ok(Prepared { import, skus, skipped, warnings })
}

impl Prepared {
    /// Writes the rows, or none of them if `consent` does not go as far.
    ///
    /// # Errors
    /// When the database fails. Nothing was written then.
    pub async fn write(&self, store: &dyn Store, consent: Consent) -> Result<ImportReport> {
        let (bar, on_row) = progress(self.rows());
        let outcome = store.import(Arc::clone(&self.import), consent, on_row).await;
        bar.finish_and_clear();
        Ok(self.report(outcome?))
    }

    /// What an import into a site without rows would write.
    pub fn for_empty_site(&self) -> ImportReport {
        let imported = Imported { added: self.rows(), ..Imported::default() };
        self.report(ImportOutcome { imported, stock: Vec::new(), is_written: false })
    }

    /// The changes of stock as text, the first of them one per line.
    pub fn stock_listed(&self, stock: &[StockChange]) -> String {
        let mut text = String::new();
        for StockChange { lot, before, after } in stock.iter().take(MAX_LISTED_CHANGES) {
            let sku = self.skus.get(&lot.product_id).map_or("?", String::as_str);
            let LotRef { lot_code, location, .. } = lot;
            let (before, after) = (before.grouped(), after.grouped());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {sku} {lot_code} at {location}: {before} -> {after}");
        }
        if let Some(more) = stock.len().checked_sub(MAX_LISTED_CHANGES).filter(|more| *more > 0) {
            let _ = writeln!(text, "  and {} more", domain::with_groups(&more.to_string()));
        }
        text
    }

    /// The rows, the lines that were left out, and the remarks.
    pub(crate) fn into_parts(self) -> (Arc<Import>, Vec<BadLine>, Vec<String>) {
        (self.import, self.skipped, self.warnings)
    }

    fn rows(&self) -> u64 {
        let Import { products, lots, deliveries, .. } = &*self.import;
        u64::try_from(products.len() + lots.len() + deliveries.len()).unwrap_or(u64::MAX)
    }

    fn report(&self, outcome: ImportOutcome) -> ImportReport {
        let ImportOutcome { imported, stock, is_written } = outcome;
        let (skipped, warnings) = (self.skipped.clone(), self.warnings.clone());
        ImportReport { imported, stock, is_written, skipped, warnings }
    }
}

/// The id of a new delivery, from its site and number.
fn delivery_id(site: &str, number: &str) -> Uuid {
    let name = format!("lotbook:{site}:{}", delivery_number_key(number));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// The ids that a new product with this SKU may get, the preferred one first.
pub(crate) fn ids_of(site: &str, sku: &str) -> impl Iterator<Item = Uuid> {
    let names = (1..=MAX_ID_ATTEMPTS).map(move |attempt| match attempt {
        1 => format!("lotbook:{site}:{sku}"),
        _ => format!("lotbook:{site}:{sku}\u{1f}{attempt}"),
    });
    names.map(|name| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

fn with_id(line: ProductLine, in_file: &Keyed<KnownProduct>) -> ProductRecord {
    let mut record = line.record;
    record.product.id = in_file.get(&record.product.sku).map_or(record.product.id, |known| known.id);
    record
}

/// The product of each SKU in the file. Its id is that of the product which has the SKU already, else one
/// derived from site and SKU, so that two imports of a file into empty databases create the same products.
fn products_of(site: &str, known: &KnownKeys, lines: &[ProductLine]) -> Result<Keyed<KnownProduct>> {
    let KnownKeys { products: known, id_attempts, .. } = known;
    let taken: HashSet<Uuid> = known.values().map(|known| known.id).collect();
    let id_of = |sku: &str| {
        let mut ids = ids_of(site, sku).take(id_attempts.unwrap_or(usize::MAX));
        known.get(sku).map(|known| known.id).or_else(|| ids.find(|id| !taken.contains(id)))
    };
    let mut products = Keyed::default();
    for line in lines {
        let Product { sku, unit, .. } = &line.record.product;
        let Some(id) = id_of(sku) else { bail!("No id is left for a product with the SKU {sku}.") };
        products.insert(sku, KnownProduct { id, unit: unit.clone() });
    }
    Ok(products)
}

/// Bad lines, one per line.
pub fn listed(bad: &[BadLine]) -> String {
    let mut text = String::new();
    for line in bad.iter().take(MAX_LISTED_LINES) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    if let Some(more) = bad.len().checked_sub(MAX_LISTED_LINES).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {} more", domain::with_groups(&more.to_string()));
    }
    let lines: u64 = bad.iter().map(|bad| bad.lines).sum();
    let grouped = domain::with_groups(&lines.to_string());
    let _ = write!(text, "{grouped} bad {} in all", if lines == 1 { "line" } else { "lines" });
    text
}

/// A progress bar on a terminal, hidden elsewhere.
fn progress(rows: u64) -> (ProgressBar, OnRow) {
    /// Rows between two redraws of the bar.
    const STEP_ROWS: u64 = 500;
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
