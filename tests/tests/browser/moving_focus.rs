//! The focus moves while a scanner types: of the scan, nothing stays in the fields that it passes.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::device::Device;
use crate::goods::Goods;
use crate::network;
use crate::scanner::{Stall, scan_torn};
use crate::server::Server;

/// The number of a scan's first key after which the focus moves.
const CUTS: [usize; 3] = [1, 3, 8];
/// Two keys later, the scanner's link holds the next ones back: longer than keys are held in a field.
const STALL: Duration = Duration::from_millis(60);

/// Focuses `from`, or nothing, and moves the focus to the quantity after `cut` keys.
async fn move_focus(device: &Device, from: &str, cut: usize) -> Result<()> {
    let script = format!(
        "document.activeElement?.blur();
         document.querySelector('{from}')?.focus();
         let keys = 0;
         const count = (event) => {{
             keys += event.key.length === 1 ? 1 : 0;
             if (keys === {cut}) document.querySelector('#quantity').focus();
             if (event.key === 'Enter') removeEventListener('keyup', count, true);
         }};
         addEventListener('keyup', count, true);"
    );
    device.script(&script).await.map(drop)
}

#[tokio::test]
async fn a_scan_leaves_nothing_in_a_field_that_is_focused_meanwhile() -> Result<()> {
    network::up()?;
    let server = Server::with_demo()?;
    let device = Device::enrolled(&server).await?;
    let goods = Goods::stocked(&server, 0)?;
    let barcode = format!("SELECT barcode FROM products WHERE product_id = x'{}'", goods.id.replace('-', ""));
    let barcode = server.query(&barcode)?.pop().context("a barcode")?;
    device.open(&format!("/product/{}/work/adjust", goods.id)).await?;
    device.find("work-form").await?;
    device.find_css("#reason").await?;
    let mut scans = 0;
    for from in ["#reason", "none"] {
        for cut in CUTS {
            move_focus(&device, from, cut).await?;
            scan_torn(&device, &barcode, cut + 2, Stall::Link(STALL)).await?;
            scans += 1;
            let is_counted = format!(
                "return document.querySelector('#quantity').value === '{scans}'
                     && document.querySelector('#reason').value === ''"
            );
            device
                .wait_for_script(&format!("{scans} scans, from {from} after {cut} keys"), &is_counted)
                .await?;
        }
    }
    Ok(())
}
