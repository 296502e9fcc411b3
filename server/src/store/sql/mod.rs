//! The statements of the store, and the decisions that need them: the same for every engine. Each function runs in a
//! transaction of its caller.

mod api_keys;
mod api_reads;
mod api_store;
mod api_writes;
pub(crate) mod audit;
pub(crate) mod backlog;
pub(crate) mod convert;
pub(crate) mod devices;
pub(crate) mod engine;
mod exceptions;
pub(crate) mod export;
pub(crate) mod fair_queue;
pub(crate) mod history;
mod import;
mod import_run;
mod keys;
mod ledger_months;
pub(crate) mod load;
pub(crate) mod products;
pub(crate) mod pull;
pub(crate) mod purge;
pub(crate) mod push;
pub(crate) mod queued;
pub(crate) mod retention;
pub(crate) mod save;
pub(crate) mod session;
pub(crate) mod shape;
pub(crate) mod sites;
mod staging;
pub(crate) mod store;
pub(crate) mod unavailable;
pub(crate) mod webhook_events;
mod webhook_store;
pub(crate) mod webhooks;
