//! Writes of one site come one after the other, those of different sites side by side. Writes of a site that wait together
//! share a transaction, and so one wait for the disk: each runs in a savepoint, and one that fails or panics is rolled back
//! alone. Callers get their results when the commit is durable; if it fails, all of them get the error. Devices take turns.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::super::sql::backlog::Backlog;
use super::super::sql::engine::{Decided, Lane};
use super::super::sql::queued::{
    MAX_GROUP_MILLIS, MAX_GROUP_WRITES, MAX_QUEUED_WRITES_PER_DEVICE, Waiting, Write, queued,
};
use super::super::sql::session::{Session, params};
use super::super::{StoreFault, WriteMeter};
use super::announcer::Announcer;
use super::fault::Aftermath;
use super::pool::{Pool, Purpose, Transaction};
use super::session::PostgresSession;
use crate::random;

/// Runs of a transaction that the server ends for the sake of others, and the time before the next one, times the run.
const MAX_RUNS: u32 = 5;
const RERUN_PAUSE_MILLIS: u64 = 20;

/// A site; none stands for writes of several.
type Site = Option<String>;

/// The lines of all sites.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    pool: Pool,
    announcer: Announcer,
    /// The sites with writes that wait or run. Each is served by one task.
    lines: Arc<Mutex<HashMap<Site, Waiting>>>,
    backlog: Backlog,
    meter: WriteMeter,
}

impl Lanes {
    pub(super) fn new(pool: Pool, announcer: Announcer) -> Self {
        let (backlog, meter) = (Backlog::new(random::number), WriteMeter::default());
        Self { pool, announcer, lines: Arc::default(), backlog, meter }
    }

    /// The figures of the writes.
    pub(super) fn meter(&self) -> WriteMeter {
        self.meter.clone()
    }

    /// The limit of the writes that wait, of all sites together.
    pub(super) fn backlog(&self) -> &Backlog {
        &self.backlog
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (write, answered) = queued(work);
        self.push(lane, write)?;
        answered.await.map_err(|_| StoreFault::Failed("the write was not run".to_owned()))?
    }

    fn push(&self, Lane { site, device }: Lane, write: Box<dyn Write>) -> Result<(), StoreFault> {
        let mut lines = self.lines();
        self.backlog.enter(device.is_some(), Instant::now())?;
        let is_served = lines.contains_key(&site);
        let line = lines.entry(site.clone()).or_insert_with(|| Waiting::new(MAX_QUEUED_WRITES_PER_DEVICE));
        line.push(device, write).map_err(|_| {
            self.backlog.leave(Instant::now());
            StoreFault::Busy
        })?;
        self.meter.waiting.inc();
        drop(lines);
        if !is_served {
            tokio::spawn(self.clone().serve(site));
        }
        Ok(())
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Site, Waiting>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The site's next write.
    fn next(&self, site: &Site) -> Option<Box<dyn Write>> {
        self.lines().get_mut(site)?.pop().inspect(|_| {
            self.backlog.leave(Instant::now());
            self.meter.waiting.dec();
        })
    }

    fn is_empty(&self, site: &Site) -> bool {
        self.lines().get(site).is_none_or(Waiting::is_empty)
    }

    /// Ends the service of a site without writes.
    fn is_done(&self, site: &Site) -> bool {
        let mut lines = self.lines();
        let is_done = lines.get(site).is_none_or(Waiting::is_empty);
        if is_done {
            lines.remove(site);
        }
        is_done
    }

    /// Writes until nothing waits.
    async fn serve(self, site: Site) {
        while !self.is_done(&site) {
            match self.pool.begin(Purpose::Write).await {
                Ok(transaction) => self.clone().book(site.clone(), transaction).await,
                Err(fault) => {
                    // Those that wait have waited for the connection as well.
                    let waiting = std::iter::from_fn(|| self.next(&site)).take(MAX_GROUP_WRITES);
                    waiting.for_each(|write| write.respond(Err(fault.clone())));
                }
            }
        }
    }

    /// Books a group of writes in a transaction.
    async fn book(self, site: Site, transaction: Transaction) {
        let runtime = Handle::current();
        let booked = spawn_blocking(move || {
            let mut group: Vec<_> = self.next(&site).into_iter().collect();
            let kept = RefCell::default();
            let (committed, has_ended) = match transaction.session(runtime) {
                Ok(session) => Group { lanes: &self, site: &site, session, kept: &kept }.commit(&mut group),
                Err(fault) => (Err(fault), false),
            };
            transaction.close(has_ended);
            if committed.is_ok() {
                self.announcer.tell(kept.take());
            }
            self.meter.ended(group.len());
            group.into_iter().for_each(|write| write.respond(committed.clone()));
        });
        if let Err(error) = booked.await {
            tracing::error!(%error, "a transaction was not ended");
        }
    }
}

/// The writes of one transaction.
struct Group<'l> {
    lanes: &'l Lanes,
    site: &'l Site,
    session: PostgresSession<'l>,
    /// The revisions to announce when it is committed, by site.
    kept: &'l RefCell<BTreeMap<String, u64>>,
}

impl Group<'_> {
    /// Runs the writes of `group`, and those that wait or arrive meanwhile, which it adds to the group. Also returns whether
    /// the transaction has ended.
    fn commit(&self, group: &mut Vec<Box<dyn Write>>) -> (Result<(), StoreFault>, bool) {
        for run in 1..=MAX_RUNS {
            let booked = self.try_commit(group);
            let aftermath = self.session.take_gravest().map(|(aftermath, _)| aftermath);
            if booked.is_ok() {
                return (booked, true);
            }
            let has_ended = aftermath != Some(Aftermath::Lost) && self.session.roll_back().is_ok();
            if aftermath != Some(Aftermath::Retry) || !has_ended || run == MAX_RUNS {
                return (booked, has_ended);
            }
            thread::sleep(Duration::from_millis(RERUN_PAUSE_MILLIS * u64::from(run)));
            if let Err(fault) = self.session.run(&Purpose::Write.begin()) {
                return (Err(fault), false);
            }
        }
        (Err(StoreFault::Busy), false)
    }

    fn try_commit(&self, group: &mut Vec<Box<dyn Write>>) -> Result<(), StoreFault> {
        let began = Instant::now();
        self.kept.borrow_mut().clear();
        if let ([alone], true) = (&mut group[..], self.lanes.is_empty(self.site)) {
            let is_kept = self.run(alone.as_mut())?;
            return if is_kept { self.session.run("COMMIT") } else { self.session.roll_back() };
        }
        self.lock_site()?;
        let (mut at, mut end) = (0, "");
        while let Some(write) = group.get_mut(at) {
            self.session.run_ahead(&format!("{end}SAVEPOINT one_write; "));
            let is_kept = self.run(write.as_mut())?;
            end = if is_kept { "RELEASE one_write; " } else { "ROLLBACK TO one_write; RELEASE one_write; " };
            at += 1;
            let has_time = began.elapsed() < Duration::from_millis(MAX_GROUP_MILLIS);
            if at == group.len() && at < MAX_GROUP_WRITES && has_time {
                group.extend(self.lanes.next(self.site));
            }
        }
        self.session.run(&format!("{end}COMMIT"))
    }

    /// Returns whether the write's changes are to be kept.
    fn run(&self, write: &mut dyn Write) -> Result<bool, StoreFault> {
        self.session.take_gravest();
        self.session.take_announced();
        let is_kept = write.work(&self.session);
        self.session.check(is_kept)?;
        if is_kept {
            self.kept.borrow_mut().extend(self.session.take_announced());
        }
        Ok(is_kept)
    }

    /// Several writes lock the site before anything else, as every other group does: they never wait for each other in a
    /// circle.
    fn lock_site(&self) -> Result<(), StoreFault> {
        let Some(site) = self.site else { return Ok(()) };
        let sql = format!("SELECT 1 FROM sites WHERE site = ?1{}", self.session.dialect().for_update);
        self.session.query(&sql, &params![site], &mut |_| Ok(()))
    }
}
