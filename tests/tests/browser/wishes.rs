//! What people ask of their device: dark, more contrast, colours of their own, no motion, and paper. A few pages show each.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::axe;
use crate::device::{Device, PHONE};
use crate::every_page::walk_over;

const SCRIPT: &str = include_str!("wishes.js");
const TARGETS: &str = include_str!("targets.js");
/// Between them they have lists, forms, what is chosen, what is wrong, sheets, and what says that it waits.
const STATES: [&str; 10] = [
    "downloading",
    "loading",
    "saved",
    "stock",
    "settings",
    "pick-no-reason",
    "assign-confirm",
    "lots-filters",
    "flash-wrong",
    "inbox-unknown",
];
const PRINTED: [&str; 2] = ["commands", "report"];
const A4_INCHES: (f64, f64) = (8.27, 11.69);
/// Paper that nothing has to be broken for.
const ENDLESS_INCHES: (f64, f64) = (8.27, 150.0);
const MAX_SHEET_PAGES: i64 = 2;
/// Pages have grounds of their own; a barcode that is cut adds dozens.
const SPARE_SHAPES_A_PAGE: i64 = 12;

/// The person's wishes, besides that nothing moves.
async fn wish(device: &Device, media: &str, feature: Option<(&str, &str)>) -> Result<()> {
    let calm = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
    let more = feature.map(|(name, value)| json!({ "name": name, "value": value }));
    let features: Vec<Value> = [Some(calm), more].into_iter().flatten().collect();
    let wishes = json!({ "media": media, "features": features });
    device.cdp("Emulation.setEmulatedMedia", wishes).await?;
    // Colours are drawn anew.
    device
        .script("await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        .await
        .map(drop)
}

async fn ask(device: &Device, what: &str, expression: &str) -> Result<Vec<String>> {
    let found = device.script(&format!("{SCRIPT}\nreturn {expression};")).await?;
    let found = found.as_array().context("the page answered no list")?;
    Ok(found.iter().map(|fault| format!("{what}: {}", fault.as_str().unwrap_or_default())).collect())
}

async fn check(device: &Device) -> Result<Vec<String>> {
    let mut faults = ask(device, "no motion", "motion()").await?;
    wish(device, "screen", Some(("prefers-color-scheme", "dark"))).await?;
    faults.extend(ask(device, "dark", "dark()").await?);
    faults.extend(axe::violations(device, "dark", axe::COLOURS).await?);
    wish(device, "screen", Some(("prefers-contrast", "more"))).await?;
    faults.extend(axe::violations(device, "contrast", axe::STRONG_COLOURS).await?);
    wish(device, "screen", Some(("forced-colors", "active"))).await?;
    faults.extend(ask(device, "forced colours", "forced()").await?);
    let focus = device.script(&format!("{TARGETS}\nreturn focus();")).await?;
    faults.extend(focus.as_array().into_iter().flatten().map(|fault| format!("forced colours: {fault}")));
    wish(device, "screen", None).await?;
    Ok(faults)
}

#[tokio::test]
async fn every_page_obeys_what_is_asked_of_the_device() -> Result<()> {
    let mut is_watched = false;
    walk_over(&STATES, "en", async |device: &Device, _: &str| {
        axe::prepare(device).await?;
        let found = check(device).await?;
        if !is_watched {
            let source = format!("{SCRIPT}\nremembered();");
            device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await?;
            is_watched = true;
        }
        Ok(found)
    })
    .await
}

/// Pages and shapes of a page on paper.
async fn print(device: &Device, (width, height): (f64, f64)) -> Result<(i64, i64)> {
    let paper = json!({ "paperWidth": width, "paperHeight": height, "printBackground": false });
    let printed = device.cdp("Page.printToPDF", paper).await?;
    let data = printed.get("data").and_then(Value::as_str).context("a PDF")?;
    let found = device.script(&format!("{SCRIPT}\nreturn await painted({});", json!(data))).await?;
    let number = |name: &str| found[name].as_i64().with_context(|| format!("no number of {name}"));
    Ok((number("pages")?, number("shapes")?))
}

/// On paper it is two pages, and a code that a page's end cuts would be painted on both.
async fn sheet_of_codes(device: &Device) -> Result<Vec<String>> {
    let (pages, shapes) = print(device, A4_INCHES).await?;
    let (one, whole) = print(device, ENDLESS_INCHES).await?;
    ensure!(one == 1 && whole > 0, "{one} endless pages with {whole} shapes");
    device.resize(PHONE).await?;
    let mut faults = Vec::new();
    if shapes - whole > SPARE_SHAPES_A_PAGE * pages {
        faults.push(format!("{pages} pages have {shapes} shapes instead of {whole}: a code is cut"));
    }
    if pages > MAX_SHEET_PAGES {
        faults.push(format!("the sheet has {pages} pages"));
    }
    Ok(faults)
}

#[tokio::test]
async fn pages_are_printed_without_the_screens_bars_and_no_code_is_cut() -> Result<()> {
    walk_over(&PRINTED, "en", async |device: &Device, name: &str| {
        wish(device, "print", None).await?;
        let mut faults = ask(device, "on paper", "paper()").await?;
        wish(device, "", None).await?;
        if name == "commands" {
            faults.extend(sheet_of_codes(device).await?);
        }
        Ok(faults)
    })
    .await
}
