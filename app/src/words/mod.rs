//! Texts for people: languages, numbers and dates, and every enum in words.

pub(crate) mod action_words;
pub(crate) mod edit_words;
pub(crate) mod faults_in_words;
pub(crate) mod field_names;
pub(crate) mod format;
pub(crate) mod language;
pub(crate) mod local_storage;
pub(crate) mod lot_words;
pub(crate) mod movement_words;
pub(crate) mod reasons;
pub(crate) mod role_words;
