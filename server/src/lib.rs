//! The sync server: books mutations exactly once, sends changes to every device, and serves the app.
//!
//! [`booking`] decides and is pure, [`store`] is the port to the database, [`http`] the API. [`any`] serves
//! any other model in the same protocol. The other modules are the commands.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod any;
pub mod api_keys;
pub mod backups;
pub mod booking;
pub mod clock;
pub mod connections;
pub mod csv;
pub mod database;
pub mod database_lock;
pub mod demo;
pub mod enrolment;
pub mod export;
pub mod http;
pub mod import;
pub mod metrics;
pub mod office;
pub mod people;
mod private_file;
mod random;
pub mod serve;
pub mod store;
pub mod supabase;
pub mod unsent;
pub mod webhooks;

/// The default site of commands.
pub const DEFAULT_SITE: &str = "main";
