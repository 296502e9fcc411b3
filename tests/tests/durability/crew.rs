//! Devices that record and send mutations independently while the server is killed and restored.

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

/// Most mutations that a device records before it sends.
const MAX_RECORDED_AT_ONCE: u64 = 4;
/// Pause after a failed attempt.
const RETRY_MILLIS: u64 = 3;
/// Pause after an answer that the server is busy: it limits the requests of a device.
const BUSY_RETRY_MILLIS: u64 = 50;
/// Timeout for draining the queue of one device, and for the waits below.
const DRAIN_SECONDS: u64 = 20;
/// The same where PostgreSQL recovers in between.
const DRAIN_AND_RECOVER_SECONDS: u64 = 120;
/// Small batches, so that draining a queue takes several requests.
const LIMITS: RoundLimits = RoundLimits { max_batch_mutations: 3, max_pull_rows: 40, max_exchanges: 1_000 };
/// Products of the site.
const PRODUCTS: u64 = 4;
/// Bins of a product.
const BINS: u64 = 5;

/// Verdicts that devices hold, by mutation id.
pub(crate) type Outcomes = BTreeMap<Uuid, Verdict>;

/// A device and its transport to the server.
struct Client {
    device: TestDevice,
    transport: NativeTransport,
    /// Attempts that did not reach the server.
    failed_attempts: Cell<u64>,
}

struct Worker {
    client: Client,
    dice: Dice,
    recorded: RefCell<Vec<Mutation<Action>>>,
}

/// Devices that record and send, one that only reads, and one that stays empty until it is compared with.
pub(crate) struct Crew {
    workers: Vec<Worker>,
    reader: Client,
    fresh: Client,
    is_stopped: Cell<bool>,
    sending: Cell<usize>,
    /// Whether a server that runs may be without its database, and says then that it is busy.
    may_be_busy: bool,
}

impl Crew {
    /// Enrols `workers` devices and two more, starts the server, and creates the products.
    pub(crate) async fn start(server: &Server, workers: usize, seed: u64) -> Result<Self> {
        let mut tokens = server.enrol(workers + 2).await?.into_iter();
        server.start()?;
        let mut client = |name: String| -> Result<Client> {
            let token = tokens.next().context("a token")?;
            let transport = server.transport(&token)?;
            let device = TestDevice::new(&format!("{name} of {seed}"), "all", token);
            Ok(Client { device, transport, failed_attempts: Cell::new(0) })
        };
        let (reader, fresh) = (client("reader".to_owned())?, client("fresh".to_owned())?);
        let mut team = Vec::new();
        for number in 0..workers {
            let dice = Dice::new(seed.wrapping_mul(1_000).wrapping_add(u64::try_from(number)? + 1));
            let client = client(format!("worker {number}"))?;
            team.push(Worker { client, dice, recorded: RefCell::default() });
        }
        let (is_stopped, sending) = (Cell::new(false), Cell::new(0));
        let may_be_busy = server.has_other_process();
        let crew = Self { workers: team, reader, fresh, is_stopped, sending, may_be_busy };
        let first = crew.workers.first().context("a worker")?;
        for number in 0..PRODUCTS {
            first.record(Action::CreateProduct(product(number))).await?;
        }
        crew.drain(&first.client).await?;
        Ok(crew)
    }

    /// Runs every worker and the reader until [`Crew::stop`]; then the workers send the rest of their queues.
    pub(crate) async fn work(&self) -> Result<()> {
        self.is_stopped.set(false);
        let (_, ()) = futures::try_join!(
            try_join_all(self.workers.iter().map(|w| self.run_worker(w))),
            self.run_reader()
        )?;
        Ok(())
    }

    /// Ends [`Crew::work`].
    pub(crate) fn stop(&self) {
        self.is_stopped.set(true);
    }

    /// Number of devices with a request under way.
    pub(crate) fn sending(&self) -> usize {
        self.sending.get()
    }

    /// Waits until every device has failed to reach the server. By then all answers of the killed server have
    /// been read.
    pub(crate) async fn wait_for_failed_attempts(&self) -> Result<()> {
        let before: Vec<u64> = self.clients().map(|client| client.failed_attempts.get()).collect();
        let deadline = Instant::now() + Duration::from_secs(self.drain_seconds());
        while self.clients().zip(&before).any(|(client, before)| client.failed_attempts.get() == *before) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ensure!(
                Instant::now() < deadline,
                "a device waits for a dead server for {} s",
                self.drain_seconds()
            );
        }
        Ok(())
    }

    /// Waits until every worker holds a new outcome.
    pub(crate) async fn wait_for_new_outcomes(&self) -> Result<()> {
        let mut before = Vec::new();
        for worker in &self.workers {
            before.push(worker.last_outcome_seq().await?);
        }
        let deadline = Instant::now() + Duration::from_secs(self.drain_seconds());
        for (worker, before) in self.workers.iter().zip(before) {
            while worker.last_outcome_seq().await? == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
                ensure!(Instant::now() < deadline, "a device got no outcome for {} s", self.drain_seconds());
            }
        }
        Ok(())
    }

    fn clients(&self) -> impl Iterator<Item = &Client> {
        self.workers.iter().map(|worker| &worker.client).chain([&self.reader])
    }

    async fn run_worker(&self, worker: &Worker) -> Result<()> {
        while !self.is_stopped.get() {
            for _ in 0..=worker.dice.roll(MAX_RECORDED_AT_ONCE) {
                worker.record(any_action(&worker.dice)).await?;
            }
            self.drain(&worker.client).await?;
        }
        Ok(())
    }

    async fn run_reader(&self) -> Result<()> {
        while !self.is_stopped.get() {
            self.drain(&self.reader).await?;
            tokio::time::sleep(Duration::from_millis(RETRY_MILLIS)).await;
        }
        Ok(())
    }

    /// Runs rounds until nothing is pending. Retries only if the server or its database is away; other errors are
    /// returned.
    async fn drain(&self, to: &Client) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(self.drain_seconds());
        loop {
            self.sending.set(self.sending.get() + 1);
            let round = to.device.sync_by(&to.transport, LIMITS).await;
            self.sending.set(self.sending.get() - 1);
            match round {
                Ok(report) if report.complete => return Ok(()),
                Ok(_) => {}
                Err(error) => match error.downcast_ref() {
                    Some(RoundError::Transport(fault)) if self.is_expected(fault) => {
                        to.failed_attempts.set(to.failed_attempts.get() + 1);
                        let is_away = matches!(fault, TransportError::Unreachable);
                        let pause = if is_away { RETRY_MILLIS } else { BUSY_RETRY_MILLIS };
                        tokio::time::sleep(Duration::from_millis(pause)).await;
                    }
                    _ => return Err(error),
                },
            }
            ensure!(Instant::now() < deadline, "a queue does not drain within {} s", self.drain_seconds());
        }
    }

    fn drain_seconds(&self) -> u64 {
        if self.may_be_busy { DRAIN_AND_RECOVER_SECONDS } else { DRAIN_SECONDS }
    }

    fn is_expected(&self, fault: &TransportError) -> bool {
        let is_busy = matches!(fault, TransportError::Busy { .. });
        matches!(fault, TransportError::Unreachable) || self.may_be_busy && is_busy
    }

    /// All mutations recorded so far.
    pub(crate) fn recorded(&self) -> Vec<Mutation<Action>> {
        self.workers.iter().flat_map(|worker| worker.recorded.borrow().clone()).collect()
    }

    /// All outcomes that devices hold.
    pub(crate) async fn outcomes(&self) -> Result<Outcomes> {
        let mut outcomes = Outcomes::new();
        for Client { device, .. } in self.workers.iter().map(|worker| &worker.client) {
            let journal = device.store().journal(usize::MAX).await?;
            outcomes.extend(journal.into_iter().map(|record| (record.mutation.id, record.outcome.verdict)));
            for record in device.store().queue().await?.records {
                if let QueueState::Attention(outcome) = record.state {
                    outcomes.insert(record.mutation.id, outcome.verdict);
                }
            }
        }
        Ok(outcomes)
    }

    /// Outcomes of booked mutations. The others wait for a person and are not sent again to a server that
    /// lost them.
    pub(crate) async fn booked_outcomes(&self) -> Result<Outcomes> {
        Ok(self.outcomes().await?.into_iter().filter(|(_, verdict)| verdict.is_booked()).collect())
    }

    /// The latest revision that a device has pulled.
    pub(crate) async fn seen_rev(&self) -> Result<u64> {
        let mut seen = 0;
        for Client { device, .. } in self.clients() {
            if let Cursor::Live { rev } = device.store().outbox(1).await?.cursor {
                seen = seen.max(rev);
            }
        }
        Ok(seen)
    }

    /// Drains every worker's queue and asserts that all workers hold the rows that a new device gets.
    pub(crate) async fn agree(&self) -> Result<()> {
        // Twice, so that the first worker pulls what the last one sent.
        for _ in 0..2 {
            for worker in &self.workers {
                self.drain(&worker.client).await?;
            }
        }
        for worker in &self.workers {
            let queue = worker.client.device.store().queue().await?.records;
            assert!(!queue.iter().any(sync::QueueRecord::is_pending), "{queue:?}");
            self.assert_up_to_date(&worker.client).await?;
        }
        assert_eq!(self.outcomes().await?.len(), self.recorded().len(), "not every mutation was decided");
        Ok(())
    }

    /// Asserts that the reader holds the rows that a new device gets.
    pub(crate) async fn reader_agrees(&self) -> Result<()> {
        self.drain(&self.reader).await?;
        self.assert_up_to_date(&self.reader).await
    }

    async fn assert_up_to_date(&self, client: &Client) -> Result<()> {
        self.fresh.device.store().restart("all").await?;
        self.drain(&self.fresh).await?;
        let (rows, expected) = (client.device.rows().await?, self.fresh.device.rows().await?);
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
        Ok(self.client.device.store().outbox(1).await?.last_outcome_seq)
    }

    async fn record(&self, action: Action) -> Result<()> {
        let mutation = self.client.device.record(action).await?;
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
            Action::PlaceOrder(Order {
                id,
                number: "D01".to_owned(),
                currency: "EUR".to_owned(),
                lines,
                to_site: None,
            })
        }
        _ => {
            let price_minor = Some(quantity.0);
            let patch = ProductPatch { price_minor, ..ProductPatch::default() };
            Action::UpdateProduct { id: product.id, patch }
        }
    }
}
