//! TLS from a certificate and a key in files. New files are used for new connections; open ones stay as they are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::counted::Counted;
use super::expiry::{Reminder, ends_at};
use crate::clock::Clock;
use crate::metrics::UpkeepMeter;

/// Interval of looks at the files.
const LOOK_MILLIS: u64 = 2_000;
/// Time in which a client has to finish its handshake.
const HANDSHAKE_MILLIS: u64 = 10_000;
/// The protocols that are offered, the preferred one first.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// Where certificate and key are, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The content of both files.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl TlsFiles {
    /// Checks that both files can be used together.
    ///
    /// # Errors
    /// If they cannot, with what is wrong with which file.
    pub fn check(&self) -> Result<()> {
        self.read().and_then(|content| self.parse(&content)).map(|_| ())
    }

    fn read(&self) -> Result<Content> {
        let read = |file: &Path| {
            fs::read(file).with_context(|| format!("The TLS file {} cannot be read", file.display()))
        };
        Ok(Content { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }

    fn parse(&self, content: &Content) -> Result<CertifiedKey> {
        let Self { certificate, key } = self;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content.certificate).collect();
        let chain =
            chain.with_context(|| format!("The TLS certificate {} is no PEM file", certificate.display()))?;
        if chain.is_empty() {
            bail!("The TLS certificate {} has no certificate in it.", certificate.display());
        }
        let private = PrivateKeyDer::from_pem_slice(&content.key)
            .with_context(|| format!("The TLS key {} has no private key as PEM", key.display()))?;
        CertifiedKey::from_der(chain, private, &ring::default_provider()).with_context(|| {
            format!("The TLS key {} cannot be used with {}", key.display(), certificate.display())
        })
    }
}

/// The configuration of new connections.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The contents of the files at the last looks.
#[derive(Debug)]
struct Looks {
    /// Those that are served, or were found to be unusable.
    judged: Content,
    last: Content,
}

/// TLS of a listener.
pub(crate) struct Tls {
    files: TlsFiles,
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    looks: Mutex<Looks>,
    reminder: Reminder,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// As [`TlsFiles::check`].
    pub(crate) fn open(files: TlsFiles) -> Result<Self> {
        let content = files.read()?;
        let current = Arc::new(Current(RwLock::new(Arc::new(files.parse(&content)?))));
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::<Current>::clone(&current));
        config.alpn_protocols = PROTOCOLS.map(|name| name.as_bytes().to_vec()).to_vec();
        let looks = Mutex::new(Looks { judged: content.clone(), last: content });
        let (acceptor, reminder) = (TlsAcceptor::from(Arc::new(config)), Reminder::default());
        Ok(Self { files, acceptor, current, looks, reminder })
    }

    /// The handshake of a connection.
    pub(crate) async fn accept(&self, stream: Counted) -> io::Result<TlsStream<Counted>> {
        let handshake = timeout(Duration::from_millis(HANDSHAKE_MILLIS), self.acceptor.accept(stream));
        handshake.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// Takes in new files for ever.
    pub(crate) async fn follow(&self, meter: &UpkeepMeter, clock: &Clock) {
        let mut ticks = interval(Duration::from_millis(LOOK_MILLIS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(false, meter, clock);
        }
    }

    /// Looks at the files once. Content that has changed is taken at the second look, because the files may be written one
    /// after the other, or at once if somebody asks for it.
    pub(crate) fn look(&self, is_asked: bool, meter: &UpkeepMeter, clock: &Clock) {
        self.take_in(is_asked, meter);
        let served = Arc::clone(&self.current.0.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(ends_at) = ends_at(&served.cert) {
            meter.certificate_ends_at.set(ends_at);
            self.reminder.remind(&self.files.certificate, ends_at, clock.now());
        }
    }

    fn take_in(&self, is_asked: bool, meter: &UpkeepMeter) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let content = match self.files.read() {
            Ok(content) => content,
            // A file that is being replaced may be missing for a moment.
            Err(error) if is_asked => return self.kept(&error, meter),
            Err(_) => return,
        };
        let is_steady = looks.last == content;
        looks.last = content.clone();
        if !is_asked && (looks.judged == content || !is_steady) {
            return;
        }
        looks.judged = content.clone();
        match self.files.parse(&content) {
            Ok(key) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!(certificate = %self.files.certificate.display(), "new connections use the new TLS files");
            }
            Err(error) => self.kept(&error, meter),
        }
    }

    fn kept(&self, error: &anyhow::Error, meter: &UpkeepMeter) {
        meter.failed_reloads.inc();
        tracing::error!("{error:#}. The TLS files of before are still in use; put usable ones there.");
    }
}
