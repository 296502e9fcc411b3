//! axe-core in a page: no violation of WCAG 2.2 A and AA or of its best practices.

use anyhow::{Context, Result};
use serde_json::json;

use crate::device::Device;
use crate::report::Report;

pub(crate) const RULES: &str =
    "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";
/// The rule that a theme can break.
pub(crate) const COLOURS: &str = "{ type: 'rule', values: ['color-contrast'] }";
/// WCAG's AAA.
pub(crate) const STRONG_COLOURS: &str = "{ type: 'rule', values: ['color-contrast-enhanced'] }";

/// axe-core's source; the page takes it before its own, because its policy forbids scripts from elsewhere.
fn source() -> Result<String> {
    let path = std::env::var_os("LOTBOOK_AXE").context("LOTBOOK_AXE is not set: use `cargo xtask test`")?;
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// Adds axe's violations on the page as it is, and counts the rules that applied to something in it.
pub(crate) async fn check(device: &Device, report: &mut Report, what: &str, rules: &str) -> Result<()> {
    let script = format!(
        "const found = await axe.run(document, {{ runOnly: {rules}, resultTypes: ['violations'] }});
         const faults = found.violations.flatMap((it) => it.nodes.map((node) =>
             `${{it.id}} at ${{node.target.join(' ')}}: ${{(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? it.help}}`));
         return {{ faults, seen: found.passes.length + found.violations.length + found.incomplete.length }}"
    );
    report.check(device, &format!("axe, {what}"), &script).await
}

/// Puts axe into the page, unless it is there.
pub(crate) async fn prepare(device: &Device) -> Result<()> {
    if device.script("return typeof axe").await? != "object" {
        device.cdp("Runtime.evaluate", json!({ "expression": source()? })).await?;
    }
    Ok(())
}
