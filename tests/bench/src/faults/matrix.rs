//! The results of the fault plays as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::verdict::Counts;
use crate::report::{Findings, LOTBOOK};

/// Result of one fault with one subject.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    /// The fault was played.
    Played {
        /// The counts.
        #[serde(flatten)]
        counts: Counts,
        /// The cause of counts that are not zero, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'static str>,
    },
    /// The fault cannot happen to the subject.
    NotApplicable {
        /// The reason.
        not_applicable: &'static str,
    },
    /// The play could not be completed.
    Failed {
        /// The error.
        failed: String,
    },
}

/// Results of one fault.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The id, such as `F1`.
    pub(crate) id: String,
    /// The description.
    pub(crate) name: String,
    /// Results by subject.
    pub(crate) results: BTreeMap<&'static str, Cell>,
}

/// Results of all faults.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Matrix {
    /// Name of the bench: `faults`.
    pub(crate) name: &'static str,
    /// Seed of the random choices.
    pub(crate) seed: u64,
    /// Mutations per run.
    pub(crate) mutations: usize,
    /// Time that subjects have to settle everything after a fault.
    pub(crate) bound_seconds: u64,
    /// Names of the subjects, Lotbook first.
    pub(crate) subjects: Vec<&'static str>,
    /// One row per fault.
    pub(crate) faults: Vec<Row>,
}

impl Cell {
    /// Short form for the table: lost, duplicated, reordered, stuck, and the number of saved mutations.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Played { counts: Counts { saved, lost, duplicated, reordered, stuck, .. }, .. } => {
                format!("{lost} {duplicated} {reordered} {stuck} /{saved}")
            }
            Self::NotApplicable { .. } => "-".to_owned(),
            Self::Failed { .. } => "failed".to_owned(),
        }
    }
}

impl Row {
    // Peers only fail if a play could not be completed; their nonzero counts are results.
    fn has_failed(&self) -> bool {
        self.results.iter().any(|(subject, cell)| match cell {
            Cell::Played { counts, .. } => *subject == LOTBOOK && !counts.is_zero(),
            Cell::NotApplicable { .. } => false,
            Cell::Failed { .. } => true,
        })
    }
}

impl Matrix {
    /// A summary line in the form of Rust's test runner.
    fn summary(&self) -> String {
        let failed = self.faults.iter().filter(|row| row.has_failed()).count();
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        let passed = self.faults.len() - failed;
        format!("test result: {verdict}. {passed} passed; {failed} failed; faults in a browser\n")
    }
}

impl Findings for Matrix {
    fn has_failed(&self) -> bool {
        self.faults.iter().any(Row::has_failed)
    }

    fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join("faults.json");
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, json))
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    fn table(&self) -> String {
        let mut text = format!(
            "\nfaults (lost duplicated reordered stuck / saved, of {} mutations, seed {})\n",
            self.mutations, self.seed
        );
        // Writing to a string cannot fail.
        let _ = write!(text, "  {:<48}", "fault");
        for subject in &self.subjects {
            let _ = write!(text, " {subject:>12}");
        }
        for Row { id, name, results } in &self.faults {
            let _ = write!(text, "\n  {:<48}", format!("{id} {name}"));
            for subject in &self.subjects {
                let _ = write!(text, " {:>12}", results.get(subject).map(Cell::shown).unwrap_or_default());
            }
        }
        format!("{text}\n\n{}", self.summary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(subject: &'static str, cell: Cell) -> Matrix {
        let row = Row { id: "F1".into(), name: "n".into(), results: BTreeMap::from([(subject, cell)]) };
        Matrix {
            name: "faults",
            seed: 1,
            mutations: 10,
            bound_seconds: 90,
            subjects: vec![subject],
            faults: vec![row],
        }
    }

    fn played(lost: usize) -> Cell {
        Cell::Played { counts: Counts { lost, ..Counts::default() }, why: None }
    }

    #[test]
    fn only_lotbooks_counts_and_incomplete_plays_fail_the_run() {
        assert!(!matrix(LOTBOOK, played(0)).has_failed());
        assert!(matrix(LOTBOOK, played(1)).has_failed());
        assert!(!matrix("workbox", played(1)).has_failed());
        assert!(matrix("workbox", Cell::Failed { failed: "x".into() }).has_failed());
    }

    #[test]
    fn the_json_has_numbers_or_a_reason_in_each_cell() {
        let json =
            |cell| serde_json::to_value(matrix("s", cell)).unwrap()["faults"][0]["results"]["s"].clone();
        let numbers = serde_json::json!({ "slowest_save_millis": 0, "saved": 0, "lost": 2, "duplicated": 0, "reordered": 0, "stuck": 0 });
        assert_eq!(json(played(2)), numbers);
        let reason = Cell::NotApplicable { not_applicable: "it keeps no rows" };
        assert_eq!(json(reason), serde_json::json!({ "not_applicable": "it keeps no rows" }));
    }
}
