//! Saving one action until it is durable on the device: the subjects' queue records, and a tap in the real
//! app.

use anyhow::{Context, Result, ensure};
use domain::{Action, Quantity};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app;
use crate::chromium::Chromium;
use crate::edits::lots;
use crate::report::{LOTBOOK, Report};
use crate::rounds::{Contest, Measured, rounds};
use crate::server_process::ServerProcess;
use crate::settings::Settings;
use crate::stage::{Stage, number};

/// The subject whose page has another name: subject, page.
const BARE_PUT: (&str, &str) = ("bare-put", "floor");
const SUBJECTS: [&str; 3] = [LOTBOOK, BARE_PUT.0, "dexie"];
const RECORDS: usize = 200;
/// Taps in the app per run.
const TAPS_PER_RUN: usize = 5;
const FRAME_MILLIS: f64 = 1_000.0 / 60.0;

/// Script: notes in `tap` when the button was pressed, the record put, the record durable, and the toast
/// painted.
const NOTE_TAP: &str = "
    const seen = globalThis.tap = {};
    document.addEventListener('click', (event) => {
        if (!event.target.closest?.('[data-test=save]')) return;
        seen.tapped = event.timeStamp;
        painted(() => reads('[data-test=toasts]', 'Saved on this device'), (at) => { seen.shown = at; });
    }, true);
    for (const method of ['put', 'add']) {
        const original = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...values) {
            if (this.name === 'mutation_queue' && seen.tapped && !seen.isWatched) {
                seen.isWatched = true;
                seen.put = performance.now();
                this.transaction.addEventListener('complete', () => { seen.durable = performance.now(); });
            }
            return original.apply(this, values);
        };
    }";

struct Record {
    action: Action,
}

/// Runs the bench.
///
/// # Errors
/// When server or browser cannot be started.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("record", "ms", settings.runs());
    let mut stage = Stage::set(settings, settings.size()).await?;
    let lot = lots(&stage.server, 1)?.pop().context("the catalogue has no lot")?;
    let action = Action::PickLot { lot, quantity: Quantity::units(1), reason: String::new() };
    let subjects = settings.chosen(&SUBJECTS);
    let found = rounds(&mut Record { action }, &mut stage, &subjects, settings.runs(), &mut report).await?;
    for (subject, samples) in found {
        report.subject(&subject, &samples.samples);
        samples.tell_further(&mut report, &subject);
    }
    report.note("records_per_run", RECORDS);
    if settings.chosen(&[LOTBOOK]).is_empty() {
        return Ok(report);
    }
    if let Err(error) = tap(settings, &stage.server, &mut report).await {
        report.failure("app", &error);
    }
    Ok(report)
}

impl Contest for Record {
    async fn prepare(&mut self, _: &Stage) -> Result<()> {
        Ok(())
    }

    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured> {
        stage.empty(if subject == BARE_PUT.0 { BARE_PUT.1 } else { subject }).await?;
        let body = format!(
            "const action = {}, times = [];
             for (let count = 0; count < {RECORDS}; count++) {{
                 await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
                 const begun = performance.now();
                 await subject.record(action);
                 times.push(performance.now() - begun);
             }}
             return times;",
            json!(self.action)
        );
        let times = stage.browser.job(&body).await?;
        let queued = stage.call("queued", Value::Null).await?;
        ensure!(queued == RECORDS, "{queued} records are queued and not {RECORDS}");
        let samples = times
            .as_array()
            .context("the page returned no times")?
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        Ok(Measured { samples, further: Vec::new() })
    }
}

/// Saves picks in the installed app by clicking.
async fn tap(settings: &Settings, server: &ServerProcess, report: &mut Report) -> Result<()> {
    let browser = Chromium::start(settings, &[]).await?;
    app::install(&browser, server).await?;
    browser.inject(&format!("(() => {{ {} {NOTE_TAP} }})();", app::PAINTED)).await?;
    let product = stocked_product(server)?;
    let (mut durable, mut shown, mut put) = (Vec::new(), Vec::new(), Vec::new());
    for tap in 0..=settings.runs() * TAPS_PER_RUN {
        browser.open(&format!("{}/product/{product}/work/pick", server.app_origin())).await?;
        browser.fill("[data-test=quantity]", "1").await?;
        browser.click("[data-test=save]").await?;
        let noted = "return globalThis.tap?.durable && globalThis.tap.shown ? globalThis.tap : null";
        let seen = browser.wait_for("a saved pick on the screen", noted).await?;
        // The first tap is a warm-up.
        if tap > 0 {
            let tapped = number(&seen, "tapped");
            durable.push(number(&seen, "durable") - tapped);
            put.push(number(&seen, "put") - tapped);
            shown.push(number(&seen, "shown") - tapped);
        }
    }
    println!("  app: {} taps", durable.len());
    report.detail("app_tap_to_put", "ms", &put);
    report.detail("app_tap_to_durable", "ms", &durable);
    report.detail("app_tap_to_screen", "ms", &shown);
    let frames: Vec<f64> =
        shown.iter().zip(&durable).map(|(shown, durable)| (shown - durable) / FRAME_MILLIS).collect();
    report.detail("app_durable_to_screen", "frames of 60 Hz", &frames);
    Ok(())
}

/// A product with enough whole units to be picked many times.
fn stocked_product(server: &ServerProcess) -> Result<Uuid> {
    let found = server.query(
        "SELECT p.product_id FROM products p JOIN inventory_lots l USING (site, product_id)
         WHERE l.status = 'available' AND (l.expires_on IS NULL OR l.expires_on > date('now', '+9 days'))
         GROUP BY p.product_id HAVING sum(l.quantity) >= 300000 AND count(*) = sum(l.quantity % 1000 = 0)
         ORDER BY p.sku LIMIT 1",
        |row| row.get::<_, Vec<u8>>(0),
    )?;
    Uuid::from_slice(found.first().context("no product has enough stock")?).context("a product's id")
}
