//! The large numeric keypad, for gloves and for scanners that hide the soft keyboard.

use domain::NUMBER_SIGNS;
use yew::prelude::*;

use super::icon::{Glyph, icon};
use crate::words::language::{decimal_sign, t};

/// Maximum characters of a quantity: a billion with a sign and three decimals.
pub(crate) const MAX_QUANTITY_CHARS: usize = 15;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PadKey {
    /// 0 to 9.
    Digit(u8),
    /// The decimal sign.
    Point,
    /// Deletes the last character.
    Backspace,
}

/// `text` after the key. If `fresh`, the text is a proposal, and the first digit replaces it.
pub(crate) fn press(text: &str, key: PadKey, fresh: bool) -> String {
    let text = if fresh && key != PadKey::Backspace { "" } else { text };
    let full = text.chars().count() >= MAX_QUANTITY_CHARS;
    match key {
        PadKey::Backspace => {
            let mut chars = text.chars();
            chars.next_back();
            chars.as_str().to_owned()
        }
        PadKey::Digit(_) if full => text.to_owned(),
        PadKey::Digit(digit) if text == "0" => digit.to_string(),
        PadKey::Digit(digit) => format!("{text}{digit}"),
        PadKey::Point if full || text.contains(NUMBER_SIGNS) => text.to_owned(),
        PadKey::Point if text.is_empty() => format!("0{}", decimal_sign()),
        PadKey::Point => format!("{text}{}", decimal_sign()),
    }
}

/// The keypad. Its keys are not in the tab order, because keyboards have digits.
pub(crate) fn keypad(on_key: &Callback<PadKey>) -> Html {
    pad(on_key, true)
}

/// The keypad without a decimal point.
pub(crate) fn keypad_of_digits(on_key: &Callback<PadKey>) -> Html {
    pad(on_key, false)
}

fn pad(on_key: &Callback<PadKey>, has_point: bool) -> Html {
    const KEYS: [PadKey; 12] = [
        PadKey::Digit(1),
        PadKey::Digit(2),
        PadKey::Digit(3),
        PadKey::Digit(4),
        PadKey::Digit(5),
        PadKey::Digit(6),
        PadKey::Digit(7),
        PadKey::Digit(8),
        PadKey::Digit(9),
        PadKey::Point,
        PadKey::Digit(0),
        PadKey::Backspace,
    ];
    html! {
        <div class="keypad" role="group" aria-label={t("Keypad")} data-test="keypad">
            for key in KEYS {
                if has_point || key != PadKey::Point {
                    { pad_key(key, on_key) }
                } else {
                    <span />
                }
            }
        </div>
    }
}

fn pad_key(key: PadKey, on_key: &Callback<PadKey>) -> Html {
    let onclick = on_key.reform(move |_: MouseEvent| key);
    let (label, test, face) = match key {
        PadKey::Digit(digit) => (digit.to_string(), format!("key-{digit}"), digit.into()),
        PadKey::Point => (t("Decimal point").to_owned(), "key-point".to_owned(), decimal_sign().into()),
        PadKey::Backspace => {
            (t("Delete last digit").to_owned(), "key-back".to_owned(), icon(Glyph::Backspace))
        }
    };
    html! {
        <button class="key" type="button" tabindex="-1" aria-label={label} data-test={test} {onclick}>{ face }</button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[PadKey]) -> String {
        keys.iter().fold(String::new(), |text, key| press(&text, *key, false))
    }

    #[test]
    fn writes_numbers_that_parse() {
        use PadKey::{Backspace, Digit, Point};
        assert_eq!(typed(&[Digit(1), Digit(2)]), "12");
        assert_eq!(typed(&[Digit(0), Digit(5)]), "5");
        assert_eq!(typed(&[Point, Digit(5), Point, Digit(2)]), "0.52");
        assert_eq!(typed(&[Digit(1), Backspace, Backspace]), "");
        assert_eq!(typed(&[Digit(9); 40]).len(), MAX_QUANTITY_CHARS);
    }

    #[test]
    fn a_digit_replaces_a_proposal_and_backspace_edits_it() {
        assert_eq!(press("12", PadKey::Digit(5), true), "5");
        assert_eq!(press("12", PadKey::Point, true), "0.");
        assert_eq!(press("12", PadKey::Backspace, true), "1");
    }
}
