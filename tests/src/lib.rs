//! Shared by tests that need more than one crate: a server in this process, and devices that reach it over
//! HTTP.

mod catalogue;
mod native_transport;
mod test_device;
mod test_server;

pub use catalogue::{Catalogue, LOTBOOK_DATA};
pub use native_transport::NativeTransport;
pub use test_device::TestDevice;
pub use test_server::TestServer;
