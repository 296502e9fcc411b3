//! The Yew part: a page's ports, the hook that keeps it in sync, components that provide it, and the service
//! worker's registration.

pub(crate) mod download;
pub(crate) mod host;
mod listeners;
pub(crate) mod provider;
mod server_events;
pub(crate) mod service_worker;
mod stream_ears;
pub(crate) mod use_offline_sync;
pub(crate) mod use_provided;
pub(crate) mod use_rows;
pub(crate) mod use_task;
