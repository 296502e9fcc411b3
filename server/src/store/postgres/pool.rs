//! The connections, and the transactions on them. A connection whose transaction did not end well is closed.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::StoreFault;
use super::super::sql::session::Session;
use super::fault::{Aftermath, aftermath, fault};
use super::session::PostgresSession;
use super::target::Target;

/// Connections for reads, and for writes of as many sites at a time.
const READER_CONNECTIONS: usize = 8;
const WRITER_CONNECTIONS: usize = 8;
/// For notifications of revisions.
const ANNOUNCER_CONNECTIONS: usize = 1;
/// Time that a read waits for a connection. Writes wait in their lines.
const WAIT_MILLIS: u64 = 10_000;
/// Time that a connection takes to begin a transaction: a pooler may let it wait for one of the server's.
const BEGIN_MILLIS: u64 = 10_000;
/// Connections tried for one transaction: those that waited in the pool may be lost.
const MAX_BEGINS: u32 = 3;

/// Of every transaction. A lock is waited for as long as other transactions may take; a transaction that its server process
/// does nothing for is of a machine that has gone.
const LIMITS: &str = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '120s'; \
                      SET LOCAL idle_in_transaction_session_timeout = '60s'";
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// Each statement sees what was committed before it: after the lock of the site's row, all of the site.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// The purpose of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

impl Purpose {
    /// The statements that begin the transaction.
    pub(super) fn begin(self) -> String {
        format!("{}; {LIMITS}", if self == Self::Read { READ } else { WRITE })
    }
}

/// The connections of a store.
#[derive(Clone)]
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    /// The database, for messages.
    pub(super) name: String,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool, which connects at its first use.
    pub(super) fn new(target: Target) -> Result<Self, StoreFault> {
        let tls = MakeRustlsConnect::new(target.tls.as_ref().clone());
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = deadpool_postgres::Pool::builder(Manager::from_config(target.config, tls, recycling))
            .max_size(READER_CONNECTIONS + WRITER_CONNECTIONS + ANNOUNCER_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_millis(WAIT_MILLIS)))
            .create_timeout(Some(Duration::from_millis(WAIT_MILLIS)))
            .build();
        Ok(Self {
            pool: pool.map_err(|error| StoreFault::Failed(error.to_string()))?,
            readers: Arc::new(Semaphore::new(READER_CONNECTIONS)),
            writers: Arc::new(Semaphore::new(WRITER_CONNECTIONS)),
            name: target.name,
        })
    }

    /// A connection outside of a transaction, whose failures are told as they are.
    pub(super) async fn connect(&self) -> Result<Object, PoolError> {
        self.pool.get().await
    }

    /// A connection in a new transaction.
    pub(super) async fn begin(&self, purpose: Purpose) -> Result<Transaction, StoreFault> {
        let permit = self.permit(purpose).await?;
        let mut lost = StoreFault::Busy;
        for _ in 0..MAX_BEGINS {
            match self.try_begin(purpose).await? {
                Ok(mut begun) => {
                    begun._permit = permit;
                    return Ok(begun);
                }
                Err(fault) => lost = fault,
            }
        }
        Err(lost)
    }

    async fn permit(&self, purpose: Purpose) -> Result<Option<OwnedSemaphorePermit>, StoreFault> {
        let permit = match purpose {
            Purpose::Read => {
                let free = Arc::clone(&self.readers).acquire_owned();
                timeout(Duration::from_millis(WAIT_MILLIS), free).await.map_err(|_| StoreFault::Busy)?
            }
            Purpose::Write => Arc::clone(&self.writers).acquire_owned().await,
        };
        permit.map(Some).map_err(|error| StoreFault::Failed(error.to_string()))
    }

    /// The inner fault is that of a connection that was lost, which another one may not be.
    async fn try_begin(&self, purpose: Purpose) -> Result<Result<Transaction, StoreFault>, StoreFault> {
        let object = self.pool.get().await.map_err(|error| unavailable(&error))?;
        let transaction = Transaction { object: Some(object), has_ended: false, _permit: None };
        let begin = purpose.begin();
        let begun = timeout(Duration::from_millis(BEGIN_MILLIS), transaction.client()?.batch_execute(&begin));
        match begun.await {
            Ok(Ok(())) => Ok(Ok(transaction)),
            Ok(Err(error)) if aftermath(&error) == Aftermath::Lost => Ok(Err(fault(&error))),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(StoreFault::Busy),
        }
    }

    /// Runs `work` on one snapshot of the database.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let transaction = self.begin(Purpose::Read).await?;
        let runtime = Handle::current();
        let read = spawn_blocking(move || {
            let session = transaction.session(runtime)?;
            let read = work(&session);
            // Nothing was changed: it is as good as a commit.
            let has_ended = session.roll_back().is_ok();
            transaction.close(has_ended);
            read
        });
        read.await.map_err(|error| StoreFault::Failed(error.to_string()))?
    }
}

/// A connection in a transaction.
pub(super) struct Transaction {
    object: Option<Object>,
    has_ended: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Transaction {
    fn client(&self) -> Result<&Client, StoreFault> {
        let object = self.object.as_ref();
        object
            .map(|object| &***object)
            .ok_or_else(|| StoreFault::Failed("the connection is in use".to_owned()))
    }

    /// The session of the transaction, for a thread that may block.
    pub(super) fn session(&self, runtime: Handle) -> Result<PostgresSession<'_>, StoreFault> {
        Ok(PostgresSession::new(self.client()?, runtime))
    }

    /// Gives the connection back, if the transaction has ended.
    pub(super) fn close(mut self, has_ended: bool) {
        self.has_ended = has_ended;
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(object) = self.object.take().filter(|_| !self.has_ended) {
            drop(Object::take(object));
        }
    }
}

/// The fault of a pool without a connection.
fn unavailable(error: &PoolError) -> StoreFault {
    match error {
        PoolError::Backend(error) => fault(error),
        PoolError::Timeout(_) => StoreFault::Busy,
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreFault::Failed(error.to_string())
        }
    }
}
