//! A keyboard-wedge scanner: keys as a device sends them, so that the browser treats them as typed.

use std::fmt;

use anyhow::Result;
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

/// Scans a code, wherever the focus is.
pub(crate) async fn scan(device: &Device, code: &str) -> Result<()> {
    for char in code.chars() {
        let key = char.to_string();
        device.cdp("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": key })).await?;
        device.cdp("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key })).await?;
    }
    let enter = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13 });
    device.cdp("Input.dispatchKeyEvent", enter).await?;
    device.cdp("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": "Enter", "code": "Enter" })).await?;
    Ok(())
}
