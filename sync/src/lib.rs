//! The offline-first engine: the data a device keeps, the requests it sends, and their timing.
//!
//! Pure: no clock, no randomness, no IO. A [`Model`] defines the rows, a [`Store`] keeps them on the device,
//! a [`Transport`] reaches the server. [`run_round`] exchanges with the server until both sides are up to
//! date, and [`Scheduler`] decides when a round is due. A killed process is a dropped future: only stored
//! data counts.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod app_names;
mod audit;
mod clock;
mod host;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "testing")]
pub mod memory;
mod model;
mod mutation;
mod notice;
mod protocol;
mod relay;
mod round;
mod scheduler;
mod site;
mod sort;
mod store;
mod transport;
mod unsent;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use answer::{Answer, SIGN_IN_PATH};
pub use app_names::AppNames;
pub use audit::{
    AuditLimits, AuditPosition, AuditReport, AuditRequest, AuditResponse, Digest, MAX_AUDIT_RANGES,
    MAX_AUDIT_ROWS, MAX_REPAIR_ROWS, RangeDigest, Repair, audit_part, audit_when_due,
};
pub use clock::{ClockReading, HeardTime, ServerClock, StoredTime, StoredTimeFault};
pub use host::{Channel, Timer, Turn};
pub use model::{Identity, Model, Records, Refusal, RowKey, Rows, View, fold};
pub use mutation::{
    Draft, JournalRecord, JournalRecordOf, Mutation, QueueRecord, QueueRecordOf, QueueState, Settlement,
    SignedBy, UnixMillis, dependency,
};
pub use notice::Notice;
pub use protocol::{
    ALREADY_BOOKED, Cursor, ErrorBody, MAX_BATCH_BYTES, MAX_BATCH_MUTATIONS, MAX_PULL_ROWS, OTHER_SITE,
    OtherSite, Outcome, PROTOCOL_VERSION, Progress, Receipt, Removal, ReplacedRange, SyncRequest,
    SyncResponse, Verdict, Versioned, WITHDRAWN,
};
pub use relay::{Json, Relay, RelayedRow};
pub use round::{
    Changed, MAX_NAMED_KEYS, RoundError, RoundLimits, RoundProgress, RoundReport, run_round,
    server_has_tables, tables_of,
};
pub use scheduler::{Connection, Ended, Event, Order, Scheduler, SchedulerConfig};
pub use site::{held_site, hold_site};
pub use sort::{set_of, sort_by};
pub use store::{
    ActionIn, Commit, Committed, Outbox, Queue, QueueVersion, Read, Reading, RowIn, Store, StoreError,
};
pub use transport::{Transport, TransportError};
pub use unsent::{
    MAX_UNSENT_MUTATIONS, MIN_RECEIPT_DAYS, TakenIn, UNSENT_FORMAT, UNSENT_VERSION, Unsent, UnsentError,
};
