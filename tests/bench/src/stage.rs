//! One server and one browser with the subjects' pages, as most benches use them.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::server_process::ServerProcess;
use crate::settings::{Settings, Size};

/// A product of the catalogue, for lookups that must succeed.
#[derive(Clone, Debug)]
pub(crate) struct KnownProduct {
    /// The barcode.
    pub(crate) barcode: String,
    /// The SKU.
    pub(crate) sku: String,
    /// The name.
    pub(crate) name: String,
}

/// A server and an enrolled browser.
pub(crate) struct Stage {
    /// The server.
    pub(crate) server: ServerProcess,
    /// The browser.
    pub(crate) browser: Chromium,
    /// Origin of the subjects' pages.
    origin: String,
    settings: Settings,
}

impl Stage {
    /// Starts a server with a catalogue of this size, and a browser enrolled on it.
    ///
    /// # Errors
    /// When one of them cannot be started.
    pub(crate) async fn set(settings: &Settings, size: Size) -> Result<Self> {
        let server = ServerProcess::start_with(settings, size)?;
        let origin = server.origin();
        Self::set_at(settings, server, origin).await
    }

    /// Like [`Self::set`], with the pages loaded from `origin`, which leads to the server.
    ///
    /// # Errors
    /// When the browser cannot be started, or cannot reach the server.
    pub(crate) async fn set_at(settings: &Settings, server: ServerProcess, origin: String) -> Result<Self> {
        let browser = Chromium::start(settings, &[]).await?;
        let stage = Self { server, browser, origin, settings: settings.clone() };
        stage.enrol().await?;
        Ok(stage)
    }

    async fn enrol(&self) -> Result<()> {
        let link = self.server.enrolment_link(&self.origin)?;
        let code = link.rsplit('/').next().unwrap_or_default();
        // Any file of the origin will do, because only its cookies matter.
        self.browser.open(&format!("{}/manifest.json", self.origin)).await?;
        enrol_here(&self.browser, code).await
    }

    /// Restarts the browser on the same profile, after a failure.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn restart_browser(&mut self) -> Result<()> {
        self.browser.restart().await?;
        self.enrol().await
    }

    /// Continues with a new browser on an empty profile. Deleted rows leave traces in database files that
    /// would slow down the next subject.
    ///
    /// # Errors
    /// When it cannot be started, or cannot reach the server.
    pub(crate) async fn renew_browser(&mut self) -> Result<()> {
        self.browser.quit().await;
        self.browser = Chromium::start(&self.settings, &[]).await?;
        self.enrol().await
    }

    /// Loads a subject's page in a new renderer process and waits until its script has run.
    ///
    /// # Errors
    /// When the page was not built, or its script does not set `subject`.
    pub(crate) async fn show(&self, page: &str) -> Result<()> {
        let file = self.settings.site.join("bench").join(format!("{page}.html"));
        ensure!(
            file.is_file(),
            "there is no page {}; build the subjects with `cargo xtask bench`",
            file.display()
        );
        self.browser.open_in_new_tab(&format!("{}/bench/{page}.html", self.origin)).await?;
        self.wait_for_subject().await
    }

    async fn wait_for_subject(&self) -> Result<()> {
        self.browser.wait_for("the page's script", "return globalThis.subject !== undefined").await.map(drop)
    }

    /// Calls a method of the page's subject.
    ///
    /// # Errors
    /// When the method is absent or throws.
    pub(crate) async fn call(&self, method: &str, argument: Value) -> Result<Value> {
        let body = format!("return await subject[{}]({argument});", json!(method));
        self.browser.job(&body).await.with_context(|| format!("subject.{method}"))
    }

    /// Whether the page's subject has a method.
    ///
    /// # Errors
    /// When the page does not answer.
    pub(crate) async fn can(&self, method: &str) -> Result<bool> {
        let answer =
            self.browser.script(&format!("return typeof subject[{}] === 'function'", json!(method))).await?;
        Ok(answer == true)
    }

    /// Deletes everything the subject stored and opens it empty on a new page.
    ///
    /// # Errors
    /// When one of these fails.
    pub(crate) async fn empty(&self, page: &str) -> Result<()> {
        self.show(page).await?;
        self.call("destroy", Value::Null).await?;
        self.show(page).await?;
        self.call("open", Value::Null).await?;
        self.browser.collect_garbage().await
    }

    /// Fills the open subject from the server, untimed.
    ///
    /// # Errors
    /// When it fails, or rows are missing afterwards.
    pub(crate) async fn fill(&self) -> Result<()> {
        self.call("pull", json!({ "maxRows": MAX_ROWS })).await?;
        self.check_count(self.server.catalogue().size).await
    }

    /// Checks that the subject has stored every row.
    ///
    /// # Errors
    /// When the number of rows differs.
    pub(crate) async fn check_count(&self, size: Size) -> Result<()> {
        let stored = self.call("count", Value::Null).await?;
        let wanted = json!({ "products": size.products, "lots": size.lots });
        if stored["products"] != wanted["products"] || stored["lots"] != wanted["lots"] {
            bail!("it has stored {stored} and not {wanted}");
        }
        Ok(())
    }
}

/// Products of a server's catalogue, ordered by id, which is unrelated to SKU, name and barcode.
///
/// # Errors
/// When there is none.
pub(crate) fn known_products(server: &ServerProcess, count: usize) -> Result<Vec<KnownProduct>> {
    // Barcodes that several products share are excluded: they have several right answers.
    let sql = format!(
        "SELECT barcode, sku, name FROM products WHERE barcode <> '' GROUP BY barcode HAVING count(*) = 1
         ORDER BY product_id LIMIT {count}"
    );
    let found = server
        .query(&sql, |row| Ok(KnownProduct { barcode: row.get(0)?, sku: row.get(1)?, name: row.get(2)? }))?;
    ensure!(!found.is_empty(), "no product of the catalogue has a barcode of its own");
    Ok(found)
}

/// Rows per exchange: the most that the protocol allows.
pub(crate) const MAX_ROWS: u32 = 10_000;

/// Enrols the browser on the server whose page it shows.
///
/// # Errors
/// When the server refuses the code.
pub(crate) async fn enrol_here(browser: &Chromium, code: &str) -> Result<()> {
    let body = json!({ "code": code, "device_name": "bench" }).to_string();
    let script = format!(
        "const answer = await fetch('/api/enrol', {{ method: 'POST', body: {},
             headers: {{ 'content-type': 'application/json', 'x-lotbook': '1' }} }});
         return answer.ok || await answer.text();",
        json!(body)
    );
    let answer = browser.script(&script).await?;
    ensure!(answer == true, "the server did not enrol the browser: {answer}");
    Ok(())
}

/// A field of a subject's answer as a number; 0 if it is absent.
pub(crate) fn number(answer: &Value, field: &str) -> f64 {
    answer[field].as_f64().unwrap_or(0.0)
}
