//! Work with fingers alone: quantities by the app's own keypad, other texts as a system's soft keyboard puts them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::device::Device;
use crate::hands::Target;

/// A page must be at rest before a finger finds what it saw.
const REST_MILLIS: u64 = 150;

/// Makes the device one with a touch screen.
pub(crate) async fn begin(device: &Device) -> Result<()> {
    device.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await.map(drop)
}

/// Taps its middle, where nothing else may lie.
pub(crate) async fn tap(device: &Device, target: &Target) -> Result<()> {
    tokio::time::sleep(std::time::Duration::from_millis(REST_MILLIS)).await;
    let middle = format!(
        "const it = {};
         it.scrollIntoView({{ block: 'nearest', behavior: 'instant' }});
         const box = it.getBoundingClientRect();
         const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
         const top = document.elementFromPoint(x, y);
         return {{ x, y, over: it.contains(top) ? null : top?.outerHTML.slice(0, 200) ?? 'nothing' }}",
        target.script()
    );
    let middle = device.script(&middle).await?;
    ensure!(middle["over"].is_null(), "a finger on {target:?} finds {}", middle["over"]);
    let at = |side: &str| middle.get(side).and_then(Value::as_f64).context("a place");
    let point = json!([{ "x": at("x")?, "y": at("y")? }]);
    device.cdp("Input.dispatchTouchEvent", json!({ "type": "touchStart", "touchPoints": point })).await?;
    device.cdp("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await.map(drop)
}

/// Fills it in.
pub(crate) async fn fill(device: &Device, target: &Target, text: &str) -> Result<()> {
    if target.test == "quantity" {
        return by_keypad(device, text).await;
    }
    tap(device, target).await?;
    let has_focus = format!("return document.activeElement === {}", target.script());
    device.wait_for_script("the focus where the finger was", &has_focus).await?;
    let (words, is_looked_up) = match text.strip_suffix('⏎') {
        Some(words) => (words, true),
        None => (text, false),
    };
    device.script("document.activeElement.select()").await?;
    device.cdp("Input.insertText", json!({ "text": words })).await?;
    if is_looked_up {
        let enter = |kind: &str| json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r" });
        device.cdp("Input.dispatchKeyEvent", enter("keyDown")).await?;
        device.cdp("Input.dispatchKeyEvent", enter("keyUp")).await?;
    }
    Ok(())
}

/// The first digit replaces what the app proposes; what was typed before has to go.
async fn by_keypad(device: &Device, text: &str) -> Result<()> {
    for digit in text.chars() {
        tap(device, &Target::named(&format!("key-{digit}"))).await?;
    }
    let is_typed = format!("return document.querySelector('[data-test=quantity]').value === '{text}'");
    device.wait_for_script("the quantity of the keypad", &is_typed).await
}
