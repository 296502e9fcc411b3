//! A step that runs in the background: a process of this program, whose output goes to a file until it is
//! printed at its end.

use super::Step;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, io};

/// The running step.
pub(crate) struct Beside {
    step: Step,
    log: PathBuf,
    /// Its exit status and duration.
    ended: JoinHandle<(io::Result<ExitStatus>, Duration)>,
}

impl Beside {
    /// Starts a step.
    ///
    /// # Errors
    /// When its log cannot be written, or the process cannot be started.
    pub(crate) fn begin(workspace: &Workspace, step: Step) -> Result<Self> {
        let name = step.name();
        let folder = workspace.target.join("xtask");
        let log = folder.join(format!("{name}.log"));
        let file = fs::create_dir_all(&folder)
            .and_then(|()| File::create(&log))
            .with_context(|| format!("{} cannot be written", log.display()))?;
        let errors = file.try_clone().context("the log cannot be written from two outputs")?;
        let program = env::current_exe().context("the path of this program cannot be read")?;
        let mut command = Command::new(program);
        command.current_dir(&workspace.root).args(["test", "--only", &name]).stdout(file).stderr(errors);
        let started = Instant::now();
        let mut child = command.spawn().with_context(|| format!("step {name} cannot be started"))?;
        println!("Step {name} runs beside this one from here on; its output goes to {}.", log.display());
        let ended = thread::spawn(move || {
            let status = child.wait();
            (status, started.elapsed())
        });
        Ok(Self { step, log, ended })
    }

    /// Waits for its end, prints its output, and returns its result and duration.
    pub(crate) fn end(self) -> (Result<()>, Duration) {
        let Ok((status, elapsed)) = self.ended.join() else {
            return (Err(anyhow::anyhow!("waiting for step {} panicked", self.step.name())), Duration::ZERO);
        };
        (finished(self.step, &self.log, status), elapsed)
    }
}

fn finished(step: Step, log: &PathBuf, status: io::Result<ExitStatus>) -> Result<()> {
    let text = fs::read(log).with_context(|| format!("{} cannot be read", log.display()))?;
    print!("{}", String::from_utf8_lossy(&text));
    let status = status.with_context(|| format!("step {} cannot be waited for", step.name()))?;
    if !status.success() {
        bail!("the build beside the other steps failed ({status}); its output is above");
    }
    Ok(())
}
