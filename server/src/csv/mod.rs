//! Products, lots and deliveries as CSV files with a header line.

mod deliveries;
mod file;
mod lots;
mod products;

pub use deliveries::{DELIVERY_HEADER, read_deliveries, write_delivery};
pub use file::{BadLine, Parsed, Source};
pub use lots::{LOT_HEADER, LotLine, read_lots, write_lot};
pub use products::{PRODUCT_HEADER, ProductLine, read_products, write_product};
