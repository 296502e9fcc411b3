//! The language of the screens. A text's English words are its key: `t("Receive")`.
//!
//! English needs nothing. Every other language is a file, `/languages/{code}.json`, that maps keys to its words; what it lacks
//! stays English. The choice counts from the next start of the page on, so that a text never changes while it is shown.
//! `tests/tests/languages.rs` finds the keys in the sources, and fails where a language lacks one.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;

use js_sys::{Function, Intl, Object, Reflect};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use wasm_bindgen::JsValue;

use super::local_storage;

/// Every language: its code, and its name for those who speak it.
pub(crate) const LANGUAGES: [(&str, &str); 4] =
    [("en", "English"), ("es", "Español"), ("de", "Deutsch"), ("ar", "العربية")];
/// Where the browser keeps the choice.
const CHOICE: &str = "lotbook.language";
/// The app's own.
const ENGLISH: &str = "en";
/// A start does not wait longer for words; it is English then.
const LOAD_TIMEOUT_MILLIS: u32 = 4_000;

/// A key's words in one language.
enum Words {
    One(String),
    /// By the plural categories of CLDR: `one`, `few`, `many`, `other` ...
    ByCount(HashMap<String, String>),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

/// By hand: what serde makes of an untagged enum keeps every value in a form of its own first.
struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("words")
    }

    fn visit_str<E>(self, words: &str) -> Result<Words, E> {
        Ok(Words::One(words.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words, A::Error> {
        let mut forms = HashMap::new();
        while let Some((category, words)) = map.next_entry()? {
            forms.insert(category, words);
        }
        Ok(Words::ByCount(forms))
    }
}

/// What is shown of a date in other languages than English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateStyle {
    Day,
    Month,
    MonthAndYear,
}

impl DateStyle {
    /// Of `Intl.DateTimeFormat`.
    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Day => &[("timeZone", "UTC"), ("month", "short"), ("year", "numeric"), ("day", "numeric")],
            Self::Month => &[("timeZone", "UTC"), ("month", "short")],
            Self::MonthAndYear => &[("timeZone", "UTC"), ("month", "short"), ("year", "numeric")],
        }
    }
}

/// A browser's format, made at first use: making one takes longer than using it a hundred times.
type Format = OnceCell<Function>;

struct Translation {
    code: String,
    words: HashMap<String, Words>,
    plurals: Intl::PluralRules,
    numbers: Format,
    /// By their style.
    dates: [Format; 3],
}

thread_local! {
    /// Set once, before the first text is shown, and then kept as long as the page.
    static TRANSLATION: OnceCell<&'static Translation> = const { OnceCell::new() };
}

fn translation() -> Option<&'static Translation> {
    TRANSLATION.with(|translation| translation.get().copied())
}

/// Marks a text as a key where it is translated only later.
pub(crate) const fn key(english: &'static str) -> &'static str {
    english
}

/// A text in the language of the screens.
pub(crate) fn t(english: &'static str) -> &'static str {
    match translation().and_then(|translation| translation.words.get(english)) {
        Some(Words::One(words)) => words,
        _ => english,
    }
}

/// A text with values in the places that `{name}` marks.
pub(crate) fn tf(english: &'static str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    filled(t(english), values)
}

/// A text that depends on a count, which `{n}` marks. The key is the English plural.
pub(crate) fn tn(count: usize, singular: &'static str, plural: &'static str) -> String {
    let english = if count == 1 { singular } else { plural };
    let words = translation().and_then(|translation| {
        let Words::ByCount(forms) = translation.words.get(plural)? else { return None };
        forms.get(&translation.category(count)).or_else(|| forms.get("other")).map(String::as_str)
    });
    filled(words.unwrap_or(english), &[("n", &grouped(count))])
}

/// A count in groups of three: `100,000`.
pub(crate) fn grouped(count: usize) -> String {
    if let Some(words) = localized_number(f64::from(u32::try_from(count).unwrap_or(u32::MAX))) {
        return words;
    }
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn filled(words: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut text = String::with_capacity(words.len() + 16);
    let mut rest = words;
    // Only the pattern is looked through: what is put in may have brackets of its own.
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, following)) = after.split_once('}') else { break };
        text.push_str(before);
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            text.push_str(&isolated(&value.to_string()));
        }
        rest = following;
    }
    text.push_str(rest);
    text
}

/// Data within a sentence: where reading goes from right to left, codes and numbers keep their own direction (UAX #9).
pub(crate) fn isolated(data: &str) -> String {
    if is_right_to_left(current()) { format!("\u{2068}{data}\u{2069}") } else { data.to_owned() }
}

/// A number with its sign or currency: nothing in it has a direction of its own, and a minus must not end up behind.
pub(crate) fn as_number(text: String) -> String {
    if is_right_to_left(current()) { format!("\u{2066}{text}\u{2069}") } else { text }
}

impl Translation {
    fn category(&self, count: usize) -> String {
        // Every count of goods or changes is far below the floats that are not whole.
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let selected = self.plurals.select(count);
        String::from(selected)
    }

    /// The language for the browser's own formats, always with the digits that codes and keypads have.
    fn locale(&self) -> js_sys::Array {
        js_sys::Array::of1(&format!("{}-u-nu-latn", self.code).into())
    }
}

/// The language of the screens.
pub(crate) fn current() -> &'static str {
    translation().map_or(ENGLISH, |translation| &translation.code)
}

/// Loads the chosen language. Call it once, before anything is shown.
pub(crate) async fn load() {
    let code = chosen();
    if code != ENGLISH {
        let path = format!("/languages/{code}.json");
        // Whatever is wrong with the file, an English screen is better than none.
        if let Ok(Some(words)) = browser::get_json(&path, LOAD_TIMEOUT_MILLIS).await {
            let plurals = Intl::PluralRules::new(&js_sys::Array::of1(&code.as_str().into()), &Object::new());
            let (numbers, dates) = (Format::new(), Default::default());
            let loaded: &'static Translation =
                Box::leak(Box::new(Translation { code, words, plurals, numbers, dates }));
            // It is called once.
            TRANSLATION.with(|translation| {
                let _ = translation.set(loaded);
            });
        }
    }
    if let Some(root) = web_sys::window().and_then(|window| window.document()?.document_element()) {
        // They fail only for names that are none.
        drop(root.set_attribute("lang", current()));
        drop(root.set_attribute("dir", if is_right_to_left(current()) { "rtl" } else { "ltr" }));
    }
}

fn is_right_to_left(code: &str) -> bool {
    matches!(code, "ar" | "fa" | "he" | "ur")
}

/// Chooses a language; it counts from the next start of the page on.
pub(crate) fn choose(code: &str) {
    local_storage::keep_text(CHOICE, code);
}

/// What was chosen, else the first of the browser's languages that there are words for.
fn chosen() -> String {
    let kept = local_storage::text(CHOICE);
    let is_code =
        |code: &String| (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    kept.filter(is_code).or_else(preferred).unwrap_or_else(|| ENGLISH.to_owned())
}

fn preferred() -> Option<String> {
    let languages = web_sys::window()?.navigator().languages();
    languages.iter().filter_map(|language| language.as_string()).find_map(|language| {
        let code = language.split('-').next()?.to_ascii_lowercase();
        LANGUAGES.iter().any(|(known, _)| *known == code).then_some(code)
    })
}

/// A number as the language has it; none in English, which the app writes itself.
pub(crate) fn localized_number(number: f64) -> Option<String> {
    let translation = translation()?;
    let format = translation
        .numbers
        .get_or_init(|| Intl::NumberFormat::new(&translation.locale(), &Object::new()).format());
    formatted(format, number)
}

/// A day, given by its first millisecond in UTC, in a style of the language; none in English, which the app writes itself.
pub(crate) fn localized_date(unix_millis: f64, style: DateStyle) -> Option<String> {
    let translation = translation()?;
    let format = translation.dates[style as usize].get_or_init(|| {
        let options = Object::new();
        for (name, choice) in style.options() {
            // It fails only for what is no object.
            drop(Reflect::set(&options, &(*name).into(), &(*choice).into()));
        }
        Intl::DateTimeFormat::new(&translation.locale(), &options).format()
    });
    formatted(format, unix_millis)
}

fn formatted(format: &Function, value: f64) -> Option<String> {
    format.call1(&JsValue::UNDEFINED, &value.into()).ok()?.as_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_needs_no_words() {
        assert_eq!(t("Receive"), "Receive");
        assert_eq!(tn(1, "{n} lot", "{n} lots"), "1 lot");
        assert_eq!(tn(0, "{n} lot", "{n} lots"), "0 lots");
        assert_eq!(current(), "en");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn values_stand_where_their_names_were() {
        assert_eq!(tf("{what} at {where}", &[("where", &"A-1"), ("what", &5)]), "5 at A-1");
        assert_eq!(tf("{what}!", &[("what", &"{where}")]), "{where}!", "values are not looked through");
        assert_eq!(tf("50 % {", &[]), "50 % {");
    }
}
