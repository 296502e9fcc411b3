//! Pulls of a few changed rows: cost by the number of changes and by the number of stored rows.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::edits::{Editor, Renamed};
use crate::report::{LOTBOOK, Report};
use crate::rounds::{Contest, Measured, filled, rounds};
use crate::settings::{Settings, Size};
use crate::stage::{MAX_ROWS, Stage, number};

const SUBJECTS: [&str; 5] = [LOTBOOK, "floor", "dexie", "rxdb", "pouchdb"];
const CHANGES: [usize; 4] = [10, 100, 1_000, 10_000];
/// The number of changes whose figure is the main one, on the full catalogue.
const MAIN_CHANGES: usize = 1_000;
/// Changes are skipped on catalogues with fewer rows per change than this.
const MIN_ROWS_PER_CHANGE: usize = 3;

struct Delta {
    editor: Editor,
    changes: usize,
    renamed: Option<Renamed>,
}

/// Runs the bench.
///
/// # Errors
/// When server or browser cannot be started, or the server does not book the changes.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("delta", "ms", settings.runs());
    let sizes = [settings.tenth(), settings.size()];
    for size in sizes {
        run_on(settings, size, size == settings.size(), &mut report).await?;
    }
    report.note("rows", settings.size().rows());
    report.note("changed_rows", MAIN_CHANGES);
    Ok(report)
}

async fn run_on(settings: &Settings, size: Size, is_main: bool, report: &mut Report) -> Result<()> {
    let mut stage = Stage::set(settings, size).await?;
    let subjects = filled(&mut stage, &settings.chosen(&SUBJECTS), report).await?;
    let editor = Editor::new(&stage.server).await?;
    let mut delta = Delta { editor, changes: 0, renamed: None };
    for changes in CHANGES.into_iter().filter(|changes| changes * MIN_ROWS_PER_CHANGE <= size.rows()) {
        println!("  {changes} changes on {} rows", size.rows());
        delta.changes = changes;
        let found = rounds(&mut delta, &mut stage, &subjects, settings.runs(), report).await?;
        for (subject, samples) in found {
            if is_main && changes == MAIN_CHANGES {
                report.subject(&subject, &samples.samples);
            }
            let name = format!("{subject}_{changes}_of_{}", size.rows());
            report.detail(&name, "ms", &samples.samples);
            samples.tell_further(report, &name);
        }
    }
    Ok(())
}

impl Contest for Delta {
    async fn prepare(&mut self, stage: &Stage) -> Result<()> {
        let changed = self.editor.change(&stage.server, self.changes).await;
        self.renamed = changed.context("rows cannot be changed on the server")?;
        Ok(())
    }

    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured> {
        stage.show(subject).await?;
        stage.call("open", Value::Null).await?;
        stage.browser.collect_garbage().await?;
        let pull = format!(
            "const begun = performance.now();
             const pulled = await subject.pull({{ maxRows: {MAX_ROWS} }});
             return {{ ...pulled, millis: performance.now() - begun }};"
        );
        let answer = stage.browser.job(&pull).await?;
        ensure!(
            answer["rows"] == self.changes,
            "{} rows came, and {} had changed",
            answer["rows"],
            self.changes
        );
        if let Some(Renamed { sku, name }) = &self.renamed {
            let found = stage.call("bySku", json!(sku)).await?;
            ensure!(found["name"] == name.as_str(), "{sku} is {found}, and its new name is {name:?}");
        }
        Ok(Measured::one(number(&answer, "millis")))
    }
}
