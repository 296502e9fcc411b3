//! The frame around every page, the pages of the first wasm part, and the dispatch to the others.

pub(crate) mod home;
pub(crate) mod navigation;
pub(crate) mod not_found;
pub(crate) mod pages;
mod person_button;
pub(crate) mod root;
pub(crate) mod shell;
