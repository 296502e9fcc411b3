//! Results of a bench: median and 95th percentile per subject, ratios of peers to Lotbook, and further
//! figures.
//!
//! `write` creates `NAME.json`, `NAME.svg` and, if there are curves, `NAME.curves.svg` in a folder; `table` is for the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use crate::{curves, plot};

/// The subject that the others are compared with.
pub(crate) const LOTBOOK: &str = "lotbook";

/// Median and 95th percentile of some measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Figure {
    /// The median.
    pub(crate) median: f64,
    /// The 95th percentile; with fewer than 20 measurements, the largest.
    pub(crate) p95: f64,
}

impl Figure {
    /// Computes the figure of samples in any order. `None` if there are none.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        Some(Self { median: percentile(samples, 50)?, p95: percentile(samples, 95)? })
    }
}

/// The percentile by nearest rank; for the median of an even number of samples, the mean of the middle two.
/// `None` without samples.
pub(crate) fn percentile(samples: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    if percent == 50 && count > 0 && count.is_multiple_of(2) {
        return Some(f64::midpoint(*sorted.get(count / 2 - 1)?, *sorted.get(count / 2)?));
    }
    sorted.get((count * percent).div_ceil(100).checked_sub(1)?).copied()
}

/// A further figure or a note.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Detail {
    Figure {
        unit: String,
        #[serde(flatten)]
        figure: Figure,
    },
    Note(Value),
}

/// Results of any bench.
pub(crate) trait Findings {
    /// Whether something failed.
    fn has_failed(&self) -> bool;

    /// Writes `NAME.json` and its companions into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn write(&self, folder: &Path) -> Result<()>;

    /// The results as a table for the terminal.
    fn table(&self) -> String;
}

/// Results of a bench that measures figures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    name: String,
    unit: String,
    runs: usize,
    subjects: BTreeMap<String, Figure>,
    /// Each peer's median divided by Lotbook's.
    ratios: BTreeMap<String, f64>,
    details: BTreeMap<String, Detail>,
    /// Shares of each subject in percent, by time in seconds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    curves: BTreeMap<String, Curve>,
    #[serde(skip)]
    failures: Vec<String>,
}

/// Times in seconds, each with a share in percent.
pub(crate) type Curve = Vec<(f64, f64)>;

impl Report {
    /// Creates an empty report. `runs` is the number of measured runs, without the warm-up.
    pub(crate) fn new(name: &str, unit: &str, runs: usize) -> Self {
        Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            runs,
            subjects: BTreeMap::new(),
            ratios: BTreeMap::new(),
            details: BTreeMap::new(),
            curves: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Adds a subject's measurements, in the report's unit. No-op without samples.
    pub(crate) fn subject(&mut self, subject: &str, samples: &[f64]) {
        let Some(figure) = Figure::of(samples) else { return };
        self.subjects.insert(subject.to_owned(), figure);
        let Some(own) = self.subjects.get(LOTBOOK).map(|own| own.median).filter(|own| *own > 0.0) else {
            return;
        };
        let peers = self.subjects.iter().filter(|(name, _)| *name != LOTBOOK);
        self.ratios = peers.map(|(name, figure)| (name.clone(), rounded(figure.median / own))).collect();
    }

    /// Adds the measurements of a further figure. No-op without samples.
    pub(crate) fn detail(&mut self, name: &str, unit: &str, samples: &[f64]) {
        if let Some(figure) = Figure::of(samples) {
            self.details.insert(name.to_owned(), Detail::Figure { unit: unit.to_owned(), figure });
        }
    }

    /// Adds the curve of a subject.
    pub(crate) fn curve(&mut self, subject: &str, curve: Curve) {
        self.curves.insert(subject.to_owned(), curve);
    }

    /// Adds a note: a count, a flag or a sentence.
    pub(crate) fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.details.insert(name.to_owned(), Detail::Note(value.into()));
    }

    /// Prints and stores that a subject could not be measured or gave a wrong result.
    pub(crate) fn failure(&mut self, subject: &str, error: &anyhow::Error) {
        let sentence = format!("{subject}: {error:#}");
        eprintln!("  FAILED {sentence}");
        self.failures.push(sentence);
        self.note("failures", self.failures.clone());
    }

    /// The bench's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Unit of the subjects' figures.
    pub(crate) fn unit(&self) -> &str {
        &self.unit
    }

    /// The subjects' figures: Lotbook first, then peers by median.
    pub(crate) fn ordered(&self) -> Vec<(&str, Figure)> {
        let mut all: Vec<_> = self.subjects.iter().map(|(name, figure)| (name.as_str(), *figure)).collect();
        all.sort_by(|a, b| {
            (a.0 != LOTBOOK, a.1.median).partial_cmp(&(b.0 != LOTBOOK, b.1.median)).unwrap_or(a.0.cmp(b.0))
        });
        all
    }
}

impl Findings for Report {
    fn has_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        let mut files = vec![("json", json), ("svg", plot::svg(self))];
        if !self.curves.is_empty() {
            files.push(("curves.svg", curves::svg(&self.name, &self.curves)));
        }
        for (extension, content) in files {
            let file = folder.join(format!("{}.{extension}", self.name));
            fs::write(&file, content).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(())
    }

    fn table(&self) -> String {
        let mut text = format!("\n{} ({}, {} runs)\n", self.name, self.unit, self.runs);
        line(&mut text, ["subject", "median", "p95", "x lotbook"]);
        for (name, figure) in self.ordered() {
            let ratio = self.ratios.get(name).map(|ratio| shown(*ratio)).unwrap_or_default();
            line(&mut text, [name, &shown(figure.median), &shown(figure.p95), &ratio]);
        }
        for (name, detail) in &self.details {
            match detail {
                Detail::Figure { unit, figure } => {
                    line(&mut text, [name, &shown(figure.median), &shown(figure.p95), unit]);
                }
                Detail::Note(value) => line(&mut text, [name, &value.to_string(), "", ""]),
            }
        }
        text
    }
}

fn line(text: &mut String, cells: [&str; 4]) {
    let [name, median, p95, last] = cells;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {name:<44} {median:>14} {p95:>14} {last:>12}");
}

/// Formats a value with about three significant digits.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn rounded(ratio: f64) -> f64 {
    (ratio * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_and_an_even_median_is_a_mean() {
        assert_eq!(Figure::of(&[]), None);
        assert_eq!(Figure::of(&[7.0]), Some(Figure { median: 7.0, p95: 7.0 }));
        assert_eq!(Figure::of(&[4.0, 1.0, 3.0, 2.0]), Some(Figure { median: 2.5, p95: 4.0 }));
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&hundred, 95), Some(95.0));
        assert_eq!(percentile(&hundred, 99), Some(99.0));
    }

    #[test]
    fn peers_are_compared_with_lotbook_in_any_order() {
        let mut report = Report::new("sample", "ms", 1);
        report.subject("dexie", &[30.0]);
        report.subject(LOTBOOK, &[2.0]);
        report.detail("rows", "rows", &[5.0]);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["ratios"], serde_json::json!({ "dexie": 15.0 }));
        assert_eq!(json["subjects"]["lotbook"], serde_json::json!({ "median": 2.0, "p95": 2.0 }));
        assert_eq!(json["details"]["rows"]["unit"], "rows");
        assert!(!report.has_failed());
    }
}
