//! The report of a walk over pages: faults, and counts of what was looked at.

use std::collections::BTreeMap;

use crate::device::Device;
use anyhow::{Context, Result, bail, ensure};

/// Faults found so far, and the number of elements, texts or rules that each check has looked at.
#[derive(Default)]
pub(crate) struct Report {
    /// Name of the state that is being looked at.
    state: String,
    states: usize,
    faults: Vec<String>,
    seen: BTreeMap<String, u64>,
}

impl Report {
    /// Begins with another state.
    pub(crate) fn begin(&mut self, state: &str) {
        state.clone_into(&mut self.state);
        self.states += 1;
    }

    /// Name of the state that is being looked at.
    pub(crate) fn state(&self) -> &str {
        &self.state
    }

    /// Adds a fault of the state.
    pub(crate) fn fault(&mut self, fault: &str) {
        self.faults.push(format!("{}: {fault}", self.state));
    }

    /// Runs a check's script in the page. It has to return its `faults`, in sentences, and the number of things it has
    /// `seen`.
    ///
    /// # Errors
    /// When the script fails or returns something else.
    pub(crate) async fn check(&mut self, device: &Device, what: &str, script: &str) -> Result<()> {
        let found = device.script(script).await?;
        let faults = found["faults"].as_array().with_context(|| format!("{what}: no list of faults"))?;
        for fault in faults {
            self.fault(&format!("{what}: {}", fault.as_str().unwrap_or_default()));
        }
        let seen = found["seen"].as_u64().with_context(|| format!("{what}: no count of what was seen"))?;
        *self.seen.entry(what.to_owned()).or_default() += seen;
        Ok(())
    }

    /// Prints the counts.
    ///
    /// # Errors
    /// With all faults, or when a check has seen nothing in any state.
    pub(crate) fn end(self) -> Result<()> {
        println!("{} states", self.states);
        for (what, seen) in &self.seen {
            println!("{what}: {seen}");
            ensure!(*seen > 0, "{what}: nothing was looked at");
        }
        if !self.faults.is_empty() {
            bail!("{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
        }
        Ok(())
    }
}

/// The end of a script for [`Report::check`], after what defines `seen`: `expression` is its faults.
pub(crate) fn faults_of(expression: &str) -> String {
    format!("const faults = {expression}; return {{ faults, seen }};")
}

#[test]
fn a_report_fails_with_its_faults_and_where_nothing_was_seen() {
    let mut report = Report::default();
    report.begin("stock");
    report.fault("too wide");
    let error = report.end().expect_err("a fault").to_string();
    assert!(error.contains("1 faults") && error.contains("stock: too wide"), "{error}");
    let blind = Report { seen: BTreeMap::from([("words".to_owned(), 0)]), ..Report::default() };
    assert!(blind.end().is_err_and(|error| error.to_string().contains("words: nothing")));
}
