//! Runs an import: a small one in one transaction, a large one in slices.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use super::super::{Consent, Import, ImportOutcome, Imported, OnRow, Site, StockChange, StoreFault};
use super::engine::{Decided, Engine, Lane};
use super::import::{AUTHOR, ImportRow, Slices, Tally};
use super::session::Session;
use super::sites;
use super::staging::{self, Progress, State};
use crate::random;

/// Rows of an import in one transaction.
const MAX_ROWS_AT_ONCE: usize = 1_000;
/// Rows stored in one transaction.
const MAX_STAGED_ROWS: usize = 5_000;
/// Time between two transactions of a large import, for those of other sites and processes.
const PAUSE_MILLIS: u64 = 10;
/// How often, and how long apart, an import looks whether another one of its site has ended.
const MAX_LOOKS: u32 = 1_200;
const LOOK_MILLIS: u64 = 250;
/// Looks without a step of the other one after which it counts as dead: five seconds.
const MAX_IDLE_LOOKS: u32 = 20;
/// Limit of the transactions of one import.
const MAX_SLICES: u32 = 1_000_000;

/// The changes that an import would make.
#[derive(Default)]
struct Plan {
    /// The site's revision and its purged one that it was made at; none for a new site.
    at: Option<(u64, u64)>,
    done: Imported,
    stock: Vec<StockChange>,
    relabelled: Vec<Uuid>,
}

impl Plan {
    fn add(&mut self, tally: Tally) {
        let Tally { done, stock, relabelled } = tally;
        self.done.added += done.added;
        self.done.changed += done.changed;
        self.done.unchanged += done.unchanged;
        self.stock.extend(stock);
        self.relabelled.extend(relabelled);
    }

    fn outcome(self, is_written: bool) -> ImportOutcome {
        ImportOutcome { imported: self.done, stock: self.stock, is_written }
    }
}

pub(super) async fn import<E: Engine>(
    engine: &E,
    import: Arc<Import>,
    consent: Consent,
    on_row: OnRow,
) -> Result<ImportOutcome, StoreFault> {
    if import.len() <= MAX_ROWS_AT_ONCE && consent != Consent::Nothing {
        return at_once(engine, import, consent, on_row).await;
    }
    let plan = check(engine, &import, false).await?;
    if !consent.allows(&plan.stock) {
        return Ok(plan.outcome(false));
    }
    let claimed = claim(engine, &import).await?;
    let written = in_slices(engine, &import, claimed, (plan, consent), &on_row).await;
    if written.is_err() {
        // If this fails as well, the import counts as dead later.
        drop(give_up(engine, &import.site, claimed.id).await);
    }
    written
}

/// Writes a small import in one transaction.
async fn at_once<E: Engine>(
    engine: &E,
    import: Arc<Import>,
    consent: Consent,
    on_row: OnRow,
) -> Result<ImportOutcome, StoreFault> {
    let lane = Lane::of(&import.site);
    let work = move |session: &dyn Session| {
        let (site, now) = (import.site.as_str(), import.now);
        sites::ensure_site(session, site)?;
        let rev = sites::lock(session, site)?.rev;
        let slices = Slices { session, site, now, author: AUTHOR };
        let (_, outcome) = book_whole(slices, &import, rev, &consent)?;
        Ok(if outcome.is_written { Decided::Keep(outcome) } else { Decided::Undo(outcome) })
    };
    let outcome = engine.write(lane, work).await?;
    let Imported { added, changed, unchanged } = outcome.imported;
    on_row(added + changed + unchanged);
    Ok(outcome)
}

/// Books all rows of a small import after the revision `rev`. Returns the revision afterwards, and the outcome: if it is not to
/// be written, the transaction has to be undone.
pub(super) fn book_whole(
    slices: Slices<'_>,
    import: &Import,
    rev: u64,
    consent: &Consent,
) -> Result<(u64, ImportOutcome), StoreFault> {
    let rows: Vec<ImportRow<'_>> = import.rows_from(0).collect();
    let (rev, tally) = slices.book(&rows, rev)?;
    let relabelled: Vec<_> = tally.relabelled.iter().copied().map(ImportRow::Relabelled).collect();
    let (rev, _) = slices.book(&relabelled, rev)?;
    sites::set_rev(slices.session, slices.site, rev)?;
    let mut plan = Plan::default();
    plan.add(tally);
    let is_written = consent.allows(&plan.stock);
    Ok((rev, plan.outcome(is_written)))
}

/// The changes that the import would make to one snapshot.
async fn check<E: Engine>(engine: &E, import: &Arc<Import>, is_closed: bool) -> Result<Plan, StoreFault> {
    let import = Arc::clone(import);
    engine
        .read(move |session| {
            let site = import.site.as_str();
            let known = sites::sites(session)?.into_iter().find(|known| known.site == site);
            if !is_closed && known.as_ref().is_some_and(|known| known.is_importing) {
                return Err(StoreFault::Importing);
            }
            let mut plan = Plan { at: known.map(|known| (known.rev, known.purged_rev)), ..Plan::default() };
            let slices = Slices { session, site, now: import.now, author: AUTHOR };
            let products = import.products.iter().map(|record| record.product.id).collect();
            let mut rows = import.rows_from(0).peekable();
            while rows.peek().is_some() {
                let slice: Vec<ImportRow<'_>> = rows.by_ref().take(MAX_ROWS_AT_ONCE).collect();
                plan.add(slices.check(&slice, &products)?);
            }
            Ok(plan)
        })
        .await
}

/// Begins the import, after the end of another one at the site.
async fn claim<E: Engine>(engine: &E, import: &Import) -> Result<Progress, StoreFault> {
    let (id, now) = (random::uuid()?, import.now);
    let (mut last, mut idle_looks) = (None, 0);
    for _ in 0..MAX_LOOKS {
        let site = import.site.clone();
        let begin = move |session: &dyn Session| {
            let other = staging::begin(session, &site, id, now)?;
            Ok(Decided::Keep((other, staging::progress(session, &site)?)))
        };
        let (other, own) = engine.write(Lane::of(&import.site), begin).await?;
        let Some(other) = other else { return own.ok_or(StoreFault::Importing) };
        idle_looks = if last == Some(other) { idle_looks + 1 } else { 0 };
        last = Some(other);
        if idle_looks >= MAX_IDLE_LOOKS {
            take_over(engine, &import.site, other).await?;
        } else {
            sleep(Duration::from_millis(LOOK_MILLIS)).await;
        }
    }
    Err(StoreFault::Importing)
}

async fn in_slices<E: Engine>(
    engine: &E,
    import: &Arc<Import>,
    claimed: Progress,
    (plan, consent): (Plan, Consent),
    on_row: &OnRow,
) -> Result<ImportOutcome, StoreFault> {
    let (site, id) = (import.site.as_str(), claimed.id);
    let staged = stage(engine, site, id, 0, import.rows_from(0)).await?;
    let at = enter(engine, site, id, State::Checking).await?;
    // The site is closed now: nothing comes between.
    let plan = if plan.at == Some(at) { plan } else { check(engine, import, true).await? };
    if !consent.allows(&plan.stock) {
        give_up(engine, site, id).await?;
        return Ok(plan.outcome(false));
    }
    let relabelled = plan.relabelled.iter().copied().map(ImportRow::Relabelled);
    stage(engine, site, id, staged, relabelled).await?;
    enter(engine, site, id, State::Applying).await?;
    let rows = u64::try_from(import.len()).unwrap_or(u64::MAX);
    apply(engine, site, claimed, |slices| {
        let booked = u64::from(slices).saturating_mul(u64::try_from(MAX_ROWS_AT_ONCE).unwrap_or(u64::MAX));
        on_row(booked.min(rows));
    })
    .await?;
    Ok(plan.outcome(true))
}

/// Stores rows from a position on. Returns the position after them.
async fn stage<E: Engine>(
    engine: &E,
    site: &str,
    id: Uuid,
    mut position: u64,
    rows: impl Iterator<Item = ImportRow<'_>>,
) -> Result<u64, StoreFault> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let json = |row: ImportRow<'_>| serde_json::to_string(&row);
        let contents: Result<Vec<String>, _> = rows.by_ref().take(MAX_STAGED_ROWS).map(json).collect();
        let contents = contents.map_err(|error| StoreFault::Failed(error.to_string()))?;
        let (name, from) = (site.to_owned(), position);
        position += u64::try_from(contents.len()).unwrap_or(u64::MAX);
        slice(engine, site, move |session| staging::stage(session, &name, id, from, &contents)).await?;
    }
    Ok(position)
}

/// Goes to a state. Returns the site's revision and its purged one.
async fn enter<E: Engine>(engine: &E, site: &str, id: Uuid, state: State) -> Result<(u64, u64), StoreFault> {
    let name = site.to_owned();
    let enter = move |session: &dyn Session| {
        let Site { rev, purged_rev, .. } = staging::enter(session, &name, id, state)?;
        Ok((rev, purged_rev))
    };
    slice(engine, site, enter).await
}

/// Books all stored rows. Calls `on_slice` with the number of slices booked.
async fn apply<E: Engine>(
    engine: &E,
    site: &str,
    import: Progress,
    on_slice: impl Fn(u32),
) -> Result<(), StoreFault> {
    for slices in 1..=MAX_SLICES {
        let name = site.to_owned();
        if is_done(slice(engine, site, move |session| staging::apply_slice(session, &name, import)).await)? {
            return Ok(());
        }
        on_slice(slices);
    }
    Err(StoreFault::Importing)
}

async fn give_up<E: Engine>(engine: &E, site: &str, id: Uuid) -> Result<(), StoreFault> {
    for _ in 0..MAX_SLICES {
        let name = site.to_owned();
        if is_done(slice(engine, site, move |session| staging::drop_slice(session, &name, id)).await)? {
            return Ok(());
        }
    }
    Err(StoreFault::Importing)
}

/// Whether a slice was the last one. Another process that took the import over may have ended it, in the same way.
fn is_done(slice: Result<bool, StoreFault>) -> Result<bool, StoreFault> {
    match slice {
        Err(StoreFault::Invalid { code: staging::ENDED, .. }) => Ok(true),
        slice => slice,
    }
}

/// Ends an import whose process has died.
pub(super) async fn take_over<E: Engine>(engine: &E, site: &str, dead: Progress) -> Result<(), StoreFault> {
    match dead.state {
        State::Applying => apply(engine, site, dead, |_| ()).await,
        State::Staging | State::Checking => give_up(engine, site, dead.id).await,
    }
}

/// Runs one transaction of an import, and lets others write after it.
fn slice<E: Engine, T: Send + 'static>(
    engine: &E,
    site: &str,
    work: impl Fn(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
) -> impl Future<Output = Result<T, StoreFault>> + Send {
    let written = engine.write(Lane::of(site), move |session| work(session).map(Decided::Keep));
    async move {
        let value = written.await?;
        sleep(Duration::from_millis(PAUSE_MILLIS)).await;
        Ok(value)
    }
}
