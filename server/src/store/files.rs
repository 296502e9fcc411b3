//! What is imported from files, and exported to them.

use std::sync::Arc;

use domain::{CalendarDate, Delivery, InventoryLot, LotRef, LotStatus, Product, Quantity};
use serde::{Deserialize, Serialize};
use sync::UnixMillis;

/// A lot in a file. Fields without a column keep their values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotRecord {
    /// Which lot, where.
    pub lot: LotRef,
    /// On hand after the import.
    pub quantity: Quantity,
    /// Its status, if the file has the column.
    pub status: Option<LotStatus>,
    /// The last day it may be used, if the file has the column; the inner none for an empty field.
    pub expires_on: Option<Option<CalendarDate>>,
    /// The day it was received, if the file has the column.
    pub received_on: Option<Option<CalendarDate>>,
}

/// A product in a file. Family and variant keep their values if the file has no such columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRecord {
    /// The product; family and variant are empty if the file leaves them out.
    pub product: Product,
    /// Whether the file has a column of families.
    pub has_family: bool,
    /// Whether the file has a column of variants.
    pub has_variant: bool,
}

/// Progress callback: rows imported so far.
pub type OnRow = Arc<dyn Fn(u64) + Send + Sync>;

/// Rows to import into a site, all or none.
#[derive(Clone, Debug)]
pub struct Import {
    /// The site; it is created if need be.
    pub site: String,
    /// Products first: lots refer to them.
    pub products: Vec<ProductRecord>,
    /// Lots of these or of earlier products.
    pub lots: Vec<LotRecord>,
    /// Deliveries of these or of earlier products.
    pub deliveries: Vec<Delivery>,
    /// The server's clock.
    pub now: UnixMillis,
}

/// Another quantity of a lot that was in the book before an import, even if somebody has deleted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockChange {
    /// The lot.
    pub lot: LotRef,
    /// The quantity in the book; zero for a deleted lot.
    pub before: Quantity,
    /// The quantity in the file.
    pub after: Quantity,
}

/// What an import may write. If it would write more, it writes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Nothing, as a dry run.
    Nothing,
    /// New rows, and changes other than those of stock.
    NoStock,
    /// Everything, if these are the changes of stock.
    These(Vec<StockChange>),
    /// Everything.
    Everything,
}

impl Consent {
    /// Whether an import with these changes of stock may be written.
    pub fn allows(&self, stock: &[StockChange]) -> bool {
        match self {
            Self::Nothing => false,
            Self::NoStock => stock.is_empty(),
            Self::These(known) => known == stock,
            Self::Everything => true,
        }
    }
}

/// The result of an import, or what it would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOutcome {
    /// The numbers of rows.
    pub imported: Imported,
    /// The changes of stock, in the order of the file.
    pub stock: Vec<StockChange>,
    /// Whether it was written.
    pub is_written: bool,
}

/// The numbers of rows of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New rows.
    pub added: u64,
    /// Rows with other content.
    pub changed: u64,
    /// Rows with the same content, which keep their revision.
    pub unchanged: u64,
}

/// A row to be exported.
#[derive(Clone, Debug)]
pub enum ExportRow {
    /// A product.
    Product(Product),
    /// A lot, after all products.
    Lot(InventoryLot),
    /// A delivery, after all lots.
    Delivery(Delivery),
}

/// Receives the rows of an export; an error ends it.
pub type RowSink = Box<dyn FnMut(ExportRow) -> Result<(), String> + Send>;
