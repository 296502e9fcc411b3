//! Runs subjects in turns, so that other load on the machine affects all of them alike.
//!
//! The first turn is a warm-up and not counted. A subject that fails is reported and skipped from then on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::report::{Report, shown};
use crate::stage::Stage;

/// A subject whose warm-up takes longer than this gets [`MIN_RUNS`] runs, which the report notes.
const MAX_WARM_UP: Duration = Duration::from_secs(60);
const MIN_RUNS: usize = 2;

/// Measurements of one subject in one turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Samples in the report's unit.
    pub(crate) samples: Vec<f64>,
    /// Further measurements: name, unit, value.
    pub(crate) further: Vec<(String, &'static str, f64)>,
}

impl Measured {
    /// One sample without further measurements.
    pub(crate) fn one(sample: f64) -> Self {
        Self { samples: vec![sample], further: Vec::new() }
    }

    /// Adds a further measurement.
    pub(crate) fn and(&mut self, what: &str, unit: &'static str, value: f64) {
        self.further.push((what.to_owned(), unit, value));
    }
}

/// A task that is measured for several subjects.
pub(crate) trait Contest {
    /// Runs once before each turn of all subjects.
    async fn prepare(&mut self, stage: &Stage) -> Result<()>;

    /// Measures one subject.
    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured>;
}

/// Measurements of one subject in all turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// Samples in the report's unit.
    pub(crate) samples: Vec<f64>,
    further: BTreeMap<(String, &'static str), Vec<f64>>,
    /// The number of runs, if it is less than requested.
    fewer_runs: Option<usize>,
}

impl Samples {
    /// Adds the further measurements to a report, under names that begin with `name`.
    pub(crate) fn tell_further(&self, report: &mut Report, name: &str) {
        for ((what, unit), samples) in &self.further {
            report.detail(&format!("{name}_{what}"), unit, samples);
        }
        if let Some(runs) = self.fewer_runs {
            report.note(&format!("{name}_runs"), runs);
        }
    }
}

/// Runs one warm-up turn and `runs` measured ones. Returns the measurements by subject.
///
/// # Errors
/// When preparing fails, or the browser cannot be started again after a failure.
pub(crate) async fn rounds(
    contest: &mut impl Contest,
    stage: &mut Stage,
    subjects: &[&str],
    runs: usize,
    report: &mut Report,
) -> Result<BTreeMap<String, Samples>> {
    let mut found: BTreeMap<String, Samples> =
        subjects.iter().map(|&subject| (subject.to_owned(), Samples::default())).collect();
    for run in 0..=runs {
        contest.prepare(stage).await?;
        for &subject in subjects {
            let Some(samples) = found.get_mut(subject) else { continue };
            if samples.fewer_runs.is_some_and(|most| run > most) {
                continue;
            }
            let begun = Instant::now();
            match contest.measure(stage, subject).await {
                Ok(measured) if run == 0 => {
                    println!("  warm-up   {subject:<12} {:>12}", middle(&measured.samples));
                    let is_slow = begun.elapsed() > MAX_WARM_UP && runs > MIN_RUNS;
                    samples.fewer_runs = is_slow.then_some(MIN_RUNS);
                }
                Ok(measured) => {
                    println!(
                        "  run {run:>2}/{runs:<2} {subject:<12} {:>12} {}",
                        middle(&measured.samples),
                        report.unit()
                    );
                    samples.samples.extend(measured.samples);
                    for (what, unit, value) in measured.further {
                        samples.further.entry((what, unit)).or_default().push(value);
                    }
                }
                Err(error) => {
                    report.failure(subject, &error);
                    found.remove(subject);
                    stage.restart_browser().await?;
                }
            }
        }
    }
    Ok(found)
}

/// Fills every subject from the server, untimed, and returns those that hold all rows.
///
/// # Errors
/// When the browser cannot be started again after a failure.
pub(crate) async fn filled<'a>(
    stage: &mut Stage,
    subjects: &[&'a str],
    report: &mut Report,
) -> Result<Vec<&'a str>> {
    let mut filled = Vec::new();
    for &subject in subjects {
        let begun = Instant::now();
        let done = async {
            stage.empty(subject).await?;
            stage.fill().await
        };
        match done.await {
            Ok(()) => {
                println!("  filled    {subject:<12} {:>12} s", shown(begun.elapsed().as_secs_f64()));
                filled.push(subject);
            }
            Err(error) => {
                report.failure(subject, &error);
                stage.restart_browser().await?;
            }
        }
    }
    Ok(filled)
}

fn middle(samples: &[f64]) -> String {
    crate::report::percentile(samples, 50).map(shown).unwrap_or_default()
}
