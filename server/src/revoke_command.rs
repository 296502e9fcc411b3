//! The command `revoke`: its options and what it prints.

use anyhow::{Result, bail};
use clap::Args;
use domain::CalendarDate;
use sync::UnixMillis;

use crate::terminal::printable;
use crate::{MILLIS_A_DAY, SiteArgs, counted};

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The device's short name in the list of `devices`, such as D07
    #[arg(long, value_name = "SHORT_NAME")]
    device: Option<String>,
    /// Every device of the site that was enrolled on this day (UTC) or later, such as 2026-11-24
    #[arg(long, value_name = "DATE")]
    enrolled_since: Option<CalendarDate>,
    /// Every device of the site
    #[arg(long)]
    all: bool,
}

/// Midnight UTC.
fn start_of(day: CalendarDate) -> UnixMillis {
    UnixMillis(CalendarDate::of(UnixMillis(0), 0).days_until(day).saturating_mul(MILLIS_A_DAY))
}

pub(crate) async fn run(args: RevokeArgs, now: UnixMillis) -> Result<()> {
    let RevokeArgs { site, which } = args;
    let store = site.database.database()?.open_existing().await?;
    let Some(name) = which.device else {
        let since = which.enrolled_since.map_or(UnixMillis(i64::MIN), start_of);
        let revoked = store.revoke_enrolled_since(&site.site, since, now).await?;
        let revoked = counted(revoked, "device is", "devices are");
        println!("{revoked} disconnected. Unsynced work stays on the devices.");
        return Ok(());
    };
    let devices = store.devices(&site.site).await?;
    let Some(device) = devices.into_iter().find(|device| device.prefix.eq_ignore_ascii_case(&name)) else {
        bail!("No device {name} is connected. `lotbook-server devices` lists the connected ones.");
    };
    store.revoke(&site.site, device.device, now).await?;
    println!(
        "{} ({}) is disconnected. Its unsynced work stays on the device.",
        device.prefix,
        printable(&device.name)
    );
    Ok(())
}
