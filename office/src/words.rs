//! The language of the page: that of the app, from the same files. The English text is the key: `t("Devices")`.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt::Display;

use gloo_net::http::Request;
use serde_json::Value;

/// Languages with a file.
const LANGUAGES: [&str; 3] = ["ar", "de", "es"];
/// The key of the app's choice in the browser's storage.
const CHOICE: &str = "lotbook.language";
const ENGLISH: &str = "en";

struct Translation {
    code: String,
    words: HashMap<String, Value>,
}

thread_local! {
    /// Set once, before the first text is shown.
    static TRANSLATION: OnceCell<&'static Translation> = const { OnceCell::new() };
}

fn translation() -> Option<&'static Translation> {
    TRANSLATION.with(|translation| translation.get().copied())
}

/// A text in the language of the page.
pub(crate) fn t(english: &'static str) -> &'static str {
    let words = translation().and_then(|translation| translation.words.get(english)?.as_str());
    words.unwrap_or(english)
}

/// A text with values for its `{name}` placeholders. Inserted values are not looked through.
pub(crate) fn tf(english: &'static str, values: &[(&str, &dyn Display)]) -> String {
    let (mut text, mut rest) = (String::new(), t(english));
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

/// Data within a sentence: in right-to-left languages, names and numbers keep their own direction (UAX #9).
fn isolated(data: &str) -> String {
    if is_right_to_left() { format!("\u{2068}{data}\u{2069}") } else { data.to_owned() }
}

fn is_right_to_left() -> bool {
    current() == "ar"
}

/// The language of the page.
pub(crate) fn current() -> &'static str {
    translation().map_or(ENGLISH, |translation| &translation.code)
}

/// Loads the language that was chosen in the app, else the browser's. Without the file the page stays English.
pub(crate) async fn load() {
    let code = chosen();
    if LANGUAGES.contains(&code.as_str())
        && let Ok(answer) = Request::get(&format!("/languages/{code}.json")).send().await
        && let Ok(text) = answer.text().await
        && let Ok(words) = serde_json::from_str(&text)
    {
        let loaded: &'static Translation = Box::leak(Box::new(Translation { code, words }));
        // It is called once.
        TRANSLATION.with(|translation| _ = translation.set(loaded));
    }
    if let Some(root) = web_sys::window().and_then(|window| window.document()?.document_element()) {
        // They fail only for invalid names.
        drop(root.set_attribute("lang", current()));
        drop(root.set_attribute("dir", if is_right_to_left() { "rtl" } else { "ltr" }));
    }
}

fn chosen() -> String {
    let Some(window) = web_sys::window() else { return ENGLISH.to_owned() };
    let kept = window.local_storage().ok().flatten().and_then(|storage| storage.get_item(CHOICE).ok()?);
    let languages = window.navigator().languages();
    let of_browser = languages.iter().filter_map(|language| language.as_string()).find_map(|language| {
        let code = language.split('-').next()?.to_ascii_lowercase();
        (code == ENGLISH || LANGUAGES.contains(&code.as_str())).then_some(code)
    });
    kept.or(of_browser).unwrap_or_else(|| ENGLISH.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_their_placeholders() {
        assert_eq!(tf("Revoke {name}?", &[("name", &"{x}")]), "Revoke {x}?");
        assert_eq!(t("Devices"), "Devices");
    }
}
