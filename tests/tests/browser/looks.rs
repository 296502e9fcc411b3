//! A picture of every page in every state, to be looked at: in four sizes, each theme, and right to left. They land in
//! `target/screens/`. Run it with `cargo test ... -- --ignored looks`.

use std::path::PathBuf;

use anyhow::Result;

use crate::device::{Device, PHONE};
use crate::every_page::{every_state, walk};

const SIZES: [(&str, (u32, u32)); 4] =
    [("handheld", (360, 640)), ("phone", PHONE), ("tablet", (820, 1180)), ("office", (1440, 900))];

async fn shoot(device: &Device, name: &str, theme: &str, kind: &str) -> Result<()> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/screens"));
    device.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await?;
    for (size, pixels) in SIZES {
        device.resize(pixels).await?;
        // Lists are drawn anew for another size.
        device.script("await new Promise((done) => setTimeout(done, 60))").await?;
        device.screenshot_to(&folder, &format!("{name}-{size}-{kind}")).await?;
    }
    device.resize(PHONE).await
}

#[tokio::test]
#[ignore = "it only takes pictures"]
async fn looks_in_every_theme() -> Result<()> {
    walk(every_state()?, "en", async |device, report| {
        for theme in ["light", "dark", "contrast"] {
            shoot(device, report.state(), theme, theme).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
#[ignore = "it only takes pictures"]
async fn looks_from_right_to_left() -> Result<()> {
    walk(every_state()?, "ar", async |device, report| {
        shoot(device, report.state(), "light", "rtl").await?;
        Ok(())
    })
    .await
}
