//! Limits on typed texts, and folding for search.

use sync::Refusal;

use crate::digits::ascii_digit;
use crate::key_text::{is_invisible, key_text};

/// Characters in a product's name.
pub const MAX_NAME_CHARS: usize = 200;
/// Characters in a SKU, lot code, location, order number, family or variant.
pub const MAX_CODE_CHARS: usize = 64;
/// Characters in a barcode.
pub const MAX_BARCODE_CHARS: usize = 128;
/// Characters in a unit's name.
pub const MAX_UNIT_CHARS: usize = 16;
/// Characters in a reason.
pub const MAX_REASON_CHARS: usize = 500;

/// Accents on one letter.
const MAX_MARKS_ON_A_LETTER: usize = 8;

/// Checks a text that may be empty.
pub(crate) fn check_optional(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    check_stored_optional(what, text, max_chars)?;
    if !text.trim().is_empty() && key_text(text).is_empty() || text.chars().any(is_harmful) {
        return Err(control_character(what));
    }
    if has_too_many_marks(text) {
        let message = format!("{what} has too many accents on one letter. Type it again.");
        return Err(Refusal::new("bad_marks", message));
    }
    Ok(())
}

/// Checks a text that must not be blank.
pub(crate) fn check_required(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    check_present(what, text)?;
    check_optional(what, text, max_chars)
}

/// Checks a text that may be empty and that a row may have since an earlier build, which allowed more characters.
pub(crate) fn check_stored_optional(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    let chars = text.chars().count();
    if chars > max_chars {
        let message = format!("{what} has {chars} characters; at most {max_chars} fit. Shorten it.");
        return Err(Refusal::new("too_long", message));
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(control_character(what));
    }
    Ok(())
}

/// Like [`check_stored_optional`], for a text that must not be blank.
pub(crate) fn check_stored(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    check_present(what, text)?;
    check_stored_optional(what, text, max_chars)
}

fn check_present(what: &str, text: &str) -> Result<(), Refusal> {
    // Also refuses a text of invisible characters.
    if key_text(text).is_empty() {
        return Err(Refusal::new("missing", format!("{what} is missing. Fill it in.")));
    }
    Ok(())
}

fn control_character(what: &str) -> Refusal {
    Refusal::new("bad_text", format!("{what} contains a control character. Type it again."))
}

/// Whether a character breaks lines, reorders its neighbours or controls a terminal: controls, line and paragraph
/// separators, the overrides and isolates of bidirectional text, and the byte order mark. The marks and joiners that
/// Arabic, Hebrew, Indic scripts and emoji need are not.
pub fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// A text as one harmless line, for names that are not refused, such as a device's and an author's. Harmful characters are
/// left out, and so are accents beyond the limit on one letter.
pub fn clean_line(text: &str, max_chars: usize) -> String {
    let mut marks = 0;
    let kept = text.chars().filter(|char| !is_harmful(*char)).filter(|char| {
        marks = if is_mark(*char) { marks + 1 } else { 0 };
        marks <= MAX_MARKS_ON_A_LETTER
    });
    let line: String = kept.take(max_chars).collect();
    // Invisible characters alone are no name.
    if key_text(&line).is_empty() { String::new() } else { line }
}

fn has_too_many_marks(text: &str) -> bool {
    let mut marks = 0;
    text.chars().any(|char| {
        marks = if is_mark(char) { marks + 1 } else { 0 };
        marks > MAX_MARKS_ON_A_LETTER
    })
}

/// Whether a character is drawn over the one before it: the blocks of combining marks that no script limits itself.
fn is_mark(char: char) -> bool {
    matches!(
        char,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Lower case without accents, so that `creme` finds `Crème`. Latin letters are folded, of any width, and digits of any
/// script; others stay as they are. It needs no tables of Unicode, because the labels of all products are folded.
pub fn fold_for_search(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii() {
            folded.push(char.to_ascii_lowercase());
        } else {
            char.to_lowercase().for_each(|lower| push_folded(&mut folded, lower));
        }
    }
    folded
}

fn push_folded(folded: &mut String, lower: char) {
    let plain = match lower {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '\u{300}'..='\u{36f}' => "",
        '\u{2018}' | '\u{2019}' => "'",
        '\u{2010}' | '\u{2011}' => "-",
        '\u{a0}' | '\u{3000}' => " ",
        '\u{ff01}'..='\u{ff5e}' => return folded.push(half_width(lower).to_ascii_lowercase()),
        invisible if is_invisible(invisible) => "",
        other => return folded.push(ascii_digit(other)),
    };
    folded.push_str(plain);
}

/// The ASCII character of a full-width one (U+FF01 to U+FF5E).
fn half_width(wide: char) -> char {
    char::from_u32(u32::from(wide).saturating_sub(0xfee0)).unwrap_or(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_case_and_accents() {
        assert_eq!(fold_for_search("Crème BRÛLÉE à l’Œuf"), "creme brulee a l'oeuf");
        assert_eq!(fold_for_search("Cre\u{300}me Straße"), "creme strasse");
        assert_eq!(fold_for_search("Вишня"), "вишня");
        assert_eq!(fold_for_search("\u{ff36}\u{ff49}n\u{ff0d}\u{ff11}\u{3000}\u{ff2c}"), "vin-1 l");
        assert_eq!(fold_for_search("A\u{2011}\u{200b}0\u{661}\u{ad}"), "a-01");
    }

    #[test]
    fn refuses_blank_long_and_control_texts() {
        for blank in [" ", "\u{200b}", " \u{feff}\u{ad} "] {
            assert_eq!(check_required("Name", blank, 9).expect_err("blank").code, "missing");
        }
        let long = check_required("Name", "ten letters", 9).expect_err("long");
        assert_eq!(long.message, "Name has 11 characters; at most 9 fit. Shorten it.");
        assert_eq!(check_optional("Name", "a\u{0}", 9).expect_err("control").code, "bad_text");
        assert_eq!(check_optional("Name", "", 9), Ok(()));
    }

    #[test]
    fn refuses_what_reorders_or_breaks_a_line() {
        for harmful in
            ["a\u{202e}b", "\u{2066}a", "a\u{9b}31m", "a\u{2028}b", "a\u{2029}", "\u{feff}a", "a\u{85}"]
        {
            for check in [check_required, check_optional] {
                assert_eq!(check("Name", harmful, 9).expect_err(harmful).code, "bad_text", "{harmful:?}");
            }
            assert_eq!(check_stored("Name", harmful, 9), Ok(()), "rows of earlier builds may have it");
        }
        assert_eq!(check_optional("Reason", "\u{200b}", 9).expect_err("nothing to see").code, "bad_text");
        for harmless in ["سیب\u{200c}ها", "\u{200f}תפוח", "क्\u{200d}ष", "👩\u{200d}🔧", "ab\u{ad}c", "", " "]
        {
            assert_eq!(check_optional("Name", harmless, 30), Ok(()), "{harmless:?}");
        }
    }

    #[test]
    fn bounds_the_accents_on_a_letter() {
        let with = |marks: usize| format!("a{}b", "\u{301}".repeat(marks));
        assert_eq!(check_optional("Name", &with(8), 99), Ok(()));
        assert_eq!(check_optional("Name", &with(9), 99).expect_err("a tower").code, "bad_marks");
        assert_eq!(clean_line(&with(50), 99), with(8));
    }

    #[test]
    fn a_cleaned_line_has_no_escapes() {
        assert_eq!(clean_line("Ada\nERROR \u{1b}[2J\0\u{202e}evil", 99), "AdaERROR [2Jevil");
        assert_eq!(clean_line("Zoë", 2), "Zo");
        assert_eq!(clean_line("\u{200b}\u{feff}", 9), "");
    }
}
