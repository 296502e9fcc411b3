//! Decides a batch of mutations. Pure: a store loads the rows that [`Batch::needs`] names, [`book`] decides
//! over them, and the store writes [`Booked`], all in one transaction. The decisions do not depend on the
//! store's engine.

mod authors;
mod barcode;
mod batch;
mod book;
mod decode;
mod duplicate_barcode;
mod late_facts;
mod records;
mod rules;
mod scope;
mod unknown_codes;
mod wording;
mod working_set;

#[cfg(test)]
mod tests;

pub use authors::{Authors, KnownPerson, RoleSince};
pub(crate) use barcode::barcode_key;
pub use batch::{Batch, Needs};
pub use book::book;
pub use decode::DecodedAction;
pub(crate) use decode::decoded;
pub(crate) use late_facts::note_count;
pub use records::{Booked, BookedEffect, Known, StoredReceipt, StoredRow};
pub use scope::Scope;
pub(crate) use wording::{changed_fields, shortened};
