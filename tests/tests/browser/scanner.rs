//! A keyboard-wedge scanner: keys as a device sends them, so that the browser treats them as typed.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;

use crate::device::Device;

/// A GS1 DataMatrix on goods.
pub(crate) struct Label<'a> {
    /// 13 digits.
    pub(crate) barcode: &'a str,
    /// YYMMDD.
    pub(crate) expires_on: &'a str,
    pub(crate) lot: &'a str,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "]d201{:0>14}17{}10{}", self.barcode, self.expires_on, self.lot)
    }
}

/// Milliseconds between the keys of a scan, as the keys themselves tell. How fast they reach the browser is another matter: a
/// busy machine must not make a scanner into a slow typist.
const KEY_MILLIS: f64 = 4.0;

/// Scans a code, wherever the focus is. No key waits until the page has dealt with the one before.
pub(crate) async fn scan(device: &Device, code: &str) -> Result<()> {
    let begun = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    let session = device.driver().cdp().connect().await?;
    let keys = code.chars().map(|char| (char.to_string(), char.to_string()));
    let mut presses = Vec::new();
    for (at, (key, text)) in keys.chain([("Enter".to_owned(), "\r".to_owned())]).enumerate() {
        let timestamp = begun + KEY_MILLIS / 1_000.0 * f64::from(u32::try_from(at)?);
        let down = json!({ "type": "keyDown", "key": key, "text": text, "timestamp": timestamp });
        let up = json!({ "type": "keyUp", "key": key, "timestamp": timestamp });
        presses.extend([down, up].map(|press| session.send_raw("Input.dispatchKeyEvent", press)));
    }
    try_join_all(presses).await?;
    Ok(session.detach().await?)
}

/// Scans codes, `millis` apart, whatever the page is busy with.
pub(crate) async fn scan_quickly(device: &Device, codes: &[&str], millis: u32) -> Result<()> {
    let keys = |code: &&str| code.chars().map(String::from).chain(["Enter".to_owned()]).collect::<Vec<_>>();
    let scans: Vec<_> = codes.iter().map(keys).collect();
    let scans = format!(
        "const press = (key) => (document.activeElement ?? document.body)
             .dispatchEvent(new KeyboardEvent('keydown', {{ key, bubbles: true, cancelable: true }}));
         {}.forEach((keys, scan) => setTimeout(() => keys.forEach(press), scan * {millis}))",
        json!(scans)
    );
    device.script(&scans).await.map(drop)
}
