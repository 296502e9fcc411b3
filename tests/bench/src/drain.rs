//! Draining 1,000 queued mutations until every one is acknowledged, over a link with 20 ms of round trip.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::{Action, Quantity};
use serde_json::{Value, json};

use crate::delay_proxy::DelayProxy;
use crate::edits::lots;
use crate::report::{LOTBOOK, Report};
use crate::rounds::{Contest, Measured, rounds};
use crate::server_process::ServerProcess;
use crate::settings::{Settings, Size};
use crate::stage::{MAX_ROWS, Stage, number};

const SUBJECTS: [&str; 2] = [LOTBOOK, "workbox"];
/// Measured as well if their page has `drain`.
const FURTHER_SUBJECTS: [&str; 3] = ["dexie", "rxdb", "pouchdb"];
const MUTATIONS: u32 = 1_000;
const ONE_WAY: Duration = Duration::from_millis(10);
/// Small, because the stored rows do not matter here, but with a lot for every mutation.
const SIZE: Size = Size { products: 2_000, lots: 2_000 };
const BOOKED: &str = "SELECT count(*) FROM stock_ledger WHERE movement = 'pick'";

struct Drain {
    actions: Vec<Action>,
}

/// Runs the bench.
///
/// # Errors
/// When server, proxy or browser cannot be started.
pub(crate) async fn run(settings: &Settings) -> Result<Report> {
    let mut report = Report::new("drain", "ms", settings.runs());
    let server = ServerProcess::start_with(settings, SIZE)?;
    let proxy = DelayProxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port())), ONE_WAY).await?;
    let actions: Vec<Action> = lots(&server, MUTATIONS)?
        .into_iter()
        .map(|lot| Action::PickLot { lot, quantity: Quantity::units(1), reason: String::new() })
        .collect();
    ensure!(actions.len() == MUTATIONS as usize, "the catalogue has too few lots for {MUTATIONS} picks");
    let mut stage = Stage::set_at(settings, server, proxy.origin()).await?;
    let mut subjects = settings.chosen(&SUBJECTS);
    for subject in settings.chosen(&FURTHER_SUBJECTS) {
        if stage.show(subject).await.is_ok() && stage.can("drain").await? {
            subjects.push(subject);
        }
    }
    let found = rounds(&mut Drain { actions }, &mut stage, &subjects, settings.runs(), &mut report).await?;
    for (subject, samples) in found {
        report.subject(&subject, &samples.samples);
        samples.tell_further(&mut report, &subject);
    }
    report.note("mutations", MUTATIONS);
    Ok(report)
}

impl Contest for Drain {
    async fn prepare(&mut self, _: &Stage) -> Result<()> {
        Ok(())
    }

    async fn measure(&mut self, stage: &mut Stage, subject: &str) -> Result<Measured> {
        stage.empty(subject).await?;
        if stage.can("pull").await? {
            stage.call("pull", json!({ "maxRows": MAX_ROWS })).await?;
        }
        let record = format!("for (const action of {}) await subject.record(action);", json!(self.actions));
        stage.browser.job(&record).await?;
        let queued = stage.call("queued", Value::Null).await?;
        ensure!(queued == MUTATIONS, "{queued} mutations are queued and not {MUTATIONS}");
        let before = stage.server.number(BOOKED)?;
        let drain = "const begun = performance.now();
             const acknowledged = await subject.drain();
             return { acknowledged, millis: performance.now() - begun };";
        let answer = stage.browser.job(drain).await?;
        ensure!(answer["acknowledged"] == MUTATIONS, "{} were acknowledged", answer["acknowledged"]);
        let left = stage.call("queued", Value::Null).await?;
        ensure!(left == 0, "{left} mutations are still queued");
        let booked = stage.server.number(BOOKED)? - before;
        ensure!(booked == i64::from(MUTATIONS), "the server has booked {booked} of {MUTATIONS} mutations");
        Ok(Measured::one(number(&answer, "millis")))
    }
}
