//! What a device keeps in IndexedDB, shared by the app and the service worker.
//!
//! Server rows lie in pages of some hundreds, sorted by key: IndexedDB's cost is per record, not per byte. What changes
//! later is kept beside the pages until it is worth folding in. Queue, journal and settings are a record each.
//! [`IdbStore`] implements the engine's `Store` port; everything that is peculiar about IndexedDB stays in
//! `connection.rs` and `transaction.rs`.

mod commit;
mod connection;
mod filter;
mod filter_blocks;
mod known;
mod meta;
mod migrations;
mod outbox;
mod packing;
mod queue;
mod reserve;
mod rows;
mod store;
mod table;
mod table_change;
mod time_limit;
mod transaction;

pub use store::IdbStore;

/// The store of mutations that wait for the server or a person.
pub const MUTATION_QUEUE: &str = "mutation_queue";
/// The store of acknowledged mutations.
pub const JOURNAL: &str = "journal";
/// The store of cursors, the client's id, the server's epoch and settings.
pub const META: &str = "meta";
/// The setting that changes with every change of the rows.
const ROWS_VERSION: &str = "rows_version";
/// Where the number of the queue's changes lies; earlier builds count every one of them here.
const QUEUE_CHANGES: &str = "queue_version";
