//! The spelling in which SKUs, lot codes, bins and delivery numbers are compared.
//!
//! It is Unicode's `NFKC_Casefold`, and more: a decimal digit of any script is the ASCII digit, U+2010 is the keyboard's
//! hyphen, and ASCII letters are in upper case, so that ASCII keys are what they were in earlier builds. Lot ids and
//! stored index keys depend on it: a change needs a migration of the server and of devices.

use std::borrow::Cow;

use crate::digits::ascii_digit;

/// The compared spelling of a key. Two texts with the same one are the same SKU, lot code, bin or delivery number.
pub fn key_text(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if !text.is_ascii() {
        return Cow::Owned(folded(text));
    }
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether both texts are the same key.
pub fn same_key(a: &str, b: &str) -> bool {
    a == b || key_text(a) == key_text(b)
}

fn folded(text: &str) -> String {
    let visible: String = text.chars().filter(|char| !is_invisible(*char)).collect();
    let plain = nfkc(&visible);
    // Lower case comes last, because later versions of Unicode add capitals to letters that had none. Letter by letter,
    // because a whole text's sigma depends on its place.
    let capitals = plain.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    let cased: String = capitals.flat_map(char::to_lowercase).collect();
    let cased = if cased == plain { plain } else { nfkc(&cased) };
    let ascii = |char| match char {
        '\u{2010}' => '-',
        other => ascii_digit(other).to_ascii_uppercase(),
    };
    cased.trim().chars().map(ascii).collect()
}

/// Whether a character is invisible: Unicode's default ignorables, and the controls beyond ASCII. (ASCII's are refused in
/// every text.)
pub(crate) fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Normalization form KC. It never changes for characters that are in use, so every browser and every server has the
/// same one.
#[cfg(not(target_arch = "wasm32"))]
fn nfkc(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;

    text.nfkc().collect()
}

/// The browser has the tables, which would be a large part of the app's size.
#[cfg(target_arch = "wasm32")]
fn nfkc(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKC").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_keys_are_those_of_earlier_builds() {
        for text in ["a-01", " A-01\t", "b 7/3", "", "LOT_9~z"] {
            assert_eq!(key_text(text), text.trim().to_ascii_uppercase(), "{text:?}");
        }
        assert!(matches!(key_text(" B-07-3 "), Cow::Borrowed("B-07-3")), "nothing is copied");
    }

    #[test]
    fn spellings_of_one_key_are_the_same() {
        let same = [
            // As full-width keyboards, spreadsheets and PDFs write them.
            ("\u{ff21}\u{ff22}\u{ff0d}\u{ff11}\u{ff12}", "AB-12"),
            ("\u{ff41}\u{ff42}\u{3000}\u{ff11}", "ab 1"),
            ("A\u{a0}1", "A 1"),
            ("\u{fb01}x", "FIX"),
            ("\u{212a}9", "k9"),
            ("M\u{b2}", "m2"),
            ("\u{217b}", "XII"),
            // Decomposed, as macOS names files.
            ("Cre\u{300}me", "CR\u{c8}ME"),
            ("\u{1100}\u{1161}", "\u{ac00}"),
            ("\u{ff76}\u{ff9e}", "\u{30ac}"),
            // Case.
            ("stra\u{df}e", "STRASSE"),
            ("STRA\u{1e9e}E", "strasse"),
            ("g\u{e4}nge", "G\u{c4}NGE"),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}"),
            ("\u{17f}", "S"),
            ("\u{431}", "\u{411}"),
            ("\u{130}", "i\u{307}"),
            // Invisible characters.
            ("A\u{200b}-\u{2060}01", "A-01"),
            ("\u{feff}A-01\u{200e}", "A-01"),
            ("A\u{ad}-01\u{fe0f}", "a-01"),
            ("\u{202b}A-01\u{202c} ", "A-01"),
            ("A-01 \u{200b}", "A-01"),
            ("A\u{2011}01", "A-01"),
            // Arabic: presentation forms, and the digits of the keyboard.
            ("\u{fefb}", "\u{644}\u{627}"),
            ("\u{fe91}\u{fe8e}\u{628}", "\u{628}\u{627}\u{628}"),
            ("A-\u{660}\u{661}", "A-01"),
        ];
        for (one, other) in same {
            assert!(
                same_key(one, other),
                "{one:?} and {other:?}: {:?}, {:?}",
                key_text(one),
                key_text(other)
            );
        }
        for (one, other) in [("e", "\u{e9}"), ("A-01", "A_01"), ("A 1", "A1"), ("\u{130}", "I"), ("O", "0")] {
            assert!(!same_key(one, other), "{one:?} and {other:?}");
        }
    }

    /// Scalar values without the bulk of those that no form changes: CJK, Hangul and private use.
    fn scalars() -> impl Iterator<Item = char> {
        let is_bulk = |code: &u32| matches!(code, 0x3400..0xa000 | 0xac00..0xd7a4 | 0xe000..0xf900);
        (0..0x2_0000).chain(0xe_0000..0xe_1000).filter(move |code| !is_bulk(code)).filter_map(char::from_u32)
    }

    #[test]
    fn the_key_of_a_key_is_itself() {
        let check = |text: &str| {
            let key = key_text(text).into_owned();
            assert_eq!(key_text(&key), key, "{text:?}");
            assert!(!key.chars().any(is_invisible), "{text:?}");
            assert_eq!(key_text(&nfkc(text)), key, "{text:?}");
        };
        for char in scalars() {
            check(char.encode_utf8(&mut [0; 4]));
            for after in ["\u{301}", "\u{345}", "\u{200d}1"] {
                check(&format!("a{char}{after}"));
            }
        }
        let odd = [
            "\u{130}", "\u{131}", "\u{df}", "\u{1e9e}", "\u{17f}", "\u{3a3}", "\u{3c2}", "\u{fb01}",
            "\u{212a}", "\u{ff21}", "\u{ff11}", "\u{fefb}", "e\u{301}", "\u{345}", "\u{1fb7}", "\u{1f80}",
            "\u{1c4}", "\u{390}", "\u{149}", "\u{1f0}", "\u{13a0}", "\u{ab70}", "\u{10d0}", "\u{1c90}",
            "\u{fdfa}", "\u{b4}", "\u{1100}", "\u{1161}", "\u{11a8}", "\u{3164}", "\u{34f}", "\u{327}",
            "\u{316}", " ", "i", "J", "-",
        ];
        for one in odd {
            for other in odd {
                for third in odd {
                    check(&[one, other, third].concat());
                }
            }
        }
    }

    #[test]
    fn case_never_makes_two_keys() {
        for char in scalars().filter(|char| char.is_alphabetic()) {
            let (text, lower) = (char.to_string(), char.to_lowercase().to_string());
            let upper = char.to_uppercase().to_string();
            assert_eq!(key_text(&text), key_text(&upper), "{char:?}");
            assert_eq!(key_text(&text), key_text(&lower), "{char:?}");
        }
    }
}
