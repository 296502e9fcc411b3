//! Descendants and memory use of other processes, read from `/proc`.
//!
//! On systems without `/proc` nothing is found, and the figures that need it are left out.

use std::fs;

/// All descendants of process `root`, each with its command line.
pub fn descendants(root: u32) -> Vec<(u32, String)> {
    let parents: Vec<(u32, u32)> = pids().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(of) = open.pop() {
        for (pid, _) in parents.iter().filter(|(_, parent)| *parent == of) {
            open.push(*pid);
            found.push((*pid, command_line(*pid)));
        }
    }
    found
}

/// Peak resident memory of a process, in bytes.
pub fn peak_memory_bytes(pid: u32) -> Option<f64> {
    status_bytes(pid, "VmHWM:")
}

/// Resident memory of a process now, in bytes.
pub fn memory_bytes(pid: u32) -> Option<f64> {
    status_bytes(pid, "VmRSS:")
}

fn status_bytes(pid: u32, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok()? * 1_024.0)
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may contain spaces and parentheses; state and parent follow its closing one.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}
