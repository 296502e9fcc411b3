//! What pages are made of.

pub(crate) mod announcer;
pub(crate) mod assign_code;
pub(crate) mod attention_card;
pub(crate) mod attention_list;
pub(crate) mod cart;
pub(crate) mod cart_line;
pub(crate) mod cart_store;
pub(crate) mod comparison;
pub(crate) mod connectivity_status;
pub(crate) mod exception_card;
pub(crate) mod lot_filters;
pub(crate) mod lot_list;
pub(crate) mod navigation;
pub(crate) mod notices;
pub(crate) mod save_unsent;
pub(crate) mod spoken_status;
pub(crate) mod stock_pane;
pub(crate) mod storage_full;
pub(crate) mod unknown_code_card;
pub(crate) mod unsent_table;
