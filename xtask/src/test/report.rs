//! The report of a run: a table of the steps and their durations, the runners' own summaries, and the time
//! limit.

use super::Step;
use super::results::Results;
use crate::process::in_words;
use anyhow::{Result, bail};
use std::fmt;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Number of tests listed when a run takes too long.
const MAX_SLOWEST_TESTS: usize = 10;

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passed.
    Ok,
    /// It failed, and later steps were not run.
    Failed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
        })
    }
}

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Report {
    started: Instant,
    steps: Vec<(Step, Verdict, Duration)>,
}

impl Report {
    /// An empty report; the clock starts now.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), steps: Vec::new() }
    }

    /// Records a finished step.
    pub(crate) fn add(&mut self, step: Step, verdict: Verdict, time: Duration) {
        self.steps.push((step, verdict, time));
    }

    /// Prints the table and the runners' summaries.
    pub(crate) fn print(&self, results: &Results) {
        println!("{}", table(&self.steps, self.started.elapsed()));
        for summary in &results.summaries {
            println!("{summary}");
        }
    }

    /// Checks the total duration against the limit, if there is one. The one-time installation of tools is
    /// not counted.
    ///
    /// # Errors
    /// When the run took longer; the message names the slowest tests.
    pub(crate) fn check_time(&self, max_time: Option<Duration>, results: &Results) -> Result<()> {
        let tools = self.steps.iter().filter(|(step, ..)| *step == Step::Tools).map(|(.., time)| *time);
        check(self.started.elapsed().saturating_sub(tools.sum()), max_time, results)
    }
}

fn table(steps: &[(Step, Verdict, Duration)], elapsed: Duration) -> String {
    let mut text = format!("\n{:<12} {:<7} time\n", "step", "result");
    for (step, verdict, time) in steps {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{:<12} {verdict:<7} {}", step.name(), in_words(*time));
    }
    let _ = writeln!(text, "{:<20} {} (app runs beside the steps from build on)", "all", in_words(elapsed));
    text
}

fn check(elapsed: Duration, max_time: Option<Duration>, results: &Results) -> Result<()> {
    let Some(max_time) = max_time.filter(|max_time| elapsed > *max_time) else { return Ok(()) };
    let mut slowest = String::new();
    for test in results.slowest(MAX_SLOWEST_TESTS) {
        // Writing into a String cannot fail.
        let _ = write!(slowest, "\n  {:>12}  {}", in_words(test.time), test.name);
    }
    bail!(
        "every step passed, but together they took {}, which is more than {}. Make the slowest tests faster, or, on a \
         slow machine, allow more with --max-minutes:{slowest}",
        in_words(elapsed),
        in_words(max_time)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_and_the_whole_run_have_a_line() {
        let steps = [
            (Step::Fmt, Verdict::Ok, Duration::from_secs(2)),
            (Step::ClippyWasm, Verdict::Failed, Duration::from_secs(75)),
        ];
        let text = table(&steps, Duration::from_secs(80));
        assert!(text.contains("fmt          ok      2.0 s\n"), "{text}");
        assert!(text.contains("clippy-wasm  FAILED  1 min 15 s\n"), "{text}");
        assert!(text.contains("all                  1 min 20 s"), "{text}");
    }

    #[test]
    fn a_run_over_its_limit_fails_and_names_the_slowest_test() {
        let mut results = Results::default();
        results.read("        PASS [  99.000s] (1/1) tests::browser every_page::walk");
        let (limit, second) = (Duration::from_secs(1_800), Duration::from_secs(1));
        assert!(check(limit, Some(limit), &results).is_ok());
        assert!(check(limit + second, None, &results).is_ok());
        let error = check(limit + second, Some(limit), &results).unwrap_err().to_string();
        assert!(error.contains("30 min 01 s") && error.contains("every_page::walk"), "{error}");
    }
}
