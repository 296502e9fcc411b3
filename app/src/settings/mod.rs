//! The settings, the scanner test, the printed commands, and the first-run guide.

pub(crate) mod commands;
pub(crate) mod scanner_keyboard;
pub(crate) mod scanner_report;
pub(crate) mod scanner_test;
pub(crate) mod scanner_words;
pub(crate) mod setting_parts;
pub(crate) mod setting_scale;
pub(crate) mod setting_scanner;
pub(crate) mod settings_page;
pub(crate) mod welcome;
