//! The device's IndexedDB storage, shared by the app and the service worker.
//!
//! Server rows are stored in pages of a few hundred, sorted by key: IndexedDB's cost is per record, not per
//! byte. Later changes are stored beside the pages until folding them in pays off. Queue, journal and
//! settings have one record per entry. [`IdbStore`] implements the engine's `Store` port; all workarounds for
//! IndexedDB are in `connection.rs` and `transaction.rs`.

mod commit;
mod connection;
mod filter;
mod filter_blocks;
mod known;
mod meta;
mod migrations;
mod outbox;
mod packing;
mod presence;
mod queue;
mod reserve;
mod rows;
mod save;
mod store;
mod table;
mod table_change;
mod time_limit;
mod transaction;

pub use store::IdbStore;

/// The store of pending mutations and of those that need a person's attention.
pub const MUTATION_QUEUE: &str = "mutation_queue";
/// The store of acknowledged mutations.
pub const JOURNAL: &str = "journal";
/// The store of cursors, the client's id, the server's epoch and settings.
pub const META: &str = "meta";
/// The setting whose value changes with every change of the rows.
const ROWS_VERSION: &str = "rows_version";
/// The key of the queue's change counter; earlier builds count every change of the queue here.
const QUEUE_CHANGES: &str = "queue_version";
