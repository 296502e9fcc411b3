//! A seeded simulation: people on several devices, each with two windows and a worker on one storage, a network and a browser
//! that do everything wrong, and the real server logic on SQLite, in one thread under a virtual clock.
//!
//! A run follows from its seed alone. First everybody works while faults happen at every step, then it gets quiet, and after
//! a bounded time everything has to be where it belongs ([`check`]). A run that fails is cut down to what matters ([`shrink`]).

pub mod actor;
pub mod check;
pub mod clock;
pub mod device;
pub mod dice;
mod faults;
mod floor;
pub mod host;
pub mod network;
pub mod person;
pub mod server;
pub mod shrink;
pub mod store;
pub mod trace;
pub mod variant;
pub mod world;
