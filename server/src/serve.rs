//! `serve`: one process owns the database file, answers requests until it is stopped, and purges tombstones
//! every hour.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::clock::Clock;
use crate::connections::{self, ConnectionLimits};
use crate::http::{AppState, DeviceLimits, Revisions, router};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// Interval of purges.
const PURGE_INTERVAL_MILLIS: u64 = 60 * 60 * 1_000;
/// Interval of polls for revisions that another process wrote, such as an import.
const REVISION_POLL_MILLIS: u64 = 1_000;
/// Timeout of open requests after the stop signal.
const SHUTDOWN_GRACE_MILLIS: u64 = 10_000;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// The options of `serve`.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The SQLite file; it is created if needed.
    pub database: PathBuf,
    /// The built app; none to serve the API alone.
    pub dist: Option<PathBuf>,
    /// Retention of tombstones, in days.
    pub retention_days: u32,
    /// The clock, which tests can put ahead.
    pub clock: Clock,
    /// What one device may ask for.
    pub device_limits: DeviceLimits,
    /// Connections, of devices and of strangers.
    pub connection_limits: ConnectionLimits,
}

/// A listening server, which owns the database.
#[derive(Debug)]
pub struct Server {
    options: ServeOptions,
    listener: TcpListener,
    store: Arc<SqliteStore>,
    /// Held until the process ends.
    _lock: File,
}

impl Server {
    /// Locks and opens the database, and binds the address.
    ///
    /// # Errors
    /// When another process serves the database, or the file, the folder or the address cannot be used.
    pub async fn bind(options: ServeOptions, listen: SocketAddr) -> Result<Self> {
        if let Some(dist) = &options.dist
            && !dist.join("index.html").is_file()
        {
            bail!("{} holds no index.html. Build the app first, or leave --dist out.", dist.display());
        }
        let lock = lock(&options.database)?;
        let store = Arc::new(SqliteStore::open(&options.database)?);
        Store::ensure_site(store.as_ref(), crate::DEFAULT_SITE).await?;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("{listen} cannot be listened on; choose another --listen"))?;
        Ok(Self { options, listener, store, _lock: lock })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not return it.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Answers until `stop` ends, then lets open requests finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let Self { options, listener, store, _lock } = self;
        let store: Arc<dyn Store> = store;
        let revisions = Arc::new(Revisions::default());
        let (down, is_down) = watch::channel(false);
        let state =
            AppState::new(Arc::clone(&store), options.clock.clone(), Arc::clone(&revisions), is_down.clone());
        let state = state.with_device_limits(options.device_limits);
        let router = router(state, options.dist.as_deref());
        let poll = tokio::spawn(poll_revisions(Arc::clone(&store), revisions));
        let sweep = tokio::spawn(sweep_hourly(store, options.clone()));
        tokio::spawn(async move {
            stop.await;
            // Fails only after the server has ended.
            let _ = down.send(true);
        });
        let wait_until_down = |mut is_down: watch::Receiver<bool>| async move {
            let _ = is_down.wait_for(|down| *down).await;
        };
        let serving = connections::serve(listener, router, options.connection_limits, is_down.clone());
        let deadline = async {
            wait_until_down(is_down).await;
            tokio::time::sleep(Duration::from_millis(SHUTDOWN_GRACE_MILLIS)).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => {}
        }
        poll.abort();
        sweep.abort();
        Ok(())
    }
}

/// A lock file beside the database. Two servers on one file would not notify each other's devices of changes.
fn lock(database: &Path) -> Result<File> {
    let path = database.with_added_extension("lock");
    let cannot = || format!("{} cannot be written. Check the path and who may write there.", path.display());
    let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "Another lotbook-server serves {} already. Stop it first, or choose another --database.",
            database.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
    }
}

async fn poll_revisions(store: Arc<dyn Store>, revisions: Arc<Revisions>) {
    let mut ticks = interval(Duration::from_millis(REVISION_POLL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(Duration::from_millis(SHUTDOWN_GRACE_MILLIS), store.sites()).await {
            Ok(Ok(sites)) => sites.iter().for_each(|site| revisions.announce(&site.site, site.rev)),
            Ok(Err(fault)) => tracing::warn!(%fault, "the revisions could not be read"),
            Err(_) => tracing::warn!("reading the revisions took too long"),
        }
    }
}

/// Deletes unknown codes and conflicts that are too old, then tombstones that are.
async fn sweep_hourly(store: Arc<dyn Store>, options: ServeOptions) {
    let mut ticks = interval(Duration::from_millis(PURGE_INTERVAL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match store.expire(options.clock.now()).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "deleted old unknown codes and conflicts"),
            Err(fault) => tracing::warn!(%fault, "old unknown codes and conflicts could not be deleted"),
        }
        let before = options.clock.now().0.saturating_sub(i64::from(options.retention_days) * MILLIS_A_DAY);
        match store.purge(sync::UnixMillis(before)).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "forgot old tombstones"),
            Err(fault) => tracing::warn!(%fault, "old tombstones could not be purged"),
        }
    }
}
