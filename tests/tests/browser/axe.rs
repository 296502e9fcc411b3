//! axe-core over every page: no violation of WCAG 2.2 A and AA or of its best practices, in every theme.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::device::{DESKTOP, Device, PHONE};
use crate::every_page::walk;

const RULES: &str =
    "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";
/// All that a theme can break.
pub(crate) const COLOURS: &str = "{ type: 'rule', values: ['color-contrast'] }";
/// WCAG's AAA.
pub(crate) const STRONG_COLOURS: &str = "{ type: 'rule', values: ['color-contrast-enhanced'] }";

/// axe-core's source; the page takes it before its own, because its policy forbids scripts from elsewhere.
fn source() -> Result<String> {
    let path = std::env::var_os("LOTBOOK_AXE").context("LOTBOOK_AXE is not set: use `cargo xtask test`")?;
    std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// What axe finds on the page as it is.
pub(crate) async fn violations(device: &Device, what: &str, rules: &str) -> Result<Vec<String>> {
    let script = format!(
        "const found = await axe.run(document, {{ runOnly: {rules}, resultTypes: ['violations'] }});
         return found.violations.flatMap((it) => it.nodes.map((node) =>
             `${{it.id}} at ${{node.target.join(' ')}}: ${{(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? it.help}}`))"
    );
    let found = device.script(&script).await?;
    let found = found.as_array().context("axe answered no list")?;
    Ok(found.iter().map(|fault| format!("{what}: {}", fault.as_str().unwrap_or_default())).collect())
}

/// Puts axe into the page, unless it is there.
pub(crate) async fn prepare(device: &Device) -> Result<()> {
    if device.script("return typeof axe").await? != "object" {
        device.cdp("Runtime.evaluate", json!({ "expression": source()? })).await?;
    }
    Ok(())
}

async fn check(device: &Device) -> Result<Vec<String>> {
    prepare(device).await?;
    let theme = async |name: &str| -> Result<Value> {
        device.script(&format!("document.documentElement.dataset.theme = '{name}'")).await
    };
    let mut faults = Vec::new();
    theme("light").await?;
    faults.extend(violations(device, "phone", RULES).await?);
    device.resize(DESKTOP).await?;
    faults.extend(violations(device, "desktop", RULES).await?);
    device.resize(PHONE).await?;
    for name in ["dark", "contrast"] {
        theme(name).await?;
        faults.extend(violations(device, name, COLOURS).await?);
    }
    Ok(faults)
}

#[tokio::test]
async fn axe_finds_nothing_on_any_page_in_any_theme() -> Result<()> {
    walk("en", async |device: &Device, _: &str| check(device).await).await
}
