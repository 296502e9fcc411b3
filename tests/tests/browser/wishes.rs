//! Wishes that people set on their device: dark, more contrast, colours of their own, no motion; and paper. A few pages
//! show each of them, in English as it is shipped.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::axe;
use crate::device::{Device, PHONE};
use crate::every_page::{states_named, walk};
use crate::report::{Report, faults_of};
use crate::targets::check_focus;

const SCRIPT: &str = include_str!("wishes.js");
/// Pages with lists, forms, choices, faults, sheets and words for waiting, and after them the pages that are printed.
const STATES: [&str; 12] = [
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
    CODES,
    "report",
];
const PRINTED: [&str; 2] = [CODES, "report"];
/// The page of barcodes that stand for commands.
const CODES: &str = "commands";
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

async fn check(device: &Device, report: &mut Report, what: &str, expression: &str) -> Result<()> {
    // A page with nothing that moves has nothing to count.
    let faults = format!("{SCRIPT}\nconst seen = 1; {}", faults_of(expression));
    report.check(device, what, &faults).await
}

async fn check_wishes(device: &Device, report: &mut Report) -> Result<()> {
    check(device, report, "no motion", "motion()").await?;
    axe::prepare(device).await?;
    axe::check(device, report, "English", axe::RULES).await?;
    wish(device, "screen", Some(("prefers-color-scheme", "dark"))).await?;
    check(device, report, "dark", "dark()").await?;
    axe::check(device, report, "dark device", axe::COLOURS).await?;
    wish(device, "screen", Some(("prefers-contrast", "more"))).await?;
    axe::check(device, report, "more contrast", axe::STRONG_COLOURS).await?;
    wish(device, "screen", Some(("forced-colors", "active"))).await?;
    check(device, report, "forced colours", "forced()").await?;
    check_focus(device, report, "forced colours").await?;
    wish(device, "screen", None).await
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

/// The barcodes fit on two pages of paper, and none is cut by a page's end, which would paint it on both.
async fn check_codes(device: &Device, report: &mut Report) -> Result<()> {
    let (pages, shapes) = print(device, A4_INCHES).await?;
    let (one, whole) = print(device, ENDLESS_INCHES).await?;
    ensure!(one == 1 && whole > 0, "{one} endless pages with {whole} shapes");
    device.resize(PHONE).await?;
    if shapes - whole > SPARE_SHAPES_A_PAGE * pages {
        report.fault(&format!("{pages} pages have {shapes} shapes instead of {whole}: a code is cut"));
    }
    if pages > MAX_SHEET_PAGES {
        report.fault(&format!("the sheet has {pages} pages"));
    }
    Ok(())
}

/// The page is printed without the screen's bars, and no code is cut.
async fn check_paper(device: &Device, report: &mut Report) -> Result<()> {
    wish(device, "print", None).await?;
    check(device, report, "on paper", "paper()").await?;
    wish(device, "", None).await?;
    if report.state() == CODES { check_codes(device, report).await } else { Ok(()) }
}

#[tokio::test]
async fn pages_obey_the_wishes_set_on_a_device_and_are_printed_whole() -> Result<()> {
    let mut is_watched = false;
    walk(states_named(&STATES)?, "en", async |device, report| {
        if PRINTED.contains(&report.state()) {
            return check_paper(device, report).await;
        }
        check_wishes(device, report).await?;
        if !is_watched {
            let source = format!("{SCRIPT}\nremembered();");
            device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await?;
            is_watched = true;
        }
        Ok(())
    })
    .await
}
