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

/// Checks a text that may be empty.
pub(crate) fn check_optional(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    let chars = text.chars().count();
    if chars > max_chars {
        let message = format!("{what} has {chars} characters; at most {max_chars} fit. Shorten it.");
        return Err(Refusal::new("too_long", message));
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Refusal::new("bad_text", format!("{what} contains a control character. Type it again.")));
    }
    Ok(())
}

/// Checks a text that must not be blank.
pub(crate) fn check_required(what: &str, text: &str, max_chars: usize) -> Result<(), Refusal> {
    // Also refuses a text of invisible characters.
    if key_text(text).is_empty() {
        return Err(Refusal::new("missing", format!("{what} is missing. Fill it in.")));
    }
    check_optional(what, text, max_chars)
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
}
