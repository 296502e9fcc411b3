//! The engine's [`Store`](sync::Store) port on SQLite: a file that several processes may use at a time, or memory.
//!
//! Every method is one transaction. `Ok` from a write means that it is on the disk: the log is flushed at every commit
//! (WAL with `synchronous = FULL`). Calls run on the caller's thread.

mod commit;
mod database;
mod fault;
mod meta;
mod queue;
mod reindex;
mod reserve;
mod rows;
mod schema;
mod store;
#[cfg(test)]
mod tests;

pub use database::MAX_BUSY_MILLIS;
pub use store::SqliteStore;
