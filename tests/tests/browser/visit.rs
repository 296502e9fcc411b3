//! The walk over every page: each state is shown once, and everything that is checked on every page is checked then.

use anyhow::Result;

use crate::axe;
use crate::device::{DESKTOP, Device, PHONE};
use crate::every_page::{states_of_part, walk};
use crate::report::Report;
use crate::targets::{check_cut_off, check_focus, check_sizes, set_text};
use crate::words;

/// The narrowest screen that a page has to fit: a desktop's at 400 % zoom.
const NARROW: (u32, u32) = (320, 700);

/// A theme of the app, or the device's own choice.
async fn set_theme(device: &Device, theme: Option<&str>) -> Result<()> {
    let script = match theme {
        Some(theme) => format!("document.documentElement.dataset.theme = '{theme}'"),
        None => "delete document.documentElement.dataset.theme".to_owned(),
    };
    device.script(&script).await.map(drop)
}

/// All checks of a page that is shown on a phone. The focus is checked last, as it scrolls the page.
async fn check(device: &Device, report: &mut Report) -> Result<()> {
    words::check(device, report).await?;
    check_sizes(device, report, "phone").await?;
    axe::prepare(device).await?;
    set_theme(device, Some("light")).await?;
    axe::check(device, report, "phone", axe::RULES).await?;
    device.resize(DESKTOP).await?;
    axe::check(device, report, "desktop", axe::RULES).await?;
    set_theme(device, None).await?;
    check_sizes(device, report, "desktop").await?;
    device.resize(PHONE).await?;
    for theme in ["dark", "contrast"] {
        set_theme(device, Some(theme)).await?;
        axe::check(device, report, theme, axe::COLOURS).await?;
    }
    set_theme(device, None).await?;
    device.resize(NARROW).await?;
    check_cut_off(device, report, "narrow").await?;
    device.resize(PHONE).await?;
    check_focus(device, report, "phone").await?;
    set_text(device, 200).await?;
    check_cut_off(device, report, "large text").await?;
    check_focus(device, report, "large text").await
}

async fn walk_part(part: usize) -> Result<()> {
    walk(states_of_part(part)?, words::CODE, check).await
}

#[tokio::test]
async fn every_page_is_accessible_fits_and_is_translated_first_part() -> Result<()> {
    walk_part(0).await
}

#[tokio::test]
async fn every_page_is_accessible_fits_and_is_translated_second_part() -> Result<()> {
    walk_part(1).await
}
