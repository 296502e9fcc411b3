//! A small site on its own database, identical for every input.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use domain::{Action, LotRef, LotStatus, Product, Quantity};
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use server::DEFAULT_SITE;
use server::booking::{Batch, Scope};
use server::clock::Clock;
use server::enrolment::{self, Applicant};
use server::http::{AppState, Revisions, router};
use server::store::Store;
use server::store::sqlite::SqliteStore;
use sync::{Draft, Mutation, UnixMillis};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tower::ServiceExt as _;
use uuid::Uuid;

/// A RAM disk, so that databases do not wait for a real one. Used if it exists.
const MEMORY_FOLDER: &str = "/dev/shm";
/// Limit for reading a response body; larger than any answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
const NOW: UnixMillis = UnixMillis(1_795_000_000_000);
/// A client that has booked mutations.
pub(crate) const CLIENT: Uuid = Uuid::from_u128(0xC1);
/// A product with two lots.
pub(crate) const STOCKED: Uuid = Uuid::from_u128(0xA1);
/// A product that was deleted.
const DELETED: Uuid = Uuid::from_u128(0xA2);

/// The shared state: a filled template database, copied for each input.
struct Template {
    dir: TempDir,
    runtime: Runtime,
    token: String,
    opened: AtomicU64,
}

/// The site for one input. Its files are deleted on drop.
pub(crate) struct Site {
    template: &'static Template,
    file: PathBuf,
    store: Arc<SqliteStore>,
}

/// The rows of every table as text, by table name.
pub(crate) type Content = BTreeMap<String, Vec<String>>;

fn template() -> Result<&'static Template> {
    static MADE: OnceLock<Result<Template, String>> = OnceLock::new();
    let made = MADE.get_or_init(|| make().map_err(|error| format!("{error:#}")));
    made.as_ref().map_err(|error| anyhow::anyhow!("no site to test on: {error}"))
}

fn make() -> Result<Template> {
    let memory = Path::new(MEMORY_FOLDER);
    let dir = if memory.is_dir() { TempDir::new_in(memory)? } else { TempDir::new()? };
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let store = SqliteStore::open(&dir.path().join("template.db"))?;
    let token = runtime.block_on(fill(&store))?;
    Ok(Template { dir, runtime, token, opened: AtomicU64::new(0) })
}

async fn fill(store: &SqliteStore) -> Result<String> {
    store.ensure_site(DEFAULT_SITE).await?;
    let code = enrolment::new_code(store, DEFAULT_SITE, "Scanner", Clock::default().now()).await?;
    let enrolled = enrolment::enrol(store, &code, Applicant::default(), Clock::default().now()).await?;
    let (_, token) = enrolled.ok().context("a fresh code was refused")?;
    let lot = |bin: &str| LotRef::new(STOCKED, "L1", bin);
    let receive = |bin: &str| Action::ReceiveLot {
        lot: lot(bin),
        quantity: Quantity::units(10),
        expires_on: "2031-05-01".parse().ok(),
        received_on: None,
        delivery: None,
    };
    let book = [
        Action::CreateProduct(product(STOCKED, "VIN-1", "7622210434593")),
        Action::CreateProduct(product(DELETED, "OLD-1", "")),
        receive("A-1"),
        receive("A-2"),
        Action::CreateLot { lot: lot("Q-1"), status: LotStatus::Quarantined, expires_on: None },
        Action::DeleteProduct { id: DELETED },
        Action::DeleteLot { lot: lot("Q-1") },
    ];
    let mutation = |(seq, action)| {
        let (id, author) = (Uuid::from_u128(0xF000 + u128::from(seq)), "Ada".to_owned());
        let draft = Draft {
            id,
            action: Ok(action),
            base: 100,
            author,
            signed_by: None,
            captured_at: NOW,
            depends_on: None,
            replaces: None,
        };
        Mutation::from_draft(draft, seq, 2)
    };
    let mutations: Vec<_> = (1_u64..).zip(book).map(mutation).collect();
    let pushed = store
        .push(Batch {
            site: DEFAULT_SITE.to_owned(),
            device: Uuid::nil(),
            device_name: None,
            client: CLIENT,
            mutations,
            scope: Scope::EVERYTHING,
            last_outcome_seq: 0,
            now: NOW,
        })
        .await?;
    let refused = pushed.receipts.iter().find(|receipt| !receipt.outcome.verdict.is_booked());
    ensure!(refused.is_none(), "the site cannot be filled: {refused:?}");
    Ok(token)
}

fn product(id: Uuid, sku: &str, barcode: &str) -> Product {
    Product {
        id,
        sku: sku.to_owned(),
        barcode: barcode.to_owned(),
        name: "Rice vinegar".to_owned(),
        unit: "bottle".to_owned(),
        price_minor: 295,
        currency: "EUR".to_owned(),
        family: String::new(),
        variant: String::new(),
    }
}

impl Site {
    /// Opens a copy of the template.
    pub(crate) fn open() -> Result<Self> {
        let template = template()?;
        let file = template.new_file();
        // One file is enough: the template's store is closed, so its log has been merged into it.
        fs::copy(template.dir.path().join("template.db"), &file)?;
        Self::at(template, file)
    }

    /// Opens a site without rows.
    pub(crate) fn empty() -> Result<Self> {
        let template = template()?;
        Self::at(template, template.new_file())
    }

    fn at(template: &'static Template, file: PathBuf) -> Result<Self> {
        let store = Arc::new(SqliteStore::open(&file)?);
        Ok(Self { template, file, store })
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// A path for a file that is deleted with the site.
    pub(crate) fn path(&self, extension: &str) -> PathBuf {
        self.file.with_extension(extension)
    }

    /// Runs a future of the server to completion.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.template.runtime.block_on(work)
    }

    /// Posts `body` as an enrolled device. Returns the status and the response body.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<(StatusCode, Vec<u8>)> {
        let (_, is_down) = watch::channel(false);
        let store: Arc<dyn Store> = Arc::<SqliteStore>::clone(&self.store);
        let app: Router =
            router(AppState::new(store, Clock::default(), Arc::new(Revisions::default()), is_down), None);
        let request = Request::post(path)
            .header("x-lotbook", "1")
            .header("authorization", format!("Bearer {}", self.template.token))
            .body(Body::from(body.to_vec()))?;
        self.run(async {
            let response = app.oneshot(request).await?;
            let status = response.status();
            Ok((status, to_bytes(response.into_body(), MAX_ANSWER_BYTES).await?.to_vec()))
        })
    }

    /// All rows of the database, without the columns that every request may change.
    pub(crate) fn content(&self) -> Result<Content> {
        let connection = self.look()?;
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let tables = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        let mut content = Content::new();
        for table in tables {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let mut text = String::new();
                let is_kept = |column: &str| !["last_seen_at", "clock_ahead_millis"].contains(&column);
                for (at, column) in columns.iter().enumerate().filter(|(_, column)| is_kept(column)) {
                    let value = match row.get_ref(at)? {
                        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                        other => format!("{other:?}"),
                    };
                    text.push_str(&format!("{column}={value}; "));
                }
                found.push(text);
            }
            content.insert(table, found);
        }
        Ok(content)
    }

    /// Asserts that ledger and rows agree and that every effect has a receipt.
    pub(crate) fn assert_books_balance(&self) -> Result<()> {
        let broken = [
            "SELECT count(*) FROM inventory_lots AS lots WHERE quantity <> (SELECT coalesce(sum(delta), 0) FROM stock_ledger \
             AS ledger WHERE ledger.product_id = lots.product_id AND ledger.lot_id = lots.lot_id)",
            "SELECT count(*) FROM stock_ledger AS ledger WHERE NOT EXISTS (SELECT 1 FROM inventory_lots AS lots \
             WHERE ledger.product_id = lots.product_id AND ledger.lot_id = lots.lot_id)",
            "SELECT count(*) FROM stock_ledger WHERE movement <> 'import' AND mutation_id NOT IN \
             (SELECT mutation_id FROM receipts WHERE verdict IN ('applied', 'merged'))",
            "SELECT count(*) FROM orders WHERE mutation_id NOT IN \
             (SELECT mutation_id FROM receipts WHERE verdict IN ('applied', 'merged'))",
            "SELECT count(*) FROM (SELECT rev FROM products UNION ALL SELECT rev FROM inventory_lots UNION ALL \
             SELECT rev FROM stock_ledger) WHERE rev > (SELECT max(rev) FROM sites)",
        ];
        let connection = self.look()?;
        for sql in broken {
            let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
            assert_eq!(count, 0, "{sql}");
        }
        Ok(())
    }

    fn look(&self) -> Result<Connection> {
        Ok(Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }
}

impl Template {
    fn new_file(&self) -> PathBuf {
        self.dir.path().join(format!("{}.db", self.opened.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for extension in ["db", "db-wal", "db-shm", "products.csv", "lots.csv"] {
            // Errors are ignored: most of these files do not exist.
            drop(fs::remove_file(self.file.with_extension(extension)));
        }
    }
}
