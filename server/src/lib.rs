//! The sync server: books mutations exactly once, tells every device what changed, and serves the app.
//!
//! [`booking`] decides, purely. [`store`] keeps, behind a trait. [`http`] answers. The rest are the commands.

pub mod booking;
pub mod clock;
pub mod csv;
pub mod demo;
pub mod enrolment;
pub mod export;
pub mod http;
pub mod import;
mod random;
pub mod serve;
pub mod store;
pub mod unsent;

/// The site that commands mean when none is named.
pub const DEFAULT_SITE: &str = "main";
