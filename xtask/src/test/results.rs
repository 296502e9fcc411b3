//! Collects lines of test runners: their own summaries, and the duration of each test.

use std::time::Duration;

/// A test and its duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimedTest {
    /// The runner's name for it.
    pub(crate) name: String,
    /// From its start to its end.
    pub(crate) time: Duration,
}

/// The lines from every runner of a run.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Summary lines as printed, except those of empty suites.
    pub(crate) summaries: Vec<String>,
    times: Vec<TimedTest>,
}

impl Results {
    /// Parses one line of a runner's output.
    pub(crate) fn read(&mut self, line: &str) {
        if is_summary(line) {
            self.summaries.push(line.trim().to_owned());
        }
        self.times.extend(timed_by_nextest(line).or_else(|| timed_play(line)));
    }

    /// The slowest tests in descending order, at most `count` of them.
    pub(crate) fn slowest(&self, count: usize) -> Vec<TimedTest> {
        let mut times = self.times.clone();
        times.sort_by_key(|test| std::cmp::Reverse(test.time));
        times.truncate(count);
        times
    }
}

/// libtest, the simulation and the faults print `test result:`, nextest prints `Summary [`.
fn is_summary(line: &str) -> bool {
    let line = line.trim_start();
    let is_libtest = line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed;");
    is_libtest || line.starts_with("Summary [")
}

/// Parses a line such as `PASS [   1.208s] (2/2) tests::http booking::a_test`, also with `FAIL`, `TIMEOUT`
/// and others in front.
fn timed_by_nextest(line: &str) -> Option<TimedTest> {
    let (verdict, rest) = line.trim_start().split_once(" [")?;
    let (seconds, rest) = rest.split_once("s] ")?;
    let time = Duration::try_from_secs_f64(seconds.trim().parse().ok()?).ok()?;
    let name = rest.trim_start().trim_start_matches(|c: char| "(/) ".contains(c) || c.is_ascii_digit());
    let is_final = verdict.chars().all(|c| c.is_ascii_uppercase()) && verdict != "SLOW";
    is_final.then(|| TimedTest { name: name.to_owned(), time })
}

/// Parses a line of the faults: `F4   lotbook   0 0 0 0 /10   31.5 s`.
fn timed_play(line: &str) -> Option<TimedTest> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [fault, subject, .., seconds, "s"] = words.as_slice() else { return None };
    let is_fault = fault.strip_prefix('F').is_some_and(|number| number.parse::<u32>().is_ok());
    let time = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
    is_fault.then(|| TimedTest { name: format!("fault {fault} {subject}"), time })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Results {
        let mut results = Results::default();
        lines.iter().for_each(|line| results.read(line));
        results
    }

    #[test]
    fn summaries_of_all_runners_are_kept_without_those_of_empty_suites() {
        let libtest = "test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured";
        let nextest = "Summary [   1.209s] 2 tests run: 1 passed, 1 failed, 1 skipped";
        let results = read(&[
            libtest,
            "test result: ok. 0 passed; 0 failed; 0 ignored",
            "test result: FAILED. 0 passed; 1 failed; 0 ignored",
            "running 5 tests",
            &format!("     {nextest}"),
        ]);
        assert_eq!(
            results.summaries,
            [libtest, "test result: FAILED. 0 passed; 1 failed; 0 ignored", nextest]
        );
    }

    #[test]
    fn the_slowest_tests_are_listed_with_their_durations() {
        let results = read(&[
            "        PASS [   0.014s] (1/2) domain lot::a",
            "        SLOW [> 60.000s] (  2/203) tests::browser axe::b",
            "        FAIL [  62.500s] (  2/203) tests::browser axe::b",
            "     Summary [   1.209s] 2 tests run: 2 passed, 1 skipped",
            "  F4   lotbook      0 0 0 0 /10    31.5 s",
        ]);
        let slowest = results.slowest(2);
        let named: Vec<_> = slowest.iter().map(|test| (test.name.as_str(), test.time.as_millis())).collect();
        assert_eq!(named, [("tests::browser axe::b", 62_500), ("fault F4 lotbook", 31_500)]);
        assert_eq!(results.slowest(9).len(), 3, "a summary is no test");
    }
}
