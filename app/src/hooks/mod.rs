//! Hooks: what pages show, kept up to date.

pub(crate) mod use_book;
pub(crate) mod use_history;
pub(crate) mod use_inbox;
pub(crate) mod use_offline_sync;
pub(crate) mod use_provided;
pub(crate) mod use_storage;
pub(crate) mod use_update_ready;
