//! Needs of hands and eyes on every page: targets of 48 pixels, 8 apart, the main one of 64; nothing cut off on a narrow
//! screen or with text twice as large; and a focus that is seen wherever it goes.

use anyhow::Result;

use crate::device::Device;
use crate::report::{Report, faults_of};

const SCRIPT: &str = include_str!("targets.js");

async fn check(device: &Device, report: &mut Report, what: &str, expression: &str) -> Result<()> {
    report.check(device, what, &format!("{SCRIPT}\n{}", faults_of(expression))).await
}

/// Sizes of targets and their distances, texts that are cut off, and whether the window scrolls.
pub(crate) async fn check_sizes(device: &Device, report: &mut Report, size: &str) -> Result<()> {
    check(device, report, &format!("sizes, {size}"), "[...targets(), ...frame()]").await
}

/// Texts and targets that are cut off.
pub(crate) async fn check_cut_off(device: &Device, report: &mut Report, size: &str) -> Result<()> {
    check(device, report, &format!("cut off, {size}"), "cutOff()").await
}

/// Elements that hide the focus or do not show it.
pub(crate) async fn check_focus(device: &Device, report: &mut Report, size: &str) -> Result<()> {
    check(device, report, &format!("focus, {size}"), "focus()").await
}

/// Sets the size of all text; layouts follow by themselves.
pub(crate) async fn set_text(device: &Device, percent: u32) -> Result<()> {
    let script = format!(
        "document.documentElement.style.fontSize = '{percent}%';
         for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame)"
    );
    device.script(&script).await.map(drop)
}
