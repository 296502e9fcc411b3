//! A keyboard-wedge scanner: keys as a device sends them, so that the browser treats them as typed.

use std::fmt;

use anyhow::Result;
use thirtyfour::prelude::*;

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

/// Scans a code, wherever the focus is. All keys go to the browser in one request, so that they come as fast as a scanner's.
pub(crate) async fn scan(device: &Device, code: &str) -> Result<()> {
    let keys = format!("{code}{}", Key::Enter.value());
    device.driver()?.action_chain().send_keys(keys).perform().await?;
    Ok(())
}
