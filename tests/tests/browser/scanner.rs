//! A keyboard-wedge scanner: keys as a device sends them, so that the browser treats them as typed.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use futures::future::{join, try_join_all};
use serde_json::json;
use thirtyfour::cdp::CdpSession;

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

/// Time from the last key that a person types to a scan.
pub(crate) const TO_THE_SCANNER: Duration = Duration::from_millis(800);

/// What holds keys back in the middle of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stall {
    /// The scanner's radio link: the keys come later.
    Link(Duration),
    /// The page: it hears of the keys later.
    Page(Duration),
}

/// The key code of real keys is not looked at.
const ANY_KEY_CODE: u32 = 0;
/// The key code of all keys of on-screen keyboards and input methods.
const INPUT_METHOD_KEY_CODE: u32 = 229;

/// Scans a code, wherever the focus is. No key waits until the page has dealt with the one before.
pub(crate) async fn scan(device: &Device, code: &str) -> Result<()> {
    scan_with(device, code, ANY_KEY_CODE).await
}

/// Scans a code with a scanner whose keys have no codes.
pub(crate) async fn scan_without_key_codes(device: &Device, code: &str) -> Result<()> {
    scan_with(device, code, INPUT_METHOD_KEY_CODE).await
}

async fn scan_with(device: &Device, code: &str, key_code: u32) -> Result<()> {
    let session = device.driver().cdp().connect().await?;
    let keys: Vec<_> = keys_of(code).collect();
    press(&session, &keys, key_code, now()?).await?;
    Ok(session.detach().await?)
}

/// Scans a code, and holds it back from the key at `cut` on.
pub(crate) async fn scan_torn(device: &Device, code: &str, cut: usize, stall: Stall) -> Result<()> {
    let session = device.driver().cdp().connect().await?;
    let keys: Vec<_> = keys_of(code).collect();
    let (head, tail) = keys.split_at(cut);
    let begun = now()?;
    press(&session, head, ANY_KEY_CODE, begun).await?;
    match stall {
        Stall::Link(time) => {
            tokio::time::sleep(time).await;
            let goes_on = begun + KEY_MILLIS / 1_000.0 * f64::from(u32::try_from(cut)?) + time.as_secs_f64();
            press(&session, tail, ANY_KEY_CODE, goes_on).await?;
        }
        Stall::Page(time) => {
            let busy = format!(
                "const end = performance.now() + {}; while (performance.now() < end);",
                time.as_millis()
            );
            let evaluation = json!({ "expression": busy });
            let stalled = session.send_raw("Runtime.evaluate", evaluation);
            let (stalled, pressed) = join(stalled, press(&session, tail, ANY_KEY_CODE, now()?)).await;
            stalled?;
            pressed?;
        }
    }
    Ok(session.detach().await?)
}

/// The keys of a scan with their texts.
fn keys_of(code: &str) -> impl Iterator<Item = (String, String)> {
    let keys = code.chars().map(|char| (char.to_string(), char.to_string()));
    keys.chain([("Enter".to_owned(), "\r".to_owned())])
}

/// Seconds since 1970.
fn now() -> Result<f64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64())
}

/// Presses keys as at `begun`, in seconds since 1970, and after it.
async fn press(session: &CdpSession, keys: &[(String, String)], key_code: u32, begun: f64) -> Result<()> {
    let mut presses = Vec::new();
    for (at, (key, text)) in keys.iter().enumerate() {
        let timestamp = begun + KEY_MILLIS / 1_000.0 * f64::from(u32::try_from(at)?);
        let down = json!({
            "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": key_code, "timestamp": timestamp
        });
        let up = json!({ "type": "keyUp", "key": key, "timestamp": timestamp });
        presses.extend([down, up].map(|press| session.send_raw("Input.dispatchKeyEvent", press)));
    }
    try_join_all(presses).await?;
    Ok(())
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
