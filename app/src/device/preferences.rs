//! What this device's user chose. Kept by the browser; losing it loses settings, never work.

use domain::{GROUP_SEPARATOR, Scanner};
use serde::{Deserialize, Serialize};

use crate::words::local_storage;

/// Also read by `boot.js`, so that the first picture has the right colours.
const KEY: &str = "lotbook.preferences";

/// The colours of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    /// As the device has it.
    #[default]
    Auto,
    Light,
    Dark,
    Contrast,
}

impl Theme {
    pub(crate) const ALL: [Self; 4] = [Self::Auto, Self::Light, Self::Dark, Self::Contrast];

    /// As the style sheet and `boot.js` have it.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }
}

/// How scans are told from typing, and what they contain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ScannerPreferences {
    /// The longest gap between two keys of one scan.
    pub(crate) max_gap_millis: u32,
    /// The shortest code.
    pub(crate) min_chars: u32,
    /// What the scanner sends in place of the group separator.
    pub(crate) separator: char,
    /// Whether it has been seen to send separators.
    pub(crate) sends_separators: bool,
    /// Whether the scanner test was ever used.
    pub(crate) is_tested: bool,
    /// The same code within this time is one scan; 0 counts every scan.
    pub(crate) blanking_millis: u32,
}

impl Default for ScannerPreferences {
    fn default() -> Self {
        Self {
            max_gap_millis: 100,
            min_chars: 3,
            separator: GROUP_SEPARATOR,
            sends_separators: false,
            is_tested: false,
            blanking_millis: 0,
        }
    }
}

impl ScannerPreferences {
    /// What reading a scan needs of it.
    pub(crate) const fn scanner(&self) -> Scanner {
        Scanner { separator: self.separator, sends_separators: self.sends_separators }
    }
}

/// All choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    /// Whether scans are answered by sounds.
    pub(crate) sounds: bool,
    pub(crate) scanner: ScannerPreferences,
    /// Where goods come in before they are put away.
    pub(crate) receiving_bin: String,
    /// Whether the first-run guide was gone through or put aside.
    pub(crate) is_welcomed: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::Auto,
            sounds: true,
            scanner: ScannerPreferences::default(),
            receiving_bin: "RECEIVING".to_owned(),
            is_welcomed: false,
        }
    }
}

impl Preferences {
    /// As they were kept; the defaults for what was not.
    pub(crate) fn load() -> Self {
        local_storage::read(KEY).unwrap_or_default()
    }

    /// Keeps them and puts the colours in place.
    pub(crate) fn keep(&self) {
        local_storage::keep(KEY, self);
        let root = web_sys::window().and_then(|window| window.document()?.document_element());
        if let Some(root) = root {
            // They fail only for names that are none.
            drop(match self.theme {
                Theme::Auto => root.remove_attribute("data-theme"),
                theme => root.set_attribute("data-theme", theme.code()),
            });
        }
    }

    /// Changes them, as they are kept now.
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
    fn what_an_earlier_build_kept_is_read() {
        let read: Preferences =
            serde_json::from_str(r#"{"theme":"dark","scanner":{"min_chars":6}}"#).expect("json");
        assert_eq!((read.theme, read.scanner.min_chars, read.scanner.max_gap_millis), (Theme::Dark, 6, 100));
        assert_eq!(read.receiving_bin, "RECEIVING");
    }
}
