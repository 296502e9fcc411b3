//! A server for any model: its rows and receipts in memory, its decisions in a file, the sync API and the app's files.
//!
//! It suits an app whose rows fit into memory. It knows no users: put a sign-in in front of it. `docs/your-own-app.md`
//! walks through an app that uses it.

mod log;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use clap::Parser;
use sync::ledger::{Entry, Ledger};
use sync::{AppNames, AuditRequest, AuditResponse, Json, Model, SyncRequest, SyncResponse, Versioned};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::connections::{self, ConnectionLimits, Listening};
use crate::http::router_of_any;
use crate::random;
use log::Log;

/// The options of a server's program.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// The file that every decision is appended to; it is created if need be
    #[arg(long, value_name = "FILE")]
    pub log: PathBuf,
    /// The folder of the built app; without it only the API is served
    #[arg(long, value_name = "DIR")]
    pub dist: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
}

/// Why the book gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum BookFault {
    /// An entry may not be on the disk. Nothing is booked any more until the server was started again, which reads what
    /// is there.
    #[error("the log could not be written; start the server again")]
    Broken,
    /// A row cannot be written as JSON.
    #[error(transparent)]
    Row(#[from] serde_json::Error),
}

/// The rows and receipts of one app. Clones share them.
pub struct Book<M: Model>(Arc<Shared<M>>);

struct Shared<M: Model> {
    names: &'static AppNames,
    options: Options,
    kept: Mutex<Kept<M>>,
    revision: watch::Sender<u64>,
}

struct Kept<M: Model> {
    ledger: Ledger<M>,
    /// None once it could not be written.
    log: Option<Log>,
}

impl<M: Model> Clone for Book<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Model> std::fmt::Debug for Book<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("names", &self.0.names).finish_non_exhaustive()
    }
}

impl<M: Model<Row: Send>> Book<M> {
    /// Opens the log that the program's arguments name; ends the program with a message if they are no [`Options`].
    ///
    /// # Errors
    /// As [`Book::open`].
    pub fn from_arguments(names: &'static AppNames, first_rows: &str) -> Result<Self> {
        Self::open(names, Options::parse(), first_rows)
    }

    /// Reads the log back. A new one begins with `first_rows`, a JSON list.
    ///
    /// # Errors
    /// When the log cannot be read or written, another server has it, or the list cannot be read.
    pub fn open(names: &'static AppNames, options: Options, first_rows: &str) -> Result<Self> {
        let (log, entries) = Log::open::<Entry<M::Row>>(&options.log)?;
        let mut kept = Kept { ledger: Ledger::default(), log: Some(log) };
        entries.into_iter().for_each(|entry| kept.ledger.apply(entry));
        // Each is asked by itself: the server may have stopped between the two.
        if kept.ledger.epoch().is_nil() {
            kept.keep(Entry::Epoch(random::uuid()?))?;
        }
        if kept.ledger.rev() == 0 {
            let rows: Vec<M::Row> =
                serde_json::from_str(first_rows).context("the first rows cannot be read")?;
            let rows = kept.ledger.put(rows);
            kept.keep(rows)?;
        }
        let revision = watch::Sender::new(kept.ledger.rev());
        Ok(Self(Arc::new(Shared { names, options, kept: Mutex::new(kept), revision })))
    }

    /// The rows of a table, by rising key.
    pub fn rows(&self, table: &'static str) -> Vec<Versioned<M::Row>> {
        self.with(|kept| kept.ledger.rows(table).collect())
    }

    /// The rows of every table with this index key.
    pub fn find(&self, index_key: &str) -> Vec<Versioned<M::Row>> {
        self.with(|kept| kept.ledger.find(index_key))
    }

    /// Serves the sync API, `GET /api/rows/{index key}`, the app's files and the app's `own` routes until Ctrl-C. It may end at any moment: what was
    /// answered is on the disk.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn serve(self, own: Router) -> Result<()> {
        let Options { dist, listen, .. } = &self.0.options;
        // A program may have a subscriber of its own already.
        drop(tracing_subscriber::fmt().with_writer(std::io::stderr).try_init());
        let router = router_of_any(&self, own, dist.as_deref());
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{listen} cannot be listened on; choose another --listen"))?;
        println!("Listening on http://{}", listener.local_addr()?);
        let (_down, is_down) = watch::channel(false);
        tokio::select! {
            () = connections::serve(Listening::plain(listener), router, ConnectionLimits::default(), is_down) => Ok(()),
            stopped = tokio::signal::ctrl_c() => stopped.context("Ctrl-C cannot be watched for"),
        }
    }

    /// Decides a request, keeps the decisions, and answers it.
    ///
    /// # Errors
    /// [`BookFault::Broken`]; the device will ask again.
    pub(crate) fn exchange(&self, request: &SyncRequest<Json>) -> Result<SyncResponse<M::Row>, BookFault> {
        let new_epoch = random::uuid().map_err(|_| BookFault::Broken)?;
        let response = self.with(|kept| {
            let mut decided = kept.ledger.decide(request, new_epoch);
            if let Some(entry) = decided.entry.take() {
                kept.keep(entry)?;
            }
            Ok(kept.ledger.answer(request, decided, Clock::default().now()))
        });
        let rev = self.with(|kept| kept.ledger.rev());
        self.0.revision.send_if_modified(|known| std::mem::replace(known, rev) != rev);
        response
    }

    /// The ranges that differ from a device's.
    ///
    /// # Errors
    /// [`BookFault::Row`].
    pub(crate) fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<M::Row>, BookFault> {
        Ok(self.with(|kept| kept.ledger.audit(request))?)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Kept<M>) -> T) -> T {
        // A panic can have stopped a decision, but not the step that applies one.
        work(&mut self.0.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<M: Model> Book<M> {
    /// The app's names.
    pub(crate) fn names(&self) -> &'static AppNames {
        self.0.names
    }

    /// The newest revision, starting with the present one.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.0.revision.subscribe()
    }
}

impl<M: Model> Kept<M> {
    fn keep(&mut self, entry: Entry<M::Row>) -> Result<(), BookFault> {
        let log = self.log.as_mut().ok_or(BookFault::Broken)?;
        if let Err(error) = log.append(&entry) {
            tracing::error!(%error, "the log could not be written");
            self.log = None;
            return Err(BookFault::Broken);
        }
        self.ledger.apply(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sync::conformance::{CounterRow, Counters};
    use sync::{Cursor, PROTOCOL_VERSION, Verdict};
    use uuid::Uuid;

    use super::*;

    const NAMES: AppNames = AppNames::new("counters", "all");
    const FIRST: &str = r#"[{"counter":{"key":"a","value":7}}]"#;

    fn open(folder: &tempfile::TempDir) -> Result<Book<Counters>> {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = Options { log: folder.path().join("log"), dist: None, listen };
        Book::open(&NAMES, options, FIRST)
    }

    fn request() -> SyncRequest<Json> {
        let mutation = r#"{"seq":1,"id":"00000000-0000-0000-0000-000000000001","action":{"key":"a","amount":1},
            "author":"Ada","captured_at":5,"schema":2}"#;
        SyncRequest {
            protocol: PROTOCOL_VERSION,
            client: Uuid::from_u128(9),
            site: None,
            epoch: None,
            last_outcome_seq: 0,
            mutations: vec![serde_json::from_str(mutation).expect("a mutation")],
            cursor: Cursor::Start,
            scope: "all".to_owned(),
            tables: Vec::new(),
            max_rows: 10,
            sent_at: None,
        }
    }

    fn values(book: &Book<Counters>) -> Vec<i64> {
        let rows = book.rows("counters").into_iter();
        rows.filter_map(
            |held| if let CounterRow::Counter { value, .. } = held.row { Some(value) } else { None },
        )
        .collect()
    }

    #[test]
    fn what_was_answered_is_there_after_a_restart_and_booked_once() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let book = open(&folder)?;
        assert_eq!(values(&book), [7]);
        let first = book.exchange(&request())?;
        assert_eq!(first.receipts[0].outcome.verdict, Verdict::Applied);
        drop(book);
        let book = open(&folder)?;
        let again = book.exchange(&request())?;
        assert_eq!((again.receipts, again.epoch, again.known_seq), (first.receipts, first.epoch, 1));
        assert_eq!(values(&book), [8]);
        Ok(())
    }

    #[test]
    fn a_log_that_cannot_be_written_books_nothing_more() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let book = open(&folder)?;
        book.with(|kept| kept.log = None);
        assert!(matches!(book.exchange(&request()), Err(BookFault::Broken)));
        assert_eq!(values(&book), [7]);
        Ok(())
    }
}
