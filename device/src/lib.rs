//! Lotbook on a device without a browser: the offline client of `client/` on SQLite and reqwest.
//!
//! [`Device`] is the warehouse's face to a command line, a daemon or an app of another language. Everything below it
//! ([`HttpTransport`], [`NativeHost`], the store in `device-store`) serves any model. Futures are not `Send`: run them in
//! a `tokio::task::LocalSet` of a multi-threaded runtime, whose threads receive answers while rows are stored.

mod device;
mod enrol;
mod error;
mod events;
mod home;
mod host;
mod quantity;
mod stock;
mod transport;
mod work;

pub use device::{Device, Entry, Synced};
pub use enrol::{Link, connect};
pub use error::{DeviceError, Remedy};
pub use events::follow;
pub use home::{Home, Identity};
pub use host::{FileTurn, NativeHost, NativeTimer};
pub use stock::{Found, MAX_SHOWN_LOTS, NamedLot, ProductStock};
pub use transport::HttpTransport;
pub use work::{Count, Move, Pick, Receive, Saved};
