//! The scanner settings: how scans differ from typing, and how they are parsed.

use domain::{GROUP_SEPARATOR, ascii_digits};
use yew::prelude::*;
use yew_router::Routable;

use super::setting_parts::{Choice, choices};
use super::setting_parts::{Kept, change, section, setting};
use crate::device::preferences::ScannerPreferences;
use crate::route::Route;
use crate::ui::button::link_button;
use crate::ui::field::Field;
use crate::words::language::{t, tf};

/// Common substitutes for the separator in scanner settings.
const SUBSTITUTES: [char; 5] = ['~', '^', '|', '#', '{'];

/// A numeric setting of the scanner, with bounds.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    MaxGap,
    MinChars,
    Blanking,
}

impl Number {
    const ALL: [Self; 3] = [Self::MaxGap, Self::MinChars, Self::Blanking];

    /// Minimum and maximum.
    const fn bounds(self) -> (u32, u32) {
        match self {
            Self::MaxGap => (20, 500),
            Self::MinChars => (1, 20),
            Self::Blanking => (0, 10_000),
        }
    }

    const fn of(self, scanner: &ScannerPreferences) -> u32 {
        match self {
            Self::MaxGap => scanner.max_gap_millis,
            Self::MinChars => scanner.min_chars,
            Self::Blanking => scanner.blanking_millis,
        }
    }

    const fn put(self, scanner: &mut ScannerPreferences, number: u32) {
        match self {
            Self::MaxGap => scanner.max_gap_millis = number,
            Self::MinChars => scanner.min_chars = number,
            Self::Blanking => scanner.blanking_millis = number,
        }
    }

    const fn id(self) -> &'static str {
        match self {
            Self::MaxGap => "max-gap",
            Self::MinChars => "min-chars",
            Self::Blanking => "blanking",
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::MaxGap => (
                t("Longest gap between keys (milliseconds)"),
                t("Slower keys count as typing. The scanner test measures it."),
            ),
            Self::MinChars => (t("Shortest code (characters)"), t("Shorter entries count as typing.")),
            Self::Blanking => (
                t("Ignore repeats within (milliseconds)"),
                t("For scanners that read a label twice; 0 counts every scan."),
            ),
        }
    }

    /// The typed number, if it is within its bounds.
    fn read(self, typed: &str) -> Option<u32> {
        let (least, most) = self.bounds();
        ascii_digits(typed.trim()).parse().ok().filter(|number| (least..=most).contains(number))
    }
}

/// The preferences, owned by the page.
#[derive(Properties, PartialEq)]
pub(crate) struct ScannerSettingsProps {
    pub(crate) kept: Kept,
}

/// The section.
#[component]
pub(crate) fn ScannerSettings(props: &ScannerSettingsProps) -> Html {
    let kept = &props.kept;
    let typed = use_state(|| Number::ALL.map(|number| number.of(&kept.scanner).to_string()));
    let field = |(nth, number): (usize, Number)| {
        let on_change = {
            let (typed, kept) = (typed.clone(), kept.clone());
            Callback::from(move |text: String| {
                if let Some(read) = number.read(&text) {
                    change(&kept, |preferences| number.put(&mut preferences.scanner, read));
                }
                let mut all = (*typed).clone();
                all[nth] = text;
                typed.set(all);
            })
        };
        number_field(number, &typed[nth], on_change)
    };
    let test =
        link_button("button", Route::ScannerTest.to_path(), t("Test the scanner").into(), "to-scanner-test");
    let content = html! {
        <>
            { setting(t("Scan a label and see what the scanner sends."), test) }
            <div class="setting-block">
                <p>{ t("The scanner sends the group separator as") }</p>
                { separators(kept) }
            </div>
            <div class="fields">{ for Number::ALL.into_iter().enumerate().map(field) }</div>
        </>
    };
    section(t("Scanner"), content)
}

fn number_field(number: Number, typed: &str, on_change: Callback<String>) -> Html {
    let (label, hint) = number.words();
    let (least, most) = number.bounds();
    let fault = number.read(typed).is_none().then(|| {
        tf("Type a whole number from {least} to {most}.", &[("least", &least), ("most", &most)]).into()
    });
    Field {
        id: number.id(),
        label,
        value: typed,
        on_change,
        hint,
        fault,
        keyboard: "numeric",
        ..Field::default()
    }
    .view()
}

/// The options for the separator.
fn separators(kept: &Kept) -> Html {
    let chosen = kept.scanner.separator;
    let is_listed = |char| char == GROUP_SEPARATOR || SUBSTITUTES.contains(&char);
    let more = (!is_listed(chosen)).then_some(chosen);
    let all = [GROUP_SEPARATOR].into_iter().chain(SUBSTITUTES).chain(more).map(|char| Choice {
        code: char.to_string(),
        word: if char == GROUP_SEPARATOR { t("Itself (GS)").to_owned() } else { char.to_string() },
        lang: None,
        is_chosen: char == chosen,
    });
    let kept = kept.clone();
    let on_choose = Callback::from(move |code: String| {
        let separator = code.chars().next().unwrap_or(GROUP_SEPARATOR);
        change(&kept, |preferences| {
            preferences.scanner.separator = separator;
            // The observation was about another character.
            preferences.scanner.sends_separators = false;
        });
    });
    choices(t("Group separator"), all.collect(), &on_choose, "separator")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_within_bounds_are_accepted() {
        assert_eq!(Number::MaxGap.read(" 80 "), Some(80));
        for wrong in ["", "19", "501", "8.5", "-80", "eighty"] {
            assert_eq!(Number::MaxGap.read(wrong), None, "{wrong}");
        }
        assert_eq!(Number::Blanking.read("0"), Some(0));
        for number in Number::ALL {
            assert!(number.read(&number.of(&ScannerPreferences::default()).to_string()).is_some());
        }
    }
}
