//! The inbox: exceptions, refused changes, and unknown codes.

pub(crate) mod assign_code;
pub(crate) mod attention_card;
pub(crate) mod attention_list;
pub(crate) mod comparison;
mod comparison_table;
pub(crate) mod conflict_card;
pub(crate) mod exception_card;
pub(crate) mod field_choice;
pub(crate) mod inbox_page;
pub(crate) mod resolving;
pub(crate) mod unknown_code_card;
pub(crate) mod use_inbox;
