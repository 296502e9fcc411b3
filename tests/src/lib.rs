//! Shared by tests that need more than one crate: a server in this process, and devices that reach it over
//! HTTP.

mod authority;
mod books;
mod catalogue;
mod chromium;
mod native_transport;
mod patience;
pub mod processes;
mod receiver;
mod test_device;
mod test_server;

pub use authority::{Authority, CertificateFiles};
pub use books::{Books, ENGINE};
pub use catalogue::{Catalogue, LOTBOOK_DATA};
pub use chromium::{Chromium, Launch};
pub use native_transport::NativeTransport;
pub use patience::Patience;
pub use receiver::{Received, Receiver};
pub use test_device::TestDevice;
pub use test_server::TestServer;

/// The blocks of the description of an app of its own compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/your-own-app.md")]
pub struct YourOwnApp;
