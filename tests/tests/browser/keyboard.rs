//! Work with a keyboard alone: elements are reached with Tab.

use anyhow::{Result, bail};
use thirtyfour::prelude::*;

use crate::device::Device;
use crate::hands::Target;

/// Most presses of Tab to reach an element of a page.
const MAX_TABS: usize = 60;

/// Time between two keys. The app takes faster keys for a scanner's.
const TYPING_MILLIS: u64 = 90;

/// Sends real keys to the element with the focus.
async fn press(device: &Device, keys: &str) -> Result<()> {
    Ok(device.driver().action_chain().send_keys(keys).perform().await?)
}

/// Goes on with Tab until it has the focus, and says what has it: nothing else is asked for.
async fn tab_to(device: &Device, target: &Target) -> Result<()> {
    let has_focus = format!("return {}?.contains(document.activeElement) === true", target.script());
    for _ in 0..MAX_TABS {
        if device.script(&has_focus).await? == true {
            return Ok(());
        }
        press(device, &Key::Tab.value().to_string()).await?;
    }
    bail!("{target:?} is not reached with {MAX_TABS} tabs")
}

/// Uses it with Enter.
pub(crate) async fn activate(device: &Device, target: &Target) -> Result<()> {
    tab_to(device, target).await?;
    press(device, &Key::Enter.value().to_string()).await
}

/// Types a text in place of what is there; `⏎` is the Enter key.
pub(crate) async fn fill(device: &Device, target: &Target, text: &str) -> Result<()> {
    tab_to(device, target).await?;
    let select_all = device.driver().action_chain();
    select_all.key_down(Key::Control).send_keys("a").key_up(Key::Control).perform().await?;
    for key in text.replace('⏎', &Key::Enter.value().to_string()).chars() {
        tokio::time::sleep(std::time::Duration::from_millis(TYPING_MILLIS)).await;
        press(device, &key.to_string()).await?;
    }
    tokio::time::sleep(std::time::Duration::from_millis(TYPING_MILLIS)).await;
    Ok(())
}
