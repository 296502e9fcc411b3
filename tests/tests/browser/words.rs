//! No text of the app is written past the languages' files: in a pseudo-language in which every text stands in brackets,
//! nothing else is to be seen on any page, and nothing else is said by labels.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use crate::device::Device;
use crate::every_page::walk;

const SCRIPT: &str = include_str!("words.js");
/// What the pseudo-language is called; no language has this code.
pub(crate) const CODE: &str = "qps";
/// Knows every text; a test of its own holds that.
const MODEL: &str = "languages/de.json";

/// A language in which every text of `model`'s stands in brackets.
fn bracketed(model: &str) -> Result<String> {
    let model: Map<String, Value> = serde_json::from_str(model).context("a language is a map of texts")?;
    ensure!(!model.is_empty(), "{MODEL} has no texts");
    let words = model.into_iter().map(|(key, words)| {
        let bracketed = Value::from(format!("⟦{key}⟧"));
        let is_counted = words.is_object();
        (key, if is_counted { Value::from_iter([("other", bracketed)]) } else { bracketed })
    });
    Ok(serde_json::to_string(&words.collect::<Map<_, _>>())?)
}

/// Puts the pseudo-language into a built app.
pub(crate) fn add_to(dist: &Path) -> Result<()> {
    let model = dist.join(MODEL);
    let text = std::fs::read_to_string(&model).with_context(|| format!("reading {}", model.display()))?;
    let path = dist.join(format!("languages/{CODE}.json"));
    std::fs::write(&path, bracketed(&text)?).with_context(|| format!("writing {}", path.display()))
}

async fn check(device: &Device) -> Result<Vec<String>> {
    let spoken = device.script("return document.documentElement.lang").await?;
    let found = device.script(&format!("{SCRIPT}\nreturn words();")).await?;
    let found = found.as_array().context("the page answered no list")?;
    let mut faults: Vec<_> = found.iter().filter_map(|fault| fault.as_str().map(str::to_owned)).collect();
    if spoken != CODE {
        faults.push(format!("the page speaks {spoken}, so nothing was looked for"));
    }
    Ok(faults)
}

#[tokio::test]
async fn every_text_comes_from_the_languages_files() -> Result<()> {
    walk(CODE, async |device: &Device, _: &str| check(device).await).await
}

#[test]
fn the_pseudo_language_has_every_text_in_brackets_and_every_count() -> Result<()> {
    let made: Value =
        serde_json::from_str(&bracketed(r#"{"Pick":"Kommissionieren","{n} lots":{"one":"x"}}"#)?)?;
    ensure!(made["Pick"] == "⟦Pick⟧" && made["{n} lots"]["other"] == "⟦{n} lots⟧", "{made}");
    ensure!(bracketed("{}").is_err());
    Ok(())
}
