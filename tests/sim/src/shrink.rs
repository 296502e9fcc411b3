//! Shrinks the decisions of a failing run to the relevant ones.

use anyhow::Result;

use crate::books::Engine;
use crate::dice::Dice;
use crate::trace::Detail;
use crate::variant::Variant;
use crate::world::{Report, run};

/// Maximum number of runs to shrink one failure.
const MAX_RUNS: usize = 400;

/// The first word of a violation: the property that shrinking preserves.
fn kind(report: &Report) -> Option<String> {
    let first = report.violations.first()?;
    Some(first.split([':', ' ']).next().unwrap_or_default().to_owned())
}

/// A shorter run with the same kind of failure: removes or simplifies parts of its decisions as long as it
/// still fails.
///
/// # Errors
/// When the simulation itself fails.
pub fn shrink(failing: Report, variant: Variant, engine: Engine, detail: Detail) -> Result<Report> {
    let (wanted, mut best) = (kind(&failing), failing);
    let mut runs = 0;
    let mut part = best.decisions.len() / 2;
    while part > 0 && runs < MAX_RUNS {
        let (mut at, mut has_shrunk) = (0, false);
        while at < best.decisions.len() && runs < MAX_RUNS {
            let end = (at + part).min(best.decisions.len());
            let mut without = best.decisions.clone();
            without.drain(at..end);
            let mut dull = best.decisions.clone();
            dull.get_mut(at..end).unwrap_or_default().fill(0);
            let mut candidates = vec![without];
            if best.decisions.get(at..end).is_some_and(|part| part.iter().any(|made| *made > 0)) {
                candidates.push(dull);
            }
            let mut found = None;
            for candidate in candidates {
                runs += 1;
                let report = run(Dice::repeating(candidate), variant, engine, Detail::Nothing)?;
                if kind(&report) == wanted && weight(&report) < weight(&best) {
                    found = Some(report);
                    break;
                }
            }
            match found {
                Some(report) => (best, has_shrunk) = (report, true),
                None => at += part,
            }
        }
        if !has_shrunk || part > 1 {
            part /= 2;
        }
    }
    run(Dice::repeating(best.decisions), variant, engine, detail)
}

/// Fewer decisions are better, then simpler ones.
fn weight(report: &Report) -> (usize, u64) {
    let made = &report.decisions;
    (made.len(), made.iter().map(|made| u64::from(*made)).sum())
}
