//! Lookup of one product by barcode and by SKU in storage, and the app's search at every keystroke.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::app;
use crate::chromium::Chromium;
use crate::report::{LOTBOOK, Report};
use crate::rounds::{Contest, Measured, filled, rounds};
use crate::server_process::ServerProcess;
use crate::settings::Settings;
use crate::stage::{KnownProduct, Stage, known_products};

const SUBJECTS: [&str; 5] = [LOTBOOK, "floor", "dexie", "rxdb", "pouchdb"];
const LOOKUPS: usize = 500;
/// Search texts as people type them: several languages, with and without accents, and prefixes of codes.
const WORDS: [&str; 9] = ["creme", "crème", "schoko", "fromage", "queso", "P0012", "bio", "lait", "çikolata"];
/// The same with a mistake: once nothing matches exactly, every word of every label is compared.
const MISTYPED: [&str; 3] = ["choclate", "frmoage", "yoghrut"];
const BARCODE_PREFIX_DIGITS: usize = 6;
/// Renders frames as soon as they are ready instead of at the display's rate, so that frame times measure the
/// work.
const UNPACED_FRAMES: [&str; 2] = ["--disable-frame-rate-limit", "--disable-gpu-vsync"];

struct Lookup {
    products: Vec<KnownProduct>,
}

/// Runs the bench.
///
/// # Errors
/// When server or browser cannot be started.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("lookup", "ms", settings.runs());
    let mut stage = Stage::set(settings, settings.size()).await?;
    let products = known_products(&stage.server, LOOKUPS)?;
    let prefix: String =
        products.first().context("a product")?.barcode.chars().take(BARCODE_PREFIX_DIGITS).collect();
    let subjects = filled(&mut stage, &settings.chosen(&SUBJECTS), &mut report).await?;
    let found = rounds(&mut Lookup { products }, &mut stage, &subjects, settings.runs(), &mut report).await?;
    for (subject, samples) in found {
        report.subject(&subject, &samples.samples);
        samples.tell_further(&mut report, &subject);
    }
    if settings.chosen(&[LOTBOOK]).is_empty() {
        return Ok(report);
    }
    if let Err(error) = search(settings, &stage.server, &prefix, &mut report).await {
        report.failure("app", &error);
    }
    Ok(report)
}

impl Contest for Lookup {
    async fn prepare(&mut self, _: &Stage) -> Result<()> {
        Ok(())
    }

    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured> {
        stage.show(subject).await?;
        stage.call("open", Value::Null).await?;
        stage.browser.collect_garbage().await?;
        let skus: Vec<&str> = self.products.iter().map(|product| product.sku.as_str()).collect();
        let codes: Vec<&str> = self.products.iter().map(|product| product.barcode.as_str()).collect();
        let body = format!(
            "const skus = {}, codes = {};
             const timed = async (method, keys) => {{
                 const times = [];
                 for (let at = 0; at < keys.length; at++) {{
                     const begun = performance.now();
                     const found = await subject[method](keys[at]);
                     times.push(performance.now() - begun);
                     if (found?.sku !== skus[at]) throw new Error(`${{method}} ${{keys[at]}}: ${{JSON.stringify(found)}}`);
                 }}
                 return times;
             }};
             return {{ byBarcode: await timed('byBarcode', codes), bySku: await timed('bySku', skus) }};",
            json!(skus),
            json!(codes)
        );
        let times = stage.browser.job(&body).await?;
        let mut measured = Measured { samples: numbers(&times["byBarcode"])?, further: Vec::new() };
        for value in numbers(&times["bySku"])? {
            measured.and("by_sku", "ms", value);
        }
        Ok(measured)
    }
}

fn numbers(times: &Value) -> Result<Vec<f64>> {
    Ok(times.as_array().context("the page returned no times")?.iter().filter_map(Value::as_f64).collect())
}

/// Types words into the app's search, one key at a time.
async fn search(
    settings: &Settings,
    server: &ServerProcess,
    prefix: &str,
    report: &mut Report,
) -> Result<()> {
    let browser = Chromium::start(settings, &UNPACED_FRAMES).await?;
    app::install(&browser, server).await?;
    browser.open(&format!("{}/stock", server.app_origin())).await?;
    let products = server.catalogue().size.products;
    let whole_list = format!(
        "return document.querySelector('[data-test=stock-count]')?.innerText.replace(/\\D/g, '') === '{products}'"
    );
    browser.wait_for("the whole list", &whole_list).await?;
    let words: Vec<&str> = WORDS.into_iter().chain([prefix]).collect();
    let (mut idle, mut frames, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    let mut mistyped = Vec::new();
    for run in 0..=settings.runs() {
        let times = browser.job(&typed(&words)).await?;
        // The first run is a warm-up.
        if run > 0 {
            idle.extend(numbers(&times["idle"])?);
            frames.extend(numbers(&times["frames"])?);
            settled.extend(numbers(&times["settled"])?);
            mistyped.extend(numbers(&browser.job(&typed(&MISTYPED)).await?["frames"])?);
        }
        ensure!(
            times["found"].as_u64().is_some_and(|found| found > 0),
            "no word was found by the app's search"
        );
    }
    println!("  app: {} keystrokes", frames.len());
    report.detail("app_idle_frame", "ms", &idle);
    report.detail("app_search_keystroke_to_frame", "ms", &frames);
    report.detail("app_search_keystroke_to_last_change", "ms", &settled);
    report.detail("app_search_mistyped_keystroke_to_frame", "ms", &mistyped);
    Ok(())
}

/// Script: times of idle frames, from a keystroke to the next frame, and from a keystroke to the last frame
/// that changed the count or the first row.
fn typed(words: &[&str]) -> String {
    format!(
        "const field = document.querySelector('[data-test=search]');
         const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
         const type = (text) => {{
             setValue.call(field, text);
             field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
         }};
         // A frame that paints nothing waits for the display, so each frame changes this element.
         const pulse = document.body.appendChild(document.createElement('i'));
         Object.assign(pulse.style, {{ position: 'fixed', top: 0, left: 0, width: '1px', height: '1px' }});
         let beats = 0;
         const frame = () => new Promise((resolve) => requestAnimationFrame(() => {{
             pulse.style.background = beats++ % 2 ? '#000' : '#fff';
             const {{ port1, port2 }} = new MessageChannel();
             port1.onmessage = () => resolve(performance.now());
             port2.postMessage(null);
         }}));
         const count = () => document.querySelector('[data-test=stock-count]')?.innerText ?? '';
         const state = () => count() + (document.querySelector('[data-test=product-row]')?.innerText ?? '');
         const idle = [], frames = [], settled = [];
         for (let begun = await frame(); idle.length < 50;) {{
             const next = await frame();
             idle.push(next - begun);
             begun = next;
         }}
         let found = 0;
         for (const word of {}) {{
             for (let length = 1; length <= word.length; length++) {{
                 const begun = performance.now();
                 type(word.slice(0, length));
                 let changed = await frame(), seen = state();
                 frames.push(changed - begun);
                 for (let now = changed; now - begun < 100;) {{
                     now = await frame();
                     if (state() !== seen) {{ seen = state(); changed = now; }}
                 }}
                 settled.push(changed - begun);
             }}
             if (!count().startsWith('0 ') && document.querySelector('[data-test=product-row]')) found += 1;
             type('');
             for (let rest = 0; rest < 5; rest++) await frame();
         }}
         pulse.remove();
         return {{ idle, frames, settled, found }};",
        json!(words)
    )
}
