//! The frame around every page, the pages that the app starts with, and the page at each other address.

pub(crate) mod home;
pub(crate) mod navigation;
pub(crate) mod not_found;
pub(crate) mod pages;
pub(crate) mod root;
pub(crate) mod shell;
