//! Devices that work and send, each on its own, whatever becomes of the server meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::{Action, LotRef, Order, OrderLine, Product, ProductPatch, Quantity};
use futures::future::try_join_all;
use sync::{Cursor, Mutation, QueueState, RoundError, RoundLimits, Store as _, TransportError, Verdict};
use tests::{NativeTransport, TestDevice};
use uuid::Uuid;

use crate::dice::Dice;
use crate::server::Server;

/// Mutations recorded before a device sends.
const MAX_RECORDED_AT_ONCE: u64 = 4;
/// Pause after a failed attempt.
const RETRY_MILLIS: u64 = 3;
/// How long one device may try before the test gives up on it.
const DRAIN_SECONDS: u64 = 20;
/// Mutations in one request: few, so that a queue takes several.
const LIMITS: RoundLimits = RoundLimits { max_batch_mutations: 3, max_pull_rows: 40, max_exchanges: 1_000 };
/// Products of the site.
const PRODUCTS: u64 = 4;
/// Bins of a product.
const BINS: u64 = 5;

/// What became of a mutation, as a device was told.
pub(crate) type Told = BTreeMap<Uuid, Verdict>;

/// A device and its way to the server.
struct Reach {
    device: TestDevice,
    transport: NativeTransport,
    /// Attempts that did not reach the server.
    misses: Cell<u64>,
}

struct Worker {
    reach: Reach,
    dice: Dice,
    recorded: RefCell<Vec<Mutation<Action>>>,
}

/// Devices at work, one that only reads, and one that has yet to begin.
pub(crate) struct Crew {
    workers: Vec<Worker>,
    reader: Reach,
    fresh: Reach,
    is_over: Cell<bool>,
    sending: Cell<usize>,
}

impl Crew {
    /// Enrols `workers` devices and two more, starts the server, and books the products.
    pub(crate) async fn start(server: &Server, workers: usize, seed: u64) -> Result<Self> {
        let mut tokens = server.enrol(workers + 2).await?.into_iter();
        server.start()?;
        let mut reach = |name: String| -> Result<Reach> {
            let token = tokens.next().context("a token")?;
            let transport = server.transport(&token)?;
            let device = TestDevice::new(&format!("{name} of {seed}"), "all", token);
            Ok(Reach { device, transport, misses: Cell::new(0) })
        };
        let (reader, fresh) = (reach("reader".to_owned())?, reach("fresh".to_owned())?);
        let mut team = Vec::new();
        for number in 0..workers {
            let dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(u64::try_from(number)? + 1));
            let reach = reach(format!("worker {number}"))?;
            team.push(Worker { reach, dice, recorded: RefCell::default() });
        }
        let (is_over, sending) = (Cell::new(false), Cell::new(0));
        let crew = Self { workers: team, reader, fresh, is_over, sending };
        let first = crew.workers.first().context("a worker")?;
        for number in 0..PRODUCTS {
            first.record(Action::CreateProduct(product(number))).await?;
        }
        crew.drain(&first.reach).await?;
        Ok(crew)
    }

    /// Lets every device work and send until [`Crew::call_it_a_day`], then send what is left. The reader keeps reading.
    pub(crate) async fn work(&self) -> Result<()> {
        self.is_over.set(false);
        let (_, ()) =
            futures::try_join!(try_join_all(self.workers.iter().map(|w| self.shift(w))), self.read())?;
        Ok(())
    }

    pub(crate) fn call_it_a_day(&self) {
        self.is_over.set(true);
    }

    /// Devices that wait for an answer at this moment.
    pub(crate) fn sending(&self) -> usize {
        self.sending.get()
    }

    /// Waits until every device has tried in vain: whatever the dead server had still answered has been read by then.
    pub(crate) async fn all_miss(&self) -> Result<()> {
        let before: Vec<u64> = self.reaches().map(|reach| reach.misses.get()).collect();
        let deadline = Instant::now() + Duration::from_secs(DRAIN_SECONDS);
        while self.reaches().zip(&before).any(|(reach, before)| reach.misses.get() == *before) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ensure!(Instant::now() < deadline, "a device waits for a dead server for {DRAIN_SECONDS} s");
        }
        Ok(())
    }

    /// Waits until every worker has been told of something new.
    pub(crate) async fn all_are_told_more(&self) -> Result<()> {
        let mut before = Vec::new();
        for worker in &self.workers {
            before.push(worker.last_outcome_seq().await?);
        }
        let deadline = Instant::now() + Duration::from_secs(DRAIN_SECONDS);
        for (worker, before) in self.workers.iter().zip(before) {
            while worker.last_outcome_seq().await? == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
                ensure!(Instant::now() < deadline, "a device is told nothing for {DRAIN_SECONDS} s");
            }
        }
        Ok(())
    }

    fn reaches(&self) -> impl Iterator<Item = &Reach> {
        self.workers.iter().map(|worker| &worker.reach).chain([&self.reader])
    }

    async fn shift(&self, worker: &Worker) -> Result<()> {
        while !self.is_over.get() {
            for _ in 0..=worker.dice.roll(MAX_RECORDED_AT_ONCE) {
                worker.record(any_action(&worker.dice)).await?;
            }
            self.drain(&worker.reach).await?;
        }
        Ok(())
    }

    async fn read(&self) -> Result<()> {
        while !self.is_over.get() {
            self.drain(&self.reader).await?;
            tokio::time::sleep(Duration::from_millis(RETRY_MILLIS)).await;
        }
        Ok(())
    }

    /// Sends until nothing is pending, as often as it takes. Only a server that cannot be reached is a reason to try again.
    async fn drain(&self, to: &Reach) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(DRAIN_SECONDS);
        loop {
            self.sending.set(self.sending.get() + 1);
            let round = to.device.sync_by(&to.transport, LIMITS).await;
            self.sending.set(self.sending.get() - 1);
            match round {
                Ok(report) if report.complete => return Ok(()),
                Ok(_) => {}
                Err(error) => match error.downcast_ref() {
                    Some(RoundError::Transport(TransportError::Unreachable)) => {
                        to.misses.set(to.misses.get() + 1);
                        tokio::time::sleep(Duration::from_millis(RETRY_MILLIS)).await;
                    }
                    _ => return Err(error),
                },
            }
            ensure!(Instant::now() < deadline, "a queue does not drain within {DRAIN_SECONDS} s");
        }
    }

    /// Every mutation that was recorded so far.
    pub(crate) fn recorded(&self) -> Vec<Mutation<Action>> {
        self.workers.iter().flat_map(|worker| worker.recorded.borrow().clone()).collect()
    }

    /// Every outcome that devices hold.
    pub(crate) async fn told(&self) -> Result<Told> {
        let mut told = Told::new();
        for Reach { device, .. } in self.workers.iter().map(|worker| &worker.reach) {
            let journal = device.store().journal(usize::MAX).await?;
            told.extend(journal.into_iter().map(|record| (record.mutation.id, record.outcome.verdict)));
            for record in device.store().queue().await?.records {
                if let QueueState::Attention(outcome) = record.state {
                    told.insert(record.mutation.id, outcome.verdict);
                }
            }
        }
        Ok(told)
    }

    /// Outcomes of mutations that took effect. Others are not sent again to a server that has lost them: they wait for a person.
    pub(crate) async fn told_of_booked(&self) -> Result<Told> {
        Ok(self.told().await?.into_iter().filter(|(_, verdict)| verdict.is_booked()).collect())
    }

    /// The latest revision that a device has been told of.
    pub(crate) async fn seen_rev(&self) -> Result<u64> {
        let mut seen = 0;
        for Reach { device, .. } in self.reaches() {
            if let Cursor::Live { rev } = device.store().outbox(1).await?.cursor {
                seen = seen.max(rev);
            }
        }
        Ok(seen)
    }

    /// Has every worker send what it has left, and asserts that all of them hold what a new device gets.
    pub(crate) async fn agree(&self) -> Result<()> {
        // Twice: what the last one sends is news to the first.
        for _ in 0..2 {
            for worker in &self.workers {
                self.drain(&worker.reach).await?;
            }
        }
        for worker in &self.workers {
            let queue = worker.reach.device.store().queue().await?.records;
            assert!(!queue.iter().any(sync::QueueRecord::is_pending), "{queue:?}");
            self.assert_up_to_date(&worker.reach).await?;
        }
        assert_eq!(self.told().await?.len(), self.recorded().len(), "not every mutation was decided");
        Ok(())
    }

    /// Asserts that the device which only reads holds what a new one gets.
    pub(crate) async fn reader_agrees(&self) -> Result<()> {
        self.drain(&self.reader).await?;
        self.assert_up_to_date(&self.reader).await
    }

    async fn assert_up_to_date(&self, reach: &Reach) -> Result<()> {
        self.fresh.device.store().restart("all").await?;
        self.drain(&self.fresh).await?;
        let (rows, expected) = (reach.device.rows().await?, self.fresh.device.rows().await?);
        let stale: Vec<_> = rows.iter().filter(|row| !expected.contains(row)).collect();
        assert!(
            rows.len() == expected.len() && stale.is_empty(),
            "{} rows, expected {}, stale: {stale:#?}",
            rows.len(),
            expected.len()
        );
        Ok(())
    }
}

impl Worker {
    async fn last_outcome_seq(&self) -> Result<u64> {
        Ok(self.reach.device.store().outbox(1).await?.last_outcome_seq)
    }

    async fn record(&self, action: Action) -> Result<()> {
        let mutation = self.reach.device.record(action).await?;
        self.recorded.borrow_mut().push(mutation);
        Ok(())
    }
}

fn product(number: u64) -> Product {
    Product {
        id: Uuid::from_u128(0xD0 + u128::from(number)),
        sku: format!("DUR-{number}"),
        barcode: String::new(),
        name: format!("Jam {number}"),
        unit: "jar".to_owned(),
        price_minor: 100,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

fn any_action(dice: &Dice) -> Action {
    let product = product(dice.roll(PRODUCTS));
    let bin = |dice: &Dice| format!("A-{}", dice.roll(BINS));
    let lot = LotRef::new(product.id, "L1", &bin(dice));
    let quantity = Quantity(i64::try_from(dice.roll(9_000)).unwrap_or(0) + 1);
    match dice.roll(12) {
        0..=2 => Action::ReceiveLot { lot, quantity, expires_on: None, received_on: None, delivery: None },
        3..=5 => Action::PickLot { lot, quantity, reason: String::new() },
        6 => Action::MoveLot { to: format!("B-{}", dice.roll(BINS)), lot, quantity },
        7 => Action::AdjustLot { lot, delta: -quantity, reason: "broken".to_owned(), delivery: None },
        8 => Action::CountLot { lot, counted: quantity, basis: Quantity::units(3) },
        9 | 10 => {
            let id = Uuid::from_u64_pair(dice.roll(u64::MAX), dice.roll(u64::MAX));
            let line = |lot: &LotRef| OrderLine { lot: lot.clone(), quantity, unit_price_minor: 295 };
            let lines = vec![line(&lot), line(&lot.at("C-1"))];
            Action::PlaceOrder(Order { id, number: "D01".to_owned(), currency: "EUR".to_owned(), lines })
        }
        _ => {
            let price_minor = Some(quantity.0);
            let patch = ProductPatch { price_minor, ..ProductPatch::default() };
            Action::UpdateProduct { id: product.id, patch }
        }
    }
}
