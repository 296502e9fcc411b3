//! Hooks: what pages show, kept up to date.

mod use_book;
mod use_catalogue;
mod use_clock;
mod use_element;
mod use_history;
mod use_inbox;
mod use_live;
mod use_loaded;
mod use_offline_sync;
mod use_product;
mod use_provided;
mod use_queue;
mod use_storage;
mod use_survey;
mod use_update_ready;

pub(crate) use crate::book::Completeness;
pub(crate) use use_book::{use_book, use_book_version};
pub(crate) use use_catalogue::{CatalogueView, card_of, use_cards, use_catalogue, use_stock};
pub(crate) use use_clock::{offset_minutes, use_now, use_today};
pub(crate) use use_element::{use_element, use_modal};
pub(crate) use use_history::{History, Ledger, use_history};
pub(crate) use use_inbox::{Inbox, use_inbox, use_inbox_count};
pub(crate) use use_live::{Live, use_live};
pub(crate) use use_loaded::{Loaded, use_loaded};
pub(crate) use use_offline_sync::{OfflineSync, SyncProvider, use_sync};
pub(crate) use use_product::use_product;
pub(crate) use use_provided::use_provided;
pub(crate) use use_queue::{Recent, RecentState, use_queue, use_recent};
pub(crate) use use_storage::use_storage;
pub(crate) use use_survey::use_survey;
pub(crate) use use_update_ready::use_update_ready;
