//! The app's languages: every text in the sources is translated into every language, and no file has unused
//! keys.
//!
//! Each check is a pure function that returns the errors, and has a test with samples that it must reject.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// All languages except English, with their CLDR plural categories for whole numbers.
const LANGUAGES: [(&str, &[&str]); 3] = [
    ("ar", &["few", "many", "one", "other", "two", "zero"]),
    ("de", &["one", "other"]),
    ("es", &["many", "one", "other"]),
];
/// Categories for one number each, whose text may contain a word instead of the digit: "two" in Arabic.
const EXACT: [&str; 3] = ["zero", "one", "two"];
/// The functions that take keys, each with the positions of those arguments.
const FUNCTIONS: [(&str, &[usize]); 4] = [("key", &[0]), ("t", &[0]), ("tf", &[0]), ("tn", &[1, 2])];
/// The file that defines the functions.
const OWN_FILE: &str = "words/language.rs";
/// The same of the office.
const OFFICES_OWN_FILE: &str = "office/words.rs";
/// Non-literal arguments; their callers get them from `key`.
const HANDED_ON: &[(&str, &[&str])] = &[
    ("frame/navigation.rs", &["place.2", "word"]),
    ("inbox/attention_card.rs", &["word"]),
    ("inbox/inbox_page.rs", &["reason", "words"]),
    ("reports/lot_filters.rs", &["order.words(is_reversed)"]),
    ("sending/connectivity_status.rs", &["word"]),
    ("sending/sync_page.rs", &["word"]),
    ("settings/setting_parts.rs", &["line"]),
    ("stock/product_form.rs", &["label"]),
    ("ui/table.rs", &["column.word"]),
    ("words/action_words.rs", &["english"]),
    ("words/movement_words.rs", &["english"]),
    ("words/reasons.rs", &["english", "field"]),
];
/// Calls whose arguments are the texts of a toast.
const TOASTS: [&str; 6] =
    ["Toast::new(", "Toast::saved(", ".right(", ".wrong(", "Answer::Wrong(", "Answer::Right("];
/// Files whose sentences are the details of toasts.
const TOAST_FILES: [&str; 7] = [
    "desk/scan.rs",
    "desk/scanner.rs",
    "desk/undo.rs",
    "words/lot_words.rs",
    "work/asked_code.rs",
    "work/lot_scan.rs",
    "work/work_scan.rs",
];
/// A toast is at most two lines on a phone; a placeholder counts as long as its name.
const MAX_TOAST_CHARS: usize = 60;
/// Methods that return a key.
const KEY_METHODS: [&str; 2] = [".verb()", ".words()"];

/// The usage of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// One text.
    Plain,
    /// A text for each plural category; the key is the English plural.
    Counted,
}

/// The keys of the sources, each with the first file that uses it.
type Keys = BTreeMap<String, (Use, String)>;

/// The keys of a source file.
#[derive(Default)]
struct Found {
    keys: Vec<(String, Use)>,
    /// Arguments that are not literals.
    others: Vec<String>,
}

/// The text and the length in bytes of a string literal; `None` if the source does not begin with one.
fn literal(source: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = source.strip_prefix('"')?.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((text, at + 2)),
            '\\' => match chars.next()?.1 {
                '\n' => while chars.next_if(|(_, char)| char.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                'u' => {
                    let digits: String =
                        chars.by_ref().map(|(_, char)| char).take_while(|c| *c != '}').collect();
                    let number = u32::from_str_radix(digits.trim_start_matches('{'), 16).ok()?;
                    text.push(char::from_u32(number)?);
                }
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// The length in bytes of a comment, string or character at the beginning.
fn inert(source: &str) -> Option<usize> {
    if source.starts_with("//") {
        return Some(source.find('\n').unwrap_or(source.len()));
    }
    if source.starts_with('"') {
        return literal(source).map(|(_, bytes)| bytes);
    }
    if source.starts_with("r#\"") {
        return source.find("\"#").map(|end| end + 2);
    }
    // A single quote may also begin a lifetime.
    let mut chars = source.strip_prefix('\'')?.chars();
    let first = chars.next()?;
    let inner = if first == '\\' { chars.next()?.len_utf8() + 1 } else { first.len_utf8() };
    source.get(1 + inner..)?.starts_with('\'').then_some(inner + 2)
}

/// The arguments of a call, from after its opening parenthesis.
fn arguments(source: &str) -> Vec<&str> {
    let (mut arguments, mut begin, mut depth, mut at) = (Vec::new(), 0, 0_i32, 0);
    while let Some(char) = source.get(at..).and_then(|rest| rest.chars().next()) {
        if let Some(bytes) = inert(&source[at..]) {
            at += bytes;
            continue;
        }
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ')' | ']' | '}' => {
                arguments.push(source[begin..at].trim());
                return arguments;
            }
            ',' if depth == 0 => {
                arguments.push(source[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
        at += char.len_utf8();
    }
    arguments
}

/// The keys of a source file, except in its tests.
fn found_in(source: &str) -> Found {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut found, mut at, mut before) = (Found::default(), 0, ' ');
    while let Some(char) = source.get(at..).and_then(|rest| rest.chars().next()) {
        if let Some(bytes) = inert(&source[at..]) {
            (at, before) = (at + bytes, ' ');
            continue;
        }
        let is_name = |char: char| char.is_alphanumeric() || char == '_';
        if is_name(char) && !is_name(before) {
            let name: String = source[at..].chars().take_while(|char| is_name(*char)).collect();
            let after = at + name.len();
            let is_call = is_function(&source[..at]) && source[after..].starts_with('(');
            if let Some((_, taken)) = FUNCTIONS.iter().find(|(function, _)| is_call && *function == name) {
                note(&mut found, taken, &arguments(&source[after + 1..]));
            }
            (at, before) = (after, 'x');
        } else {
            (at, before) = (at + char.len_utf8(), char);
        }
    }
    found
}

/// Whether a name after this text is a function call, and not a method or a definition.
fn is_function(before: &str) -> bool {
    let is_path = before.ends_with("::") && !before.ends_with("language::");
    !(is_path || before.ends_with('.') || before.ends_with("fn "))
}

fn note(found: &mut Found, taken: &[usize], arguments: &[&str]) {
    let texts: Vec<&str> = taken.iter().filter_map(|at| arguments.get(*at).copied()).collect();
    for (at, argument) in texts.iter().enumerate() {
        let usage = if taken.len() > 1 { Use::Counted } else { Use::Plain };
        match literal(argument) {
            // The singular is not a key.
            Some(_) if at + 1 < texts.len() => {}
            Some((text, _)) => found.keys.push((text, usage)),
            None => found.others.push((*argument).to_owned()),
        }
    }
}

/// The keys of all sources, and the errors.
fn keys_of<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Keys, Vec<String>) {
    let (mut keys, mut faults) = (Keys::new(), Vec::new());
    for (file, source) in sources {
        let found = found_in(source);
        for (key, usage) in found.keys {
            let (known, first) = keys.entry(key.clone()).or_insert_with(|| (usage, file.to_owned()));
            if *known != usage {
                faults
                    .push(format!("{file}: {key:?} depends on a count here, or in {first}, but not in both"));
            }
        }
        let allowed = HANDED_ON.iter().find(|(known, _)| *known == file).map_or(&[][..], |(_, words)| *words);
        let is_constant = |word: &str| word.chars().all(|char| char.is_ascii_uppercase() || char == '_');
        for other in found.others {
            let is_known_constant = is_constant(&other) && source.contains(&format!("{other}: &str = key("));
            let is_key_method = KEY_METHODS.iter().any(|method| other.ends_with(method));
            if !(is_known_constant || is_key_method || allowed.contains(&other.as_str())) {
                faults.push(format!("{file}: `{other}` is translated, but no key is to be seen here"));
            }
        }
    }
    (keys, faults)
}

/// The names of the placeholders.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

/// The canonical form of a file: sorted by key, one key per line.
fn written(words: &BTreeMap<String, Value>) -> String {
    let lines: Vec<String> =
        words.iter().map(|(key, value)| format!("  {}: {value}", Value::from(key.as_str()))).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// The errors in a language's file.
fn faults_of(code: &str, categories: &[&str], text: &str, keys: &Keys) -> Vec<String> {
    let words: BTreeMap<String, Value> = match serde_json::from_str(text) {
        Ok(words) => words,
        Err(error) => return vec![format!("{code}: the file is no JSON object: {error}")],
    };
    let mut faults = Vec::new();
    for (key, (usage, file)) in keys {
        match words.get(key) {
            None if *usage == Use::Plain => faults.push(format!("{code}: {file}: {key:?} has no words")),
            None => faults.push(format!("{code}: {file}: {key:?} has no words for {categories:?}")),
            Some(value) => {
                let wrong = wrong_words(key, *usage, categories, value);
                faults.extend(wrong.map(|wrong| format!("{code}: {file}: {key:?} {wrong}")));
            }
        }
    }
    let unused = words.keys().filter(|key| !keys.contains_key(*key));
    faults.extend(unused.map(|key| format!("{code}: {key:?} is used nowhere")));
    if written(&words) != text {
        faults.push(format!("{code}: the file is not sorted by key, with a key a line and no key twice"));
    }
    faults
}

fn wrong_words(key: &str, usage: Use, categories: &[&str], value: &Value) -> Option<String> {
    let forms: Vec<(&str, &str)> = match (usage, value) {
        (Use::Plain, Value::String(text)) => vec![("other", text)],
        (Use::Counted, Value::Object(forms)) => {
            let given: BTreeSet<&str> = forms.keys().map(String::as_str).collect();
            let wanted: BTreeSet<&str> = categories.iter().copied().collect();
            if given != wanted {
                return Some(format!("has the plurals {given:?}, not {wanted:?}"));
            }
            forms
                .iter()
                .map(|(category, text)| (category.as_str(), text.as_str().unwrap_or_default()))
                .collect()
        }
        (Use::Plain, _) => return Some("does not depend on a count, so it needs one text".to_owned()),
        (Use::Counted, _) => {
            return Some("depends on a count, so it needs a text for each plural".to_owned());
        }
    };
    forms.into_iter().find_map(|(category, text)| {
        let (mut wanted, mut given) = (places(key), places(text));
        if usage == Use::Counted && EXACT.contains(&category) {
            wanted.remove("n");
            given.remove("n");
        }
        if text.trim().is_empty() {
            Some(format!("has an empty text ({category})"))
        } else if wanted != given {
            Some(format!("has the places {given:?} ({category}), not {wanted:?}"))
        } else {
            None
        }
    })
}

/// The keys of a source file's toasts that are too long for one.
fn long_toasts(file: &str, source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut keys = if TOAST_FILES.contains(&file) { found_in(source).keys } else { Vec::new() };
    for call in TOASTS {
        for (at, _) in source.match_indices(call) {
            for argument in arguments(&source[at + call.len()..]) {
                keys.extend(found_in(argument).keys);
            }
        }
    }
    let chars = |key: &str| key.chars().filter(|char| !"{}".contains(*char)).count();
    keys.into_iter().map(|(key, _)| key).filter(|key| chars(key) > MAX_TOAST_CHARS).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The app's sources by path within `app/src`, and the office's, which has the same files of languages.
fn sources() -> BTreeMap<String, String> {
    let mut files = sources_of("app/src", "");
    files.remove(OWN_FILE).expect("the functions' own file");
    files.extend(sources_of("office/src", "office/"));
    files.remove(OFFICES_OWN_FILE).expect("the office's own file");
    files
}

/// The sources of a folder, by `prefix` and their path within it.
fn sources_of(folder: &str, prefix: &str) -> BTreeMap<String, String> {
    let (folder, mut files) = (root().join(folder), BTreeMap::new());
    let mut waiting = vec![folder.clone()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                waiting.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let name = entry.strip_prefix(&folder).expect("within it").to_string_lossy().into_owned();
                files.insert(format!("{prefix}{name}"), fs::read_to_string(&entry).expect("a source file"));
            }
        }
    }
    files
}

#[test]
fn every_text_is_translated_into_every_language() {
    let sources = sources();
    let (keys, mut faults) = keys_of(sources.iter().map(|(file, source)| (file.as_str(), source.as_str())));
    assert!(keys.len() > 200, "only {} keys were found", keys.len());
    for (code, categories) in LANGUAGES {
        let path = root().join(format!("public/languages/{code}.json"));
        let text = fs::read_to_string(&path).expect("a language's file");
        faults.extend(faults_of(code, categories, &text, &keys));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_toast_has_at_most_60_characters() {
    let sources = sources();
    let faults: Vec<String> = sources.iter().flat_map(|(file, source)| long_toasts(file, source)).collect();
    assert_eq!(faults, [""; 0]);
    let long = "x".repeat(61);
    assert_eq!(
        long_toasts("a.rs", &format!("Toast::new(tone, t(\"Short\"), t(\"{long}\"))")),
        [long.as_str()]
    );
    assert_eq!(long_toasts("desk/scan.rs", &format!("tf(\"{long}\", &[])")), [long.as_str()]);
    assert_eq!(long_toasts("a.rs", &format!("t(\"{long}\")")), [""; 0], "a page has room");
    assert!(TOAST_FILES.iter().all(|file| sources.contains_key(*file)), "a file of toasts is gone");
}

#[test]
fn the_app_offers_exactly_the_checked_languages() {
    let source = fs::read_to_string(root().join("app/src").join(OWN_FILE)).expect("a source file");
    let offered =
        source.split("LANGUAGES: [").nth(1).and_then(|rest| rest.split("];").next()).unwrap_or_default();
    let codes: BTreeSet<&str> =
        offered.split("(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let checked: BTreeSet<&str> = LANGUAGES.iter().map(|(code, _)| *code).chain(["en"]).collect();
    assert_eq!(codes, checked);
}

#[test]
fn keys_are_found_in_every_notation() {
    let source = r##"
        // t("comment")
        fn t(text: &str) {}
        const WORD: &str = key("Constant");
        let a = t("One \"word\"") + '"' + "t(\"text\")" + language::t("path");
        let b = tf(
            "Two {n}, \
             lines",
            &[("n", &t("Inner"))],
        );
        let c = tn(count(x, y), "{n} lot", "{n} lots") + event.key("no") + start("no") + Row::key("no") + t(WORD);
        #[cfg(test)]
        mod tests { t("test"); }
    "##;
    let (keys, faults) = keys_of([("x.rs", source)]);
    let texts: Vec<&str> = keys.keys().map(String::as_str).collect();
    assert_eq!(texts, ["Constant", "Inner", "One \"word\"", "Two {n}, lines", "path", "{n} lots"]);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn translated_variables_need_a_visible_key() {
    let faults = |source| keys_of([("x.rs", source)]).1;
    assert_eq!(faults("t(word)").len(), 1, "a variable");
    assert_eq!(faults("t(WORD)").len(), 1, "a constant from nowhere");
    assert_eq!(faults("tn(n, one, \"{n} lots\")").len(), 1, "a singular");
    assert_eq!(faults("t(\"{n} lots\") + &tn(n, \"{n} lot\", \"{n} lots\")").len(), 1, "both ways");
}

#[test]
fn every_kind_of_error_is_found() {
    let keys = keys_of([("x.rs", "t(\"A\"); tf(\"B {b}\"); tn(n, \"{n} c\", \"{n} cs\")")]).0;
    let faults = |text: &str| faults_of("xx", &["one", "other"], text, &keys);
    let file = |a: &str, b: &str, c: &str| {
        format!("{{\n  \"A\": {a},\n  \"B {{b}}\": {b},\n  \"{{n}} cs\": {c}\n}}\n")
    };
    let (b, c) = ("\"{b} x\"", r#"{"one":"x","other":"{n} y"}"#);
    assert_eq!(faults(&file("\"x\"", b, c)), [""; 0]);
    for (fault, text) in [
        ("empty", file("\" \"", b, c)),
        ("not counted", file(c, b, c)),
        ("a place lost", file("\"x\"", "\"x\"", c)),
        ("another place", file("\"x\"", "\"{b} {d}\"", c)),
        ("counted", file("\"x\"", b, "\"x\"")),
        ("a plural lost", file("\"x\"", b, r#"{"other":"{n} y"}"#)),
        ("a plural's place lost", file("\"x\"", b, r#"{"one":"x","other":"y"}"#)),
        ("missing", "{\n  \"A\": \"x\",\n  \"{n} cs\": {\"one\":\"x\",\"other\":\"{n} y\"}\n}\n".to_owned()),
        ("unused", file("\"x\",\n  \"AA\": \"x\"", b, c)),
        ("written otherwise", file("\"x\"", b, c).replace('\n', "")),
        ("no JSON", "[]".to_owned()),
    ] {
        assert_eq!(faults(&text).len(), 1, "{fault}: {text}");
    }
}
