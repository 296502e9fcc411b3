//! A seeded simulation: people on several devices, each with two windows and a worker on one storage, a
//! network and a browser with every kind of fault, and the real server logic in one thread under a
//! virtual clock, on SQLite or on a real PostgreSQL ([`books`]).
//!
//! A run depends on its seed alone. First everybody works while faults happen at every step, then the faults
//! end, and after a bounded time all invariants must hold ([`check`]). A failing run is shrunk to the
//! relevant decisions ([`shrink`]).

pub mod actor;
pub mod books;
pub mod check;
pub mod clock;
pub mod data;
pub mod device;
pub mod dice;
mod faults;
mod floor;
pub mod host;
pub mod network;
mod office;
pub mod person;
pub mod server;
pub mod shrink;
pub mod store;
pub mod trace;
pub mod variant;
pub mod world;
