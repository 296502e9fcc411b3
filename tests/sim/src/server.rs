//! The real server without its sockets: requests go directly into its router, with a database of its own.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use domain::Row;
use http_body_util::BodyExt as _;
use rusqlite::Connection;
use server::DEFAULT_SITE;
use server::clock::Clock;
use server::csv::Source;
use server::enrolment::{self, Applicant};
use server::http::{AppState, Revisions, router};
use server::import::{ImportOptions, import};
use server::store::{Device, Store};
use sync::{SyncResponse, UnixMillis};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::books::{Backup, Books, Engine, Loss};
use crate::clock::VirtualClock;
use crate::dice::Dice;
use crate::variant::Variant;

/// The site of most devices, and another one on the same server.
pub const SITES: [&str; 2] = [DEFAULT_SITE, "north"];

/// A request in transit.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Such as `/api/sync`.
    pub path: &'static str,
    /// The device's token.
    pub token: String,
    /// JSON body.
    pub body: Vec<u8>,
}

/// The server and its database.
pub struct SimServer {
    runtime: Runtime,
    books: RefCell<Books>,
    /// The world's clock, which this one follows.
    world: VirtualClock,
    clock: Clock,
    /// Milliseconds by which the clock was put ahead.
    ahead: Cell<u64>,
    dice: Dice,
    variant: Variant,
    running: RefCell<Option<(Router, Arc<dyn Store>)>>,
    /// Whether it is reachable.
    pub is_up: Cell<bool>,
    /// Number of answered requests.
    pub answered: Cell<u64>,
    backups: Cell<u32>,
}

impl SimServer {
    /// A server without rows.
    ///
    /// # Errors
    /// When the database cannot be created.
    pub fn start(world: VirtualClock, dice: Dice, variant: Variant, engine: Engine) -> Result<Self> {
        let (runtime, books) = (engine.runtime()?, RefCell::new(Books::new(engine)?));
        let (running, is_up) = (RefCell::new(None), Cell::new(true));
        let (answered, backups) = (Cell::new(0), Cell::new(0));
        let (clock, ahead) = (Clock::default(), Cell::new(0));
        let server =
            Self { runtime, books, world, clock, ahead, dice, variant, running, is_up, answered, backups };
        server.open()?;
        for site in SITES {
            server.runtime.block_on(server.store()?.ensure_site(site))?;
        }
        Ok(server)
    }

    /// The engine of its store.
    pub fn engine(&self) -> Engine {
        self.books.borrow().engine()
    }

    fn open(&self) -> Result<()> {
        let store = self.runtime.block_on(self.books.borrow().open())?;
        let (_, shutdown) = watch::channel(false);
        let state =
            AppState::new(Arc::clone(&store), self.clock.clone(), Arc::<Revisions>::default(), shutdown);
        self.running.replace(Some((router(state, None), store)));
        Ok(())
    }

    fn store(&self) -> Result<Arc<dyn Store>> {
        let running = self.running.borrow();
        running.as_ref().map(|(_, store)| Arc::clone(store)).context("the server is closed")
    }

    /// Enrols a device at a site. Returns it with its token.
    ///
    /// # Errors
    /// When the store fails.
    pub fn enrol(&self, site: &str) -> Result<(Device, String)> {
        let (store, now) = (self.store()?, self.clock.now());
        self.runtime.block_on(async {
            let code = enrolment::new_code(store.as_ref(), site, "", now).await?;
            let enrolled = enrolment::enrol(store.as_ref(), &code, Applicant::default(), now).await?;
            enrolled.ok().context("a fresh code was refused")
        })
    }

    /// Imports a file of deliveries.
    ///
    /// # Errors
    /// When a line is invalid, or the store fails.
    pub fn expect(&self, deliveries: String) -> Result<()> {
        let options = ImportOptions {
            site: DEFAULT_SITE.to_owned(),
            products: None,
            lots: None,
            deliveries: Some(Source::text("deliveries.csv", deliveries)),
            skip_bad: false,
        };
        self.runtime.block_on(import(self.store()?.as_ref(), options, UnixMillis(0)))?;
        Ok(())
    }

    /// Whether a device may sync.
    ///
    /// # Errors
    /// When the store fails.
    pub fn knows(&self, device: &Device) -> Result<bool> {
        let known = self.runtime.block_on(self.store()?.devices(&device.site))?;
        Ok(known.iter().any(|known| known.device == device.device))
    }

    /// Revokes a device.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revoke(&self, device: &Device) -> Result<()> {
        self.runtime.block_on(self.store()?.revoke(&device.site, device.device, UnixMillis(1)))?;
        Ok(())
    }

    /// Deletes all tombstones.
    ///
    /// # Errors
    /// When the store fails.
    pub fn purge(&self) -> Result<()> {
        self.runtime.block_on(self.store()?.purge(UnixMillis(i64::MAX)))?;
        Ok(())
    }

    /// Makes a backup; with `same_epoch`, like a copy of the files without a new epoch. PostgreSQL is copied between two runs of
    /// the server.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn back_up(&self, same_epoch: bool) -> Result<Backup> {
        self.backups.set(self.backups.get() + 1);
        let is_closed = self.engine() == Engine::Postgres;
        if is_closed {
            self.running.replace(None);
        }
        let backup = self.books.borrow().back_up(self.backups.get(), same_epoch)?;
        if is_closed {
            self.open()?;
        }
        Ok(backup)
    }

    /// Replaces the database by a backup.
    ///
    /// # Errors
    /// When that cannot be copied.
    pub(crate) fn restore(&self, backup: &Backup) -> Result<()> {
        self.running.replace(None);
        self.books.borrow_mut().restore(backup)?;
        self.open()
    }

    /// A connection that shows the rows of one site only.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn database_of(&self, site: &str) -> Result<Connection> {
        let database = self.books.borrow().rows()?;
        let sql = "SELECT tables.name FROM sqlite_schema AS tables \
                   JOIN pragma_table_info(tables.name) AS columns ON columns.name = 'site' WHERE tables.type = 'table'";
        let mut statement = database.prepare(sql)?;
        let tables: Vec<String> =
            statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        drop(statement);
        for table in tables {
            // A name is looked for among temporary views first.
            database.execute_batch(&format!(
                "CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE site = '{site}'"
            ))?;
        }
        Ok(database)
    }

    /// Puts the server's clock ahead by the time that has passed in the world.
    fn follow_clock(&self) {
        let passed = self.world.millis().saturating_sub(self.ahead.replace(self.world.millis()));
        self.clock.advance(i64::try_from(passed).unwrap_or(i64::MAX));
    }

    /// Answers a request while the connection of its write, if it makes one, is lost.
    ///
    /// # Errors
    /// As [`SimServer::answer`].
    pub fn answer_and_lose(&self, letter: &Letter, loss: Loss) -> Result<(u16, Vec<u8>)> {
        self.books.borrow().break_at(loss)?;
        let answer = self.answer(letter);
        self.books.borrow().mend()?;
        answer
    }

    /// Answers a request: status and body.
    ///
    /// # Errors
    /// When the server itself fails, which is always a bug.
    pub fn answer(&self, letter: &Letter) -> Result<(u16, Vec<u8>)> {
        self.answered.set(self.answered.get() + 1);
        self.follow_clock();
        if self.variant == Variant::NoDedupe {
            self.books.borrow().run("DELETE FROM receipts")?;
        }
        let router = self.running.borrow().as_ref().map(|(router, _)| router.clone());
        let router = router.context("the server is closed")?;
        let request = Request::post(letter.path)
            .header("authorization", format!("Bearer {}", letter.token))
            .header("x-lotbook", "1")
            .body(Body::from(letter.body.clone()))?;
        let answer = self.runtime.block_on(async {
            let response = router.oneshot(request).await?;
            let status = response.status().as_u16();
            Ok::<_, anyhow::Error>((status, response.into_body().collect().await?.to_bytes().to_vec()))
        })?;
        match self.variant {
            Variant::ReceiptsApart if self.dice.once_in(12) => {
                // The effects are stored; the server crashed before the second transaction.
                self.books
                    .borrow()
                    .run("DELETE FROM receipts WHERE booked_at = (SELECT max(booked_at) FROM receipts)")?;
                Ok((500, Vec::new()))
            }
            Variant::LastReportWins | Variant::CodesComeBack if answer.0 == 200 => {
                self.spoil_codes()?;
                Ok(answer)
            }
            Variant::LateCommit if answer.0 == 200 && letter.path == "/api/sync" => {
                Ok((200, self.without_a_late_row(&answer.1)?))
            }
            _ => Ok(answer),
        }
    }

    /// Changes unknown codes under a new revision, as a server with the bug of the variant does.
    fn spoil_codes(&self) -> Result<()> {
        let books = self.books.borrow();
        let first = books.first_scans();
        let (change, due) = match self.variant {
            Variant::LastReportWins => {
                (format!("times = {first}"), format!("deleted_at IS NULL AND times <> {first}"))
            }
            _ => (
                "deleted_at = NULL".to_owned(),
                "deleted_at IS NOT NULL AND EXISTS (SELECT 1 FROM products \
                 WHERE products.site = unknown_codes.site AND barcode_key = code)"
                    .to_owned(),
            ),
        };
        books.run(&format!(
            "UPDATE sites SET rev = rev + 1 WHERE EXISTS \
             (SELECT 1 FROM unknown_codes WHERE unknown_codes.site = sites.site AND {due});
             UPDATE unknown_codes SET {change}, \
             rev = (SELECT rev FROM sites WHERE sites.site = unknown_codes.site) WHERE {due}"
        ))
    }

    /// The answer to a pull if the second newest row had been committed just after the read.
    fn without_a_late_row(&self, body: &[u8]) -> Result<Vec<u8>> {
        let mut response: SyncResponse<Row> = serde_json::from_slice(body)?;
        if response.replaced.is_none() && response.rows.len() > 1 && self.dice.once_in(4) {
            response.rows.remove(response.rows.len() - 2);
        }
        Ok(serde_json::to_vec(&response)?)
    }
}

impl std::fmt::Debug for SimServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimServer").field("books", &self.books).finish_non_exhaustive()
    }
}
