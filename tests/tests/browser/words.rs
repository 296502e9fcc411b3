//! No text of the app is written past the languages' files: in a pseudo-language every text stands between two marks, and
//! a page shows or tells no text without them. The marks are invisible and take no room, so that a page in this language
//! looks like a page in English.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use crate::device::Device;
use crate::report::{Report, faults_of};

const SCRIPT: &str = include_str!("words.js");
/// Code of the pseudo-language. It is one of those for private use, so axe takes it for a language, and the browser writes
/// dates and numbers as in its own, which is English.
pub(crate) const CODE: &str = "qaa";
/// A language's file with every text; `tests/languages.rs` holds it to that.
const MODEL: &str = "languages/de.json";
/// The marks around a text, as in `words.js`: an invisible separator and an invisible plus.
const OPEN: char = '\u{2063}';
const CLOSE: char = '\u{2064}';

/// A language with the keys of `model`, which are English texts, between marks.
fn marked(model: &str) -> Result<String> {
    let model: Map<String, Value> = serde_json::from_str(model).context("a language is a map of texts")?;
    ensure!(!model.is_empty(), "{MODEL} has no texts");
    let words = model.into_iter().map(|(key, words)| {
        let marked = Value::from(format!("{OPEN}{key}{CLOSE}"));
        let is_counted = words.is_object();
        (key, if is_counted { Value::from_iter([("other", marked)]) } else { marked })
    });
    Ok(serde_json::to_string(&words.collect::<Map<_, _>>())?)
}

/// Puts the pseudo-language into a built app.
pub(crate) fn add_to(dist: &Path) -> Result<()> {
    let model = dist.join(MODEL);
    let text = std::fs::read_to_string(&model).with_context(|| format!("reading {}", model.display()))?;
    let path = dist.join(format!("languages/{CODE}.json"));
    std::fs::write(&path, marked(&text)?).with_context(|| format!("writing {}", path.display()))
}

/// Texts without marks, in the page and its labels.
pub(crate) async fn check(device: &Device, report: &mut Report) -> Result<()> {
    let spoken = device.script("return document.documentElement.lang").await?;
    if spoken != CODE {
        report
            .fault(&format!("the page speaks {spoken}, so its words say nothing about the languages' files"));
    }
    report.check(device, "words", &format!("{SCRIPT}\n{}", faults_of("words()"))).await
}

#[test]
fn the_pseudo_language_has_every_text_between_marks_and_every_count() -> Result<()> {
    let made: Value = serde_json::from_str(&marked(r#"{"Pick":"Kommissionieren","{n} lots":{"one":"x"}}"#)?)?;
    ensure!(made["Pick"] == "\u{2063}Pick\u{2064}", "{made}");
    ensure!(made["{n} lots"]["other"] == "\u{2063}{n} lots\u{2064}", "{made}");
    ensure!(marked("{}").is_err(), "a language without texts");
    ensure!(SCRIPT.contains(r"'\u2063'") && SCRIPT.contains(r"'\u2064'"), "words.js has other marks");
    Ok(())
}
