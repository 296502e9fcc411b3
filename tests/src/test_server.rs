//! A server in this process, on a free local port, with a temporary database on the engine that the environment names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use server::DEFAULT_SITE;
use server::api_keys::{KeyScope, new_key};
use server::clock::Clock;
use server::connections::ConnectionLimits;
use server::enrolment::{self, Applicant};
use server::http::{DeviceLimits, TrustedProxies};
use server::serve::{REVISION_POLL_MILLIS, ServeOptions, Server};
use server::store::{MAX_WAITING_WRITES, Store};
use server::supabase::SupabaseOptions;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Books, NativeTransport, TestDevice};

const RETENTION_DAYS: u32 = 90;
/// Any free port of this machine.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running server. Its database is deleted on drop.
#[derive(Debug)]
pub struct TestServer {
    dir: TempDir,
    books: Books,
    dist: Option<PathBuf>,
    clock: Clock,
    device_limits: DeviceLimits,
    connection_limits: ConnectionLimits,
    proxies: TrustedProxies,
    database_listen: Option<String>,
    revision_poll: Duration,
    supabase: Option<SupabaseOptions>,
    max_waiting_writes: usize,
    webhook_ca: Option<PathBuf>,
    running: Option<Running>,
}

struct Running {
    address: SocketAddr,
    metrics: SocketAddr,
    store: Arc<dyn Store>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<()>>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl TestServer {
    /// Starts a server without rows that serves the API.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start() -> Result<Self> {
        Self::start_with(None).await
    }

    /// Starts a server that serves the files of `dist`, if given, beside the API.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_with(dist: Option<PathBuf>) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let mut server = Self::stopped(dist, devices, connections)?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server that believes these proxies.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_behind(dist: Option<PathBuf>, proxies: TrustedProxies) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let mut server = Self { proxies, ..Self::stopped(dist, devices, connections)? };
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server that serves the API within these limits.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_within(devices: DeviceLimits, connections: ConnectionLimits) -> Result<Self> {
        let mut server = Self::stopped(None, devices, connections)?;
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server that lets so many writes of devices wait.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_with_waiting(max_waiting_writes: usize) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let mut server = Self { max_waiting_writes, ..Self::stopped(None, devices, connections)? };
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server that trusts receivers of webhooks with a certificate of these authorities, a PEM file.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_trusting(webhook_ca: PathBuf) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let alone = Self::stopped(None, devices, connections)?;
        let mut server = Self { webhook_ca: Some(webhook_ca), ..alone };
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server that accepts the tokens of a project of Supabase.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_for(project: SupabaseOptions) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let mut server = Self { supabase: Some(project), ..Self::stopped(None, devices, connections)? };
        server.restart().await?;
        Ok(server)
    }

    /// Starts a server on a database that others may be on, with an interval of polls for their revisions, and the URL of a
    /// direct connection to listen on.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn start_beside(
        books: Books,
        revision_poll: Duration,
        database_listen: Option<String>,
    ) -> Result<Self> {
        let (devices, connections) = (DeviceLimits::default(), ConnectionLimits::default());
        let alone = Self::stopped(None, devices, connections)?;
        let mut server = Self { books, revision_poll, database_listen, ..alone };
        server.restart().await?;
        Ok(server)
    }

    fn stopped(
        dist: Option<PathBuf>,
        device_limits: DeviceLimits,
        connection_limits: ConnectionLimits,
    ) -> Result<Self> {
        let (dir, clock) = (TempDir::new()?, Clock::default());
        let books = Books::new(dir.path())?;
        let proxies = TrustedProxies::default();
        Ok(Self {
            dir,
            books,
            dist,
            clock,
            device_limits,
            connection_limits,
            proxies,
            database_listen: None,
            supabase: None,
            max_waiting_writes: MAX_WAITING_WRITES,
            webhook_ca: None,
            revision_poll: Duration::from_millis(REVISION_POLL_MILLIS),
            running: None,
        })
    }

    /// Stops the server if it runs, and starts it again on its database, on another port.
    ///
    /// # Errors
    /// If it cannot stop or start.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        let options = ServeOptions {
            database: self.books.database(),
            database_listen: self.database_listen.clone(),
            revision_poll: self.revision_poll,
            dist: self.dist.clone(),
            retention_days: RETENTION_DAYS,
            has_upgrade_copy: true,
            proxies: self.proxies.clone(),
            supabase: self.supabase.clone(),
            drain: Duration::ZERO,
            clock: self.clock.clone(),
            device_limits: self.device_limits,
            connection_limits: self.connection_limits,
            max_waiting_writes: self.max_waiting_writes,
            webhook_ca: self.webhook_ca.clone(),
            tls: None,
            metrics_listen: Some(ANY_PORT),
            backups: None,
        };
        let server = Server::bind(options, ANY_PORT).await?;
        let (address, store) = (server.address()?, server.store());
        let metrics = server.metrics_address()?.context("the metrics have no address")?;
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run(async move {
            // An error means that the sender was dropped with the test, which stops the server as well.
            let _ = stopped.await;
        }));
        self.running = Some(Running { address, metrics, store, stop, ended });
        Ok(())
    }

    /// Stops the server and keeps its database.
    ///
    /// # Errors
    /// If the server ended with an error.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(Running { store, stop, ended, .. }) = self.running.take() else { return Ok(()) };
        drop(store);
        // Fails if the server has ended already; ignore.
        let _ = stop.send(());
        ended.await?
    }

    fn running(&self) -> Result<&Running> {
        self.running.as_ref().context("the test server is stopped")
    }

    /// The base URL, such as `http://127.0.0.1:40123`.
    ///
    /// # Errors
    /// If the server is stopped.
    pub fn url(&self) -> Result<String> {
        Ok(format!("http://{}", self.running()?.address))
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// If the server is stopped.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.running()?.address)
    }

    /// The URL of its metrics.
    ///
    /// # Errors
    /// If the server is stopped.
    pub fn metrics_url(&self) -> Result<String> {
        Ok(format!("http://{}/metrics", self.running()?.metrics))
    }

    /// The server's store, for set-up without HTTP.
    ///
    /// # Errors
    /// If the server is stopped.
    pub fn store(&self) -> Result<&dyn Store> {
        Ok(self.running()?.store.as_ref())
    }

    /// The server's clock, which tests can advance.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its database.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The path of the database file, for tests of what happens to that. None on other engines: such a test ends at once.
    pub fn file(&self) -> Option<PathBuf> {
        self.books.file().map(Path::to_owned)
    }

    /// Another store on its database, as of another process.
    ///
    /// # Errors
    /// If the database cannot be opened.
    pub async fn another_store(&self) -> Result<Arc<dyn Store>> {
        self.books.database().open_current().await
    }

    /// A path in the server's temporary folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Enrols a device. Returns its token.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enrol(&self) -> Result<String> {
        self.enrol_at(DEFAULT_SITE).await
    }

    /// Enrols a device at a site, which is created if need be. Returns its token.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enrol_at(&self, site: &str) -> Result<String> {
        self.enrol_named(site, "").await
    }

    /// As [`Self::enrol_at`], under a name.
    async fn enrol_named(&self, site: &str, name: &str) -> Result<String> {
        let (store, now) = (self.store()?, self.clock.now());
        store.ensure_site(site).await?;
        let code = enrolment::new_code(store, site, name, now).await?;
        let enrolled = enrolment::enrol(store, &code, Applicant::default(), now).await?;
        let (_, token) = enrolled.ok().context("a fresh code was refused")?;
        Ok(token)
    }

    /// Makes a key of a site with these scopes. Returns its secret.
    ///
    /// # Errors
    /// If the store fails, or the site has a key of this name.
    pub async fn key(&self, site: &str, name: &str, scopes: &[KeyScope]) -> Result<String> {
        let (store, now) = (self.store()?, self.clock.now());
        store.ensure_site(site).await?;
        Ok(new_key(store, site, name, scopes, now).await?.1)
    }

    /// Enrols a new device with an empty store.
    ///
    /// # Errors
    /// If it cannot be enrolled.
    pub async fn device(&self, name: &str, scope: &str) -> Result<TestDevice> {
        Ok(TestDevice::new(name, scope, self.enrol_named(DEFAULT_SITE, name).await?))
    }

    /// Creates a transport for the device with this token.
    ///
    /// # Errors
    /// If the server is stopped.
    pub fn transport(&self, token: &str) -> Result<NativeTransport> {
        NativeTransport::new(&self.url()?, token)
    }
}
