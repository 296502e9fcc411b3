//! The state of syncing: the status line and its notices, the sync page, unsent changes, and enrolling.

pub(crate) mod announcer;
mod clock_words;
pub(crate) mod connectivity_status;
pub(crate) mod enrol;
pub(crate) mod no_worker;
pub(crate) mod notices;
pub(crate) mod save_unsent;
pub(crate) mod spoken_status;
pub(crate) mod storage_full;
pub(crate) mod sync_check;
pub(crate) mod sync_device;
pub(crate) mod sync_page;
pub(crate) mod sync_queue;
pub(crate) mod take_in;
pub(crate) mod unsent_table;
pub(crate) mod use_storage;
