//! The same number of devices pushes to one, four and sixteen sites.

use anyhow::Result;
use test_postgres::Postgres;

use super::imported::{Engine, Imported};
use super::work::{self, Work};
use super::{DEVICES, batches, engines, pushed};
use crate::report::Report;
use crate::settings::Settings;

const SITES: [usize; 3] = [1, 4, 16];

/// Adds each engine's rate for each number of sites.
pub(super) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
    report: &mut Report,
) -> Result<()> {
    let imported = Imported::new(settings, postgres, settings.tenth(), &devices_of_sites()).await?;
    let lots = imported.lots()?;
    let mut rates = Vec::new();
    for sites in SITES {
        let work = Work::seeded(&lots, &imported.devices(DEVICES, sites)?, batches(settings))?;
        rates.push((
            sites,
            work,
            engines(&imported, settings).into_iter().map(|engine| (engine, Vec::new())).collect::<Vec<_>>(),
        ));
    }
    for run in 0..=settings.runs() {
        for (sites, work, engines) in &mut rates {
            for (engine, rates) in engines {
                let (_, pushed) = pushed(&settings.server, &imported, *engine, work).await?;
                let rate = work::count(work.mutations()) / pushed.seconds;
                eprintln!("  server run {run}: {engine:?}, {sites} sites: {rate:.0} mutations/s");
                if run > 0 {
                    rates.push(rate);
                }
            }
        }
    }
    for (sites, _, engines) in rates {
        for (engine, rates) in engines {
            let name = if engine == Engine::Sqlite { "sqlite" } else { "postgresql" };
            report.detail(&format!("push_{name}_{sites}_sites"), "mutations/s", &rates);
        }
    }
    Ok(())
}

/// Enough devices in each site for every number of sites.
fn devices_of_sites() -> Vec<usize> {
    let most = SITES.into_iter().max().unwrap_or(1);
    let smallest = |site: usize| SITES.into_iter().filter(|sites| *sites > site).min().unwrap_or(most);
    (0..most).map(|site| DEVICES.div_ceil(smallest(site))).collect()
}
