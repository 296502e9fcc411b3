//! First sync: all rows from the server until they are durable and can be found by barcode, and whether an
//! interrupted first sync resumes. Every run is that of a new device: a browser on an empty profile.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::report::{LOTBOOK, Report};
use crate::rounds::{Contest, Measured, rounds};
use crate::settings::Settings;
use crate::stage::{KnownProduct, MAX_ROWS, Stage, known_products, number};

const SUBJECTS: [&str; 5] = [LOTBOOK, "floor", "dexie", "rxdb", "pouchdb"];
/// Share of the rows after which the interrupted pull stops.
const INTERRUPTED_AT_PERCENT: usize = 60;
/// Most rows that the resumed pull may need: the remaining ones and some that were under way.
const MAX_RESUMED_PERCENT: usize = 50;

struct FirstSync {
    known: KnownProduct,
}

/// Runs the bench.
///
/// # Errors
/// When server or browser cannot be started.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("first-sync", "ms", settings.runs());
    let mut stage = Stage::set(settings, settings.size()).await?;
    let known = known_products(&stage.server, 1)?.pop().context("a product")?;
    let subjects = settings.chosen(&SUBJECTS);
    let found = rounds(&mut FirstSync { known }, &mut stage, &subjects, settings.runs(), &mut report).await?;
    for (subject, samples) in &found {
        report.subject(subject, &samples.samples);
        samples.tell_further(&mut report, subject);
        match resumed_rows(&mut stage, subject).await {
            Ok(rows) => report.note(&format!("{subject}_resumed_rows"), rows),
            Err(error) => {
                report.failure(subject, &error);
                stage.restart_browser().await?;
            }
        }
    }
    report.note("rows", settings.size().rows());
    Ok(report)
}

impl Contest for FirstSync {
    async fn prepare(&mut self, _: &Stage) -> Result<()> {
        Ok(())
    }

    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured> {
        stage.renew_browser().await?;
        stage.empty(subject).await?;
        let (answer, heap_bytes) = stage.browser.measured_job(&timed_pull(&self.known.barcode)).await?;
        ensure!(
            answer["found"]["sku"] == self.known.sku.as_str(),
            "the barcode {} led to {} and not to {}",
            self.known.barcode,
            answer["found"],
            self.known.sku
        );
        // Read before the count, which may allocate memory.
        let renderer = stage.browser.renderer_peak_bytes();
        stage.check_count(stage.server.catalogue().size).await?;
        let mut measured = Measured::one(number(&answer, "millis"));
        for (what, unit, value) in [
            ("first_rows", "ms", number(&answer, "firstRowsMillis")),
            ("longest_task", "ms", number(&answer, "longestTask")),
            ("received", "bytes", number(&answer, "received")),
            ("exchanges", "requests", number(&answer, "exchanges")),
            ("peak_heap", "bytes", heap_bytes),
        ] {
            measured.and(what, unit, value);
        }
        if let Some(bytes) = renderer {
            measured.and("peak_renderer", "bytes", bytes);
        }
        Ok(measured)
    }
}

fn timed_pull(barcode: &str) -> String {
    format!(
        "performance.setResourceTimingBufferSize(10000);
         let longestTask = 0;
         const watch = new PerformanceObserver((list) => {{
             for (const entry of list.getEntries()) longestTask = Math.max(longestTask, entry.duration);
         }});
         watch.observe({{ type: 'longtask' }});
         const begun = performance.now();
         const pulled = await subject.pull({{ maxRows: {MAX_ROWS} }});
         const found = await subject.byBarcode({});
         const millis = performance.now() - begun;
         // Long tasks are reported some time after they have ended.
         await new Promise((resolve) => setTimeout(resolve, 200));
         watch.disconnect();
         const received = performance.getEntriesByType('resource')
             .filter((entry) => entry.name.endsWith('/api/sync'))
             .reduce((sum, entry) => sum + entry.transferSize, 0);
         return {{ ...pulled, millis, found, longestTask, received }};",
        json!(barcode)
    )
}

/// Interrupts a pull by reloading the page, and returns the number of rows that the next pull receives.
async fn resumed_rows(stage: &mut Stage, subject: &str) -> Result<f64> {
    let size = stage.server.catalogue().size;
    stage.renew_browser().await?;
    stage.empty(subject).await?;
    let stop_after = size.rows() * INTERRUPTED_AT_PERCENT / 100;
    stage.call("pull", json!({ "maxRows": MAX_ROWS, "stopAfterRows": stop_after })).await?;
    stage.show(subject).await?;
    stage.call("open", Value::Null).await?;
    let rows = number(&stage.call("pull", json!({ "maxRows": MAX_ROWS })).await?, "rows");
    stage.check_count(size).await?;
    #[expect(clippy::cast_precision_loss, reason = "far fewer rows than a double counts")]
    let most = (size.rows() * MAX_RESUMED_PERCENT / 100) as f64;
    ensure!(
        rows <= most,
        "interrupted at {INTERRUPTED_AT_PERCENT} %, it pulled {rows} rows again, which is no resuming"
    );
    Ok(rows)
}
