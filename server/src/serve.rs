//! `serve`: one process owns the database file, or shares a PostgreSQL database with others, answers requests until it is
//! stopped, delivers webhooks, and purges tombstones every hour.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::backups::{BackupPlan, BackupState, Backups};
use crate::clock::Clock;
use crate::connections::{self, ConnectionLimits, Listening, Tls, TlsFiles};
use crate::database::Database;
use crate::database_lock::{DatabaseLock, real_path};
use crate::http::{AppState, DeviceLimits, Revisions, Streams, TrustedProxies, router};
use crate::metrics::{Metrics, UpkeepMeter, page};
use crate::random;
use crate::store::Store;
use crate::store::postgres::{Listener, PostgresStore};
use crate::store::sqlite::{SqliteStore, check_servable, copy_before_upgrade};
use crate::supabase::SupabaseOptions;
use crate::webhooks::{self, Deliverer, HttpReceiver};

/// Interval of purges.
const PURGE_INTERVAL_MILLIS: u64 = 60 * 60 * 1_000;
/// Interval of polls for revisions that another process wrote, such as an import, or another server.
pub const REVISION_POLL_MILLIS: u64 = 1_000;
/// Interval of looks for imports whose process has died: one without progress between two of them is ended.
const IMPORT_POLL_MILLIS: u64 = 5_000;
/// Interval of looks for goods on their way between sites.
const TRANSFER_POLL_MILLIS: u64 = 2_000;
/// Interval of looks for revoked devices with open event streams.
const REVOCATION_POLL_MILLIS: u64 = 2_000;
/// Timeout of open requests after the stop signal.
const SHUTDOWN_GRACE_MILLIS: u64 = 10_000;
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// The options of `serve`.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The database; its tables are created if needed.
    pub database: Database,
    /// The URL of a direct connection to PostgreSQL, for notifications of other servers; none if `database` is direct, or for
    /// polls alone.
    pub database_listen: Option<String>,
    /// Interval of polls for revisions that other processes wrote: [`REVISION_POLL_MILLIS`], but in tests of notifications.
    pub revision_poll: Duration,
    /// The built app; none to serve the API alone.
    pub dist: Option<PathBuf>,
    /// Retention of tombstones, in days.
    pub retention_days: u32,
    /// Whether a database of an earlier version is copied before it is migrated.
    pub has_upgrade_copy: bool,
    /// The proxies whose word about a client's address and scheme is believed.
    pub proxies: TrustedProxies,
    /// Time between the stop signal and the end of listening, in which `/readyz` says that the server is about to stop.
    pub drain: Duration,
    /// The project of Supabase whose tokens are accepted, if any.
    pub supabase: Option<SupabaseOptions>,
    /// The clock, which tests can put ahead.
    pub clock: Clock,
    /// What one device may ask for.
    pub device_limits: DeviceLimits,
    /// Connections, of devices and of strangers.
    pub connection_limits: ConnectionLimits,
    /// Writes of devices that wait for the database; whoever comes beyond them is told when to come again.
    pub max_waiting_writes: usize,
    /// A PEM file with the authorities whose certificates receivers of webhooks may have, beside those of the system.
    pub webhook_ca: Option<PathBuf>,
    /// The files of TLS; none for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The address of the figures for Prometheus; none to show them to nobody.
    pub metrics_listen: Option<SocketAddr>,
    /// Scheduled backups, of a SQLite file alone.
    pub backups: Option<BackupPlan>,
}

impl ServeOptions {
    /// Checks what can be checked without the database and the addresses.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self) -> Result<()> {
        if let Some(dist) = &self.dist
            && !dist.join("index.html").is_file()
        {
            bail!("{} holds no index.html. Build the app first, or leave --dist out.", dist.display());
        }
        if self.database_listen.is_some() && matches!(self.database, Database::File(_)) {
            bail!("--database-listen is for PostgreSQL, and --database is a file. Leave it out.");
        }
        if let Some(tls) = &self.tls {
            tls.check()?;
        }
        if let Some(file) = &self.webhook_ca {
            webhooks::authorities(file)?;
        }
        if let Some(plan) = &self.backups {
            self.database.file().context("--backup-dir cannot be used")?;
            plan.check()?;
        }
        Ok(())
    }
}

/// A listening server, which owns the database or shares it.
pub struct Server {
    options: ServeOptions,
    socket: TcpListener,
    metrics_socket: Option<TcpListener>,
    tls: Option<Arc<Tls>>,
    store: Arc<dyn Store>,
    /// Of PostgreSQL.
    listener: Option<Listener>,
    /// Of a file; held until the process ends.
    _lock: Option<DatabaseLock>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Server {
    /// Locks and opens the database, and binds the addresses.
    ///
    /// # Errors
    /// When another process serves the database, or the files, the folders or the addresses cannot be used.
    pub async fn bind(options: ServeOptions, listen: SocketAddr) -> Result<Self> {
        options.check()?;
        let tls = options.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
        let direct = options.database_listen.as_deref();
        let (store, listener, lock) = match &options.database {
            Database::File(file) => {
                let (store, lock) = open_file(file, &options).await?;
                (store, None, Some(lock))
            }
            Database::Postgres(url) => {
                // Servers that share it migrate it one after the other.
                let store = PostgresStore::open(url).await?;
                store.limit_waiting(options.max_waiting_writes);
                let listener = store.listener(direct)?;
                (Arc::new(store) as Arc<dyn Store>, Some(listener), None)
            }
        };
        store.ensure_site(crate::DEFAULT_SITE).await?;
        let socket = bind(listen, "--listen").await?;
        let metrics_socket = match options.metrics_listen {
            Some(listen) => Some(bind(listen, "--metrics-listen").await?),
            None => None,
        };
        Ok(Self { options, socket, metrics_socket, tls, store, listener, _lock: lock })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not return it.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// The address of the figures, if they are shown.
    ///
    /// # Errors
    /// When the system does not return it.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.metrics_socket.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Answers until `stop` ends, then lets open requests finish.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let Self { options, socket, metrics_socket, tls, store, listener, _lock } = self;
        let revisions = Arc::new(Revisions::default());
        let metrics = Metrics::new(&store.write_meter());
        let (down, is_down) = watch::channel(false);
        // They end when this is dropped.
        let mut tasks = JoinSet::new();
        let backups = schedule_backups(&options, &store, &metrics, &mut tasks)?;
        let state =
            AppState::new(Arc::clone(&store), options.clock.clone(), Arc::clone(&revisions), is_down.clone())
                .behind(options.proxies.clone())
                .with_device_limits(options.device_limits)
                .measured(Arc::clone(&metrics))
                .backed_up(backups);
        let state = match options.supabase.clone() {
            Some(project) => state.with_tokens_of(project)?,
            None => state,
        };
        if let Some(socket) = metrics_socket {
            let source = page::Source {
                metrics: Arc::clone(&metrics),
                revisions: Arc::clone(&revisions),
                streams: state.streams(),
                clock: options.clock.clone(),
            };
            let listening = Listening::plain(socket);
            tasks.spawn(connections::serve(listening, page::router(source), page::LIMITS, is_down.clone()));
        }
        tasks.spawn(poll_revocations(Arc::clone(&store), state.streams()));
        if let Some(listener) = listener {
            let revisions = Arc::clone(&revisions);
            tasks.spawn(listener.run(move |site, rev| revisions.raise(site, rev)));
        }
        tasks.spawn(poll_revisions(Arc::clone(&store), revisions, options.revision_poll));
        tasks.spawn(resume_imports(Arc::clone(&store)));
        tasks.spawn(forward_transfers(Arc::clone(&store), options.clock.clone()));
        tasks.spawn(follow_tls(tls.clone(), metrics.upkeep.clone(), options.clock.clone()));
        let deliverer = deliverer(Arc::clone(&store), &options)?;
        let delivering = tokio::spawn(webhooks::run(deliverer, is_down.clone()));
        let (draining, drain) = (state.clone(), options.drain);
        let router = router(state, options.dist.as_deref());
        tokio::spawn(async move {
            stop.await;
            draining.drain();
            tokio::time::sleep(drain).await;
            // Fails only after the server has ended.
            let _ = down.send(true);
        });
        let listening = Listening { listener: socket, tls, meter: metrics.wire.clone() };
        let serving = connections::serve(listening, router, options.connection_limits, is_down.clone());
        tasks.spawn(sweep_hourly(store, options));
        tokio::select! {
            () = serving => {}
            () = grace_after(is_down) => {}
        }
        // It ends by itself, after the requests under way.
        delivering.await.context("the delivery of webhooks ended")
    }
}

fn deliverer(store: Arc<dyn Store>, options: &ServeOptions) -> Result<Arc<Deliverer>> {
    let authorities = options.webhook_ca.as_deref().map(webhooks::authorities).transpose()?;
    let receiver = HttpReceiver::trusting(authorities.unwrap_or_default());
    Ok(Arc::new(Deliverer::new(store, Box::new(receiver), options.clock.clone(), random::number)?))
}

async fn bind(listen: SocketAddr, option: &str) -> Result<TcpListener> {
    let bound = TcpListener::bind(listen).await;
    bound.with_context(|| format!("{listen} cannot be listened on; choose another {option}"))
}

/// Ends some time after the stop.
async fn grace_after(mut is_down: watch::Receiver<bool>) {
    let _ = is_down.wait_for(|down| *down).await;
    tokio::time::sleep(Duration::from_millis(SHUTDOWN_GRACE_MILLIS)).await;
}

/// Begins the scheduled backups, if there are to be any.
fn schedule_backups(
    options: &ServeOptions,
    store: &Arc<dyn Store>,
    metrics: &Metrics,
    tasks: &mut JoinSet<()>,
) -> Result<Option<BackupState>> {
    let Some(plan) = options.backups.clone() else { return Ok(None) };
    let (state, database) = (BackupState::default(), real_path(options.database.file()?)?);
    let backups = Backups {
        plan,
        database,
        store: Arc::clone(store),
        clock: options.clock.clone(),
        state: state.clone(),
        meter: metrics.upkeep.clone(),
    };
    tasks.spawn(backups.run());
    Ok(Some(state))
}

/// Takes in new TLS files: those that have changed, and at once at each SIGHUP.
async fn follow_tls(tls: Option<Arc<Tls>>, meter: UpkeepMeter, clock: Clock) {
    let follow = async {
        match &tls {
            Some(tls) => tls.follow(&meter, &clock).await,
            None => std::future::pending().await,
        }
    };
    #[cfg(unix)]
    let asked = async {
        use tokio::signal::unix::{SignalKind, signal};
        // Without TLS, a SIGHUP changes nothing and ends nothing.
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return std::future::pending().await };
        while hangups.recv().await.is_some() {
            if let Some(tls) = &tls {
                tls.look(true, &meter, &clock);
            }
        }
    };
    #[cfg(not(unix))]
    let asked = std::future::pending::<()>();
    tokio::join!(follow, asked);
}

/// Locks and opens a file, and copies it first if it will be migrated.
async fn open_file(file: &Path, options: &ServeOptions) -> Result<(Arc<dyn Store>, DatabaseLock)> {
    let lock = DatabaseLock::take(file)?;
    check_servable(lock.database())?;
    if options.has_upgrade_copy
        && let Some(copy) = copy_before_upgrade(lock.database())?
    {
        tracing::info!(copy = %copy.display(), "copied the database before its upgrade");
    }
    let store = Arc::new(SqliteStore::open(file)?);
    store.limit_waiting(options.max_waiting_writes);
    store.begin_security_log().await?;
    Ok((store, lock))
}

async fn poll_revisions(store: Arc<dyn Store>, revisions: Arc<Revisions>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match timeout(Duration::from_millis(SHUTDOWN_GRACE_MILLIS), store.sites()).await {
            Ok(Ok(sites)) => sites
                .iter()
                .filter(|site| !site.is_importing)
                .for_each(|site| revisions.announce(&site.site, site.rev)),
            Ok(Err(fault)) => tracing::warn!(%fault, "the revisions could not be read"),
            Err(_) => tracing::warn!("reading the revisions took too long"),
        }
    }
}

async fn forward_transfers(store: Arc<dyn Store>, clock: Clock) {
    let mut ticks = interval(Duration::from_millis(TRANSFER_POLL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match store.forward_transfers(clock.now()).await {
            Ok(0) => {}
            Ok(steps) => tracing::info!(steps, "transfers between sites went on"),
            Err(fault) => tracing::warn!(%fault, "transfers between sites could not go on"),
        }
    }
}

async fn resume_imports(store: Arc<dyn Store>) {
    let mut ticks = interval(Duration::from_millis(IMPORT_POLL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match store.resume_imports().await {
            Ok(0) => {}
            Ok(ended) => tracing::warn!(ended, "ended imports whose process had died"),
            Err(fault) => tracing::warn!(%fault, "an import whose process has died could not be ended"),
        }
    }
}

/// Ends the event streams of devices that were revoked, by another process too.
async fn poll_revocations(store: Arc<dyn Store>, streams: Arc<Streams>) {
    let mut ticks = interval(Duration::from_millis(REVOCATION_POLL_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let open = streams.devices();
        if open.is_empty() {
            continue;
        }
        match store.revoked().await {
            Ok(revoked) => open
                .into_iter()
                .filter(|device| revoked.contains(device))
                .for_each(|device| streams.end(device)),
            Err(fault) => tracing::warn!(%fault, "the revoked devices could not be read"),
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
        match store.forget_receipts(options.clock.now()).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "forgot old receipts"),
            Err(fault) => tracing::warn!(%fault, "old receipts could not be deleted"),
        }
        match store.pack_ledger(options.clock.now()).await {
            Ok(0) => {}
            Ok(packed) => tracing::info!(packed, "packed old months of the ledger"),
            Err(fault) => tracing::warn!(%fault, "old months of the ledger could not be packed"),
        }
        let before = options.clock.now().0.saturating_sub(i64::from(options.retention_days) * MILLIS_A_DAY);
        match store.purge(sync::UnixMillis(before)).await {
            Ok(0) => {}
            Ok(purged) => tracing::info!(purged, "forgot old tombstones"),
            Err(fault) => tracing::warn!(%fault, "old tombstones could not be purged"),
        }
    }
}
