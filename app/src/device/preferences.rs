//! The preferences of this device's user. Stored by the browser; losing them loses settings, never mutations.

use domain::{GROUP_SEPARATOR, Scanner};
use serde::{Deserialize, Serialize};

use crate::words::local_storage;

/// Also read by `boot.js`, so that the first paint has the right colours.
const KEY: &str = "lotbook.preferences";

/// The colours of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    /// The device's setting.
    #[default]
    Auto,
    Light,
    Dark,
    Contrast,
}

impl Theme {
    pub(crate) const ALL: [Self; 4] = [Self::Auto, Self::Light, Self::Dark, Self::Contrast];

    /// The name in the style sheet and in `boot.js`.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }
}

/// How to tell scans from typing, and how to parse them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ScannerPreferences {
    /// The longest gap between two keys of one scan.
    pub(crate) max_gap_millis: u32,
    /// The minimum length of a code.
    pub(crate) min_chars: u32,
    /// The scanner's substitute for the group separator.
    pub(crate) separator: char,
    /// Whether the scanner was observed to send separators.
    pub(crate) sends_separators: bool,
    /// Whether the scanner was observed to end its scans with Enter or Tab.
    pub(crate) ends_with_key: bool,
    /// Whether the scanner test was ever used.
    pub(crate) is_tested: bool,
    /// Repeated scans of the same code within this time count as one; 0 counts every scan.
    pub(crate) blanking_millis: u32,
}

impl Default for ScannerPreferences {
    fn default() -> Self {
        Self {
            max_gap_millis: 100,
            min_chars: 3,
            separator: GROUP_SEPARATOR,
            sends_separators: false,
            ends_with_key: false,
            is_tested: false,
            blanking_millis: 0,
        }
    }
}

impl ScannerPreferences {
    /// The properties that parsing a scan needs.
    pub(crate) const fn scanner(&self) -> Scanner {
        Scanner { separator: self.separator, sends_separators: self.sends_separators }
    }
}

/// All preferences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    /// Whether scans are answered by sounds.
    pub(crate) sounds: bool,
    pub(crate) scanner: ScannerPreferences,
    /// The [`ScalePattern`](domain::ScalePattern) of scales' labels; empty where there are none.
    pub(crate) scale_pattern: String,
    /// The bin for received goods before they are put away.
    pub(crate) receiving_bin: String,
    /// Whether the first-run guide was completed or dismissed.
    pub(crate) is_welcomed: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::Auto,
            sounds: true,
            scanner: ScannerPreferences::default(),
            scale_pattern: String::new(),
            receiving_bin: "RECEIVING".to_owned(),
            is_welcomed: false,
        }
    }
}

impl Preferences {
    /// The stored preferences, with defaults for missing ones.
    pub(crate) fn load() -> Self {
        local_storage::read(KEY).unwrap_or_default()
    }

    /// Stores them and applies the colours.
    pub(crate) fn keep(&self) {
        local_storage::keep(KEY, self);
        let root = web_sys::window().and_then(|window| window.document()?.document_element());
        if let Some(root) = root {
            // They fail only for invalid names.
            drop(match self.theme {
                Theme::Auto => root.remove_attribute("data-theme"),
                theme => root.set_attribute("data-theme", theme.code()),
            });
        }
    }

    /// Changes the stored preferences.
    pub(crate) fn change(change: impl FnOnce(&mut Self)) -> Self {
        let mut preferences = Self::load();
        change(&mut preferences);
        preferences.keep();
        preferences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_of_an_earlier_build_are_read() {
        let read: Preferences =
            serde_json::from_str(r#"{"theme":"dark","scanner":{"min_chars":6}}"#).expect("json");
        assert_eq!((read.theme, read.scanner.min_chars, read.scanner.max_gap_millis), (Theme::Dark, 6, 100));
        assert_eq!((read.receiving_bin.as_str(), read.scale_pattern.as_str()), ("RECEIVING", ""));
    }
}
