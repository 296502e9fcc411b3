//! Runs other programs: shows what is run, streams what they print, keeps test summaries.

use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a program to its end, with its output going straight through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program to its end and returns what it wrote to stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs tests to their end, and adds the runners' own summary lines to `summaries`, those of empty suites left out.
pub(crate) fn run_tests(command: &mut Command, summaries: &mut Vec<String>) -> Result<()> {
    announce(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| cannot_start(command))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.context("the tests' output cannot be read")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if is_summary(&line) {
                summaries.push(line.trim().to_owned());
            }
        }
    }
    let status = child.wait().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("test result:") && !line.contains(" 0 passed; 0 failed;")
}

/// A duration as a person reads it.
pub(crate) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

fn announce(command: &Command) {
    println!("$ {}", shown(command));
}

fn cannot_start(command: &Command) -> String {
    format!("`{}` cannot be started; is it installed?", command.get_program().to_string_lossy())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Writing into a String cannot fail.
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_told_from_other_lines_and_from_empty_suites() {
        assert!(is_summary("test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured"));
        assert!(is_summary("test result: FAILED. 0 passed; 1 failed; 0 ignored"));
        assert!(!is_summary("test result: ok. 0 passed; 0 failed; 0 ignored"));
        assert!(!is_summary("running 5 tests"));
        assert!(is_summary("test result: ok. 10 passed; 0 failed;"));
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(in_words(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(in_words(Duration::from_secs(245)), "4 min 05 s");
    }
}
