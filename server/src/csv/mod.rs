//! Products, lots and deliveries as CSV files with a header line.

mod barcode;
mod deliveries;
mod encoding;
mod file;
mod layout;
mod lots;
mod number;
mod products;
mod quotes;
mod records;

pub use deliveries::{DELIVERY_HEADER, read_deliveries, write_delivery};
pub use encoding::FileEncoding;
pub use file::{BadLine, Item, Parsed, Reading, Source};
pub use lots::{LOT_HEADER, LotLine, read_lots, write_lot};
pub use number::DecimalSign;
pub(crate) use number::quantity;
pub use products::{PRODUCT_HEADER, ProductLine, read_products, write_product};
