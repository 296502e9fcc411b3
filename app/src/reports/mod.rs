//! Every lot with filters, and the report on value and expiry.

pub(crate) mod lot_filters;
pub(crate) mod lot_list;
mod lot_table;
pub(crate) mod lots;
pub(crate) mod report;
pub(crate) mod report_parts;
mod use_remote_lots;
