//! An offline start of a browser that was not running, until rows are painted and a first scan is answered.
//!
//! Time counts from the start of the navigation. For each run the browser is quit and restarted on the same
//! profile. Its files may still be in the system's cache, which is the same for every subject.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::app;
use crate::chromium::Chromium;
use crate::report::{LOTBOOK, Report, shown};
use crate::server_process::ServerProcess;
use crate::settings::Settings;
use crate::stage::{KnownProduct, MAX_ROWS, enrol_here, known_products, number};

const DEXIE: &str = "dexie";
/// Pause after the start of the browser, which is busy with its own work at first.
const SETTLE: Duration = Duration::from_secs(1);

/// Script: notes the times of a start in `coldStart`, and scans a code as soon as there are rows.
const NOTE_START: &str = "
    const seen = globalThis.coldStart = {};
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...values) {
        seen.openBegun ??= performance.now();
        const opening = open.apply(this, values);
        opening.addEventListener('success', () => { seen.opened ??= performance.now(); });
        return opening;
    };
    const hasRows = () => Boolean(document.querySelector('[data-test=product-row]')?.textContent.trim());
    painted(hasRows, (at) => {
        seen.rows = at;
        for (const key of [...code, 'Enter']) {
            document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        }
        painted(() => reads('[data-test=product-page]', name), (at) => { seen.scan = at - seen.rows; });
    });";

/// An installed page.
struct Page {
    name: &'static str,
    url: String,
}

/// Runs the bench.
///
/// # Errors
/// When server or browser cannot be started, or a page cannot be installed.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("cold-start", "ms", settings.runs());
    let mut server = ServerProcess::start_with(settings, settings.size())?;
    let known = known_products(&server, 1)?.pop().context("a product")?;
    let mut browser = Chromium::start(settings, &[]).await?;
    let mut pages = Vec::new();
    for name in settings.chosen(&[LOTBOOK, DEXIE]) {
        let installed = match name {
            LOTBOOK => install_app(&browser, &server, &mut report).await,
            _ => install_dexie(&browser, &server, &mut report).await,
        };
        match installed {
            Ok(page) => pages.push(page),
            Err(error) => report.failure(name, &error),
        }
    }
    server.stop()?;
    let mut found: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for run in 0..=settings.runs() {
        for page in &pages {
            match start(&mut browser, page, &known).await {
                Ok(seen) => {
                    println!(
                        "  run {run:>2}/{:<2} {:<12} {:>12} ms",
                        settings.runs(),
                        page.name,
                        shown(number(&seen, "rows"))
                    );
                    // The first run is a warm-up.
                    for (what, value) in figures(&seen).into_iter().filter(|_| run > 0) {
                        found.entry((page.name, what)).or_default().push(value);
                    }
                }
                Err(error) => report.failure(page.name, &error),
            }
        }
    }
    for ((name, what), samples) in &found {
        match *what {
            "rows" => report.subject(name, samples),
            what => report.detail(&format!("{name}_{what}"), "ms", samples),
        }
    }
    Ok(report)
}

async fn install_app(browser: &Chromium, server: &ServerProcess, report: &mut Report) -> Result<Page> {
    app::install(browser, server).await?;
    report.note("lotbook_rows", app::rows_in_scope(server)?);
    Ok(Page { name: LOTBOOK, url: format!("{}/stock", server.app_origin()) })
}

/// Installs the peer's page on another origin of the same server, so that neither worker serves the other
/// page.
async fn install_dexie(browser: &Chromium, server: &ServerProcess, report: &mut Report) -> Result<Page> {
    let origin = server.origin();
    browser.open(&format!("{origin}/manifest.json")).await?;
    let link = server.enrolment_link(&origin)?;
    enrol_here(browser, link.rsplit('/').next().unwrap_or_default()).await?;
    let url = format!("{origin}/bench/dexie-start.html");
    browser.open(&url).await?;
    browser.wait_for("the page's script", "return globalThis.subject !== undefined").await?;
    browser.job(&format!("await subject.open(); await subject.pull({{ maxRows: {MAX_ROWS} }});")).await?;
    let counted = browser.job("return await subject.count();").await?;
    report.note("dexie_rows", number(&counted, "products") + number(&counted, "lots"));
    browser.wait_for("the service worker", "return navigator.serviceWorker.controller !== null").await?;
    Ok(Page { name: DEXIE, url })
}

async fn start(browser: &mut Chromium, page: &Page, known: &KnownProduct) -> Result<Value> {
    browser.restart().await?;
    tokio::time::sleep(SETTLE).await;
    // A sync event that was due at the start of the browser may have started the worker.
    browser.cdp("ServiceWorker.enable", json!({})).await?;
    browser.cdp("ServiceWorker.stopAllWorkers", json!({})).await?;
    app::resize(browser).await?;
    let (code, name) = (json!(known.barcode), json!(known.name));
    let source =
        format!("(() => {{ const code = {code}, name = {name}; {} {NOTE_START} }})();", app::PAINTED);
    browser.inject(&source).await?;
    browser.open(&page.url).await?;
    let mut seen = browser
        .wait_for("an answered scan", "return globalThis.coldStart?.scan ? globalThis.coldStart : null")
        .await?;
    ensure!(number(&seen, "opened") > 0.0, "the page has painted rows without opening a database");
    let document = "return performance.getEntriesByType('navigation')[0].responseEnd";
    seen["document"] = browser.script(document).await?;
    Ok(seen)
}

/// The phases of a start: loading the document and the code, opening the database, reading and painting rows.
fn figures(seen: &Value) -> [(&'static str, f64); 6] {
    [
        ("rows", number(seen, "rows")),
        ("first_scan", number(seen, "scan")),
        ("start_up_document", number(seen, "document")),
        ("start_up", number(seen, "openBegun")),
        ("open", number(seen, "opened") - number(seen, "openBegun")),
        ("lookup_and_paint", number(seen, "rows") - number(seen, "opened")),
    ]
}
