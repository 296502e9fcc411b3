//! The language of the screens. A text's English words are its key: `t("Receive")`.
//!
//! English needs no file. Every other language has a file, `/languages/{code}.json`, that maps keys to
//! translations; missing ones stay English. A new choice applies after the next reload, so that shown texts
//! never change in place. `tests/tests/languages.rs` finds the keys in the sources, and fails if a language
//! lacks one.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;

use js_sys::{Function, Intl, Object, Reflect};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use wasm_bindgen::JsValue;

use super::local_storage;

/// Every language: its code, and its name in that language.
pub(crate) const LANGUAGES: [(&str, &str); 4] =
    [("en", "English"), ("es", "Español"), ("de", "Deutsch"), ("ar", "العربية")];
/// The key of the choice in the browser's storage.
const CHOICE: &str = "lotbook.language";
/// The key of the language of the person who signed in last; it comes before the device's.
const OF_PERSON: &str = "lotbook.language_of_person";
/// The app's own language.
const ENGLISH: &str = "en";
/// Timeout of the start for translations; after that the app starts in English.
const LOAD_TIMEOUT_MILLIS: u32 = 4_000;

/// The translation of a key.
enum Words {
    One(String),
    /// By the plural categories of CLDR: `one`, `few`, `many`, `other` and others.
    ByCount(HashMap<String, String>),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

/// Written by hand: serde's untagged enums first buffer every value.
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

/// The parts of a date to show in languages other than English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateStyle {
    Day,
    Month,
    MonthAndYear,
}

impl DateStyle {
    /// Options of `Intl.DateTimeFormat`.
    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Day => &[("timeZone", "UTC"), ("month", "short"), ("year", "numeric"), ("day", "numeric")],
            Self::Month => &[("timeZone", "UTC"), ("month", "short")],
            Self::MonthAndYear => &[("timeZone", "UTC"), ("month", "short"), ("year", "numeric")],
        }
    }
}

/// A browser's format, created on first use: that takes longer than using it a hundred times.
type Format = OnceCell<Function>;

struct Translation {
    code: String,
    words: HashMap<String, Words>,
    plurals: Intl::PluralRules,
    /// By their style.
    dates: [Format; 3],
}

thread_local! {
    /// Set once, before the first text is shown, and then unchanged until a reload.
    static TRANSLATION: OnceCell<&'static Translation> = const { OnceCell::new() };
}

fn translation() -> Option<&'static Translation> {
    TRANSLATION.with(|translation| translation.get().copied())
}

/// Marks a text as a key that is translated later.
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

/// A text with values for its `{name}` placeholders.
pub(crate) fn tf(english: &'static str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    filled(t(english), values)
}

/// A text that depends on a count, with the placeholder `{n}`. The key is the English plural.
pub(crate) fn tn(count: usize, singular: &'static str, plural: &'static str) -> String {
    let english = if count == 1 { singular } else { plural };
    let words = translation().and_then(|translation| {
        let Words::ByCount(forms) = translation.words.get(plural)? else { return None };
        forms.get(&translation.category(count)).or_else(|| forms.get("other")).map(String::as_str)
    });
    filled(words.unwrap_or(english), &[("n", &grouped(count))])
}

/// A count with digit groups: `100,000`.
pub(crate) fn grouped(count: usize) -> String {
    with_groups(&count.to_string())
}

/// Digits in groups of three: `100,000`, `100.000`.
pub(crate) fn with_groups(digits: &str) -> String {
    let text = domain::with_groups(digits);
    if decimal_sign() == ',' { text.replace(',', ".") } else { text }
}

/// The decimal separator: `.` or `,`.
pub(crate) fn decimal_sign() -> char {
    if matches!(current(), "de" | "es") { ',' } else { '.' }
}

fn filled(words: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut text = String::with_capacity(words.len() + 16);
    let mut rest = words;
    // Only the pattern is searched: inserted values may contain braces.
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

/// Data within a sentence: in right-to-left languages, codes and numbers keep their own direction (UAX #9).
pub(crate) fn isolated(data: &str) -> String {
    if is_right_to_left(current()) { format!("\u{2068}{data}\u{2069}") } else { data.to_owned() }
}

/// A number with its sign or currency, isolated so that in right-to-left languages the minus does not move
/// behind it.
pub(crate) fn as_number(text: String) -> String {
    if is_right_to_left(current()) { format!("\u{2066}{text}\u{2069}") } else { text }
}

impl Translation {
    fn category(&self, count: usize) -> String {
        // Counts of goods and changes are far below the limit of exact floats.
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let selected = self.plurals.select(count);
        String::from(selected)
    }

    /// The locale for the browser's formats, always with the digits of codes and keypads.
    fn locale(&self) -> js_sys::Array {
        js_sys::Array::of1(&format!("{}-u-nu-latn", self.code).into())
    }
}

/// The language of the screens.
pub(crate) fn current() -> &'static str {
    translation().map_or(ENGLISH, |translation| &translation.code)
}

/// Loads the chosen language. Call it once, before the first render.
pub(crate) async fn load() {
    let code = chosen();
    if code != ENGLISH {
        let path = format!("/languages/{code}.json");
        // If the file has errors, the app starts in English.
        if let Ok(Some(words)) = browser::get_json(&path, LOAD_TIMEOUT_MILLIS).await {
            let plurals = Intl::PluralRules::new(&js_sys::Array::of1(&code.as_str().into()), &Object::new());
            let dates = Default::default();
            let loaded: &'static Translation =
                Box::leak(Box::new(Translation { code, words, plurals, dates }));
            // `load` is called only once.
            TRANSLATION.with(|translation| {
                let _ = translation.set(loaded);
            });
        }
    }
    if let Some(root) = web_sys::window().and_then(|window| window.document()?.document_element()) {
        // They fail only for invalid names.
        drop(root.set_attribute("lang", current()));
        drop(root.set_attribute("dir", if is_right_to_left(current()) { "rtl" } else { "ltr" }));
    }
}

fn is_right_to_left(code: &str) -> bool {
    matches!(code, "ar" | "fa" | "he" | "ur")
}

/// Sets the language; it applies after the next reload.
pub(crate) fn choose(code: &str) {
    local_storage::forget(OF_PERSON);
    local_storage::keep_text(CHOICE, code);
}

/// Sets the language of a person; without one, it is the device's. Returns whether a reload changes the language.
pub(crate) fn choose_for_person(code: Option<&str>) -> bool {
    match code {
        Some(code) => local_storage::keep_text(OF_PERSON, code),
        None => local_storage::forget(OF_PERSON),
    }
    chosen() != current()
}

/// The language of the person, else the device's choice, else the first of the browser's languages with a translation.
fn chosen() -> String {
    let kept = local_storage::text(OF_PERSON).or_else(|| local_storage::text(CHOICE));
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

/// A day, given by its first millisecond in UTC, in a style of the language; `None` for English, which the
/// app formats itself.
pub(crate) fn localized_date(unix_millis: f64, style: DateStyle) -> Option<String> {
    let translation = translation()?;
    let format = translation.dates[style as usize].get_or_init(|| {
        let options = Object::new();
        for (name, choice) in style.options() {
            // `set` fails only for values that are not objects.
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
    fn english_needs_no_translations() {
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
    fn values_replace_their_placeholders() {
        assert_eq!(tf("{what} at {where}", &[("where", &"A-1"), ("what", &5)]), "5 at A-1");
        assert_eq!(tf("{what}!", &[("what", &"{where}")]), "{where}!", "values are not looked through");
        assert_eq!(tf("50 % {", &[]), "50 % {");
    }
}
