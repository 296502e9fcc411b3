//! A failed start is explained, with a way out.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::device::Device;
use crate::network;
use crate::server::Server;

/// Every WebAssembly module is refused.
const NOTHING_COMPILES: &str = "
    for (const method of ['instantiate', 'instantiateStreaming'])
        WebAssembly[method] = async () => { throw new WebAssembly.CompileError('broken'); };";
/// Every WebAssembly module is invalid, as in a browser without SIMD.
const NOTHING_IS_VALID: &str = "WebAssembly.validate = () => false;";
const DIALOG: &str = "dialog.stopped";

/// Has every new document run a script first; returns the script's name.
async fn break_starts(device: &Device, source: &str) -> Result<String> {
    let added = device.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await?;
    added["identifier"].as_str().map(str::to_owned).context("a script has a name")
}

/// Opens the app and reads the dialog that comes in its place.
async fn said_instead(device: &Device) -> Result<String> {
    device.open("/stock").await?;
    Ok(device.find_css(DIALOG).await?.text().await?)
}

#[tokio::test]
async fn a_start_that_fails_is_told_and_mended_by_a_reload() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let broken = break_starts(&device, NOTHING_COMPILES).await?;
    let said = said_instead(&device).await?;
    ensure!(said.contains("Lotbook has stopped") && said.contains("safe on this device"), "{said}");

    let old = break_starts(&device, NOTHING_IS_VALID).await?;
    let said = said_instead(&device).await?;
    ensure!(said.contains("This browser is too old") && said.contains("Update the browser"), "{said}");

    for identifier in [broken, old] {
        device.cdp("Page.removeScriptToEvaluateOnNewDocument", json!({ "identifier": identifier })).await?;
    }
    device.click_css("dialog.stopped button").await?;
    device.find("product-row").await?;
    ensure!(device.script(&format!("return document.querySelector('{DIALOG}')")).await?.is_null());
    Ok(())
}
