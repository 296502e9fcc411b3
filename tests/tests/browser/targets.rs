//! What hands and eyes need of every page: targets of 48 pixels, 8 apart, the main one of 64; nothing cut off on a narrow screen
//! or with text twice as large; and a focus that is seen wherever it goes.

use anyhow::{Context, Result};

use crate::device::{DESKTOP, Device, PHONE};
use crate::every_page::walk;

const SCRIPT: &str = include_str!("targets.js");
/// The narrowest screen that a page has to fit: a phone at 400 % zoom of a desktop's.
const NARROW: (u32, u32) = (320, 700);

async fn ask(device: &Device, what: &str, expression: &str) -> Result<Vec<String>> {
    let found = device.script(&format!("{SCRIPT}\nreturn {expression};")).await?;
    let found = found.as_array().context("the page answered no list")?;
    Ok(found.iter().map(|fault| format!("{what}: {}", fault.as_str().unwrap_or_default())).collect())
}

async fn set_text(device: &Device, percent: u32) -> Result<()> {
    let script = format!(
        "document.documentElement.style.fontSize = '{percent}%'; dispatchEvent(new Event('resize'));
         await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    );
    device.script(&script).await.map(drop)
}

async fn check(device: &Device) -> Result<Vec<String>> {
    let mut faults = ask(device, "phone", "[...targets(), ...frame()]").await?;
    device.resize(DESKTOP).await?;
    faults.extend(ask(device, "desktop", "[...targets(), ...frame()]").await?);
    device.resize(NARROW).await?;
    faults.extend(ask(device, "narrow", "cutOff()").await?);
    device.resize(PHONE).await?;
    faults.extend(ask(device, "phone", "focus()").await?);
    set_text(device, 200).await?;
    faults.extend(ask(device, "large text", "cutOff()").await?);
    faults.extend(ask(device, "large text", "focus()").await?);
    Ok(faults)
}

#[tokio::test]
async fn every_page_can_be_hit_read_and_walked_with_the_keyboard() -> Result<()> {
    walk("en", async |device: &Device, _: &str| check(device).await).await
}
