//! The state shared by all handlers.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::watch;

use super::limits::{DeviceLimits, Devices};
use super::office::Entrance;
use super::origin::TrustedProxies;
use super::rate_limit::{Attempts, CODES};
use super::readiness::Readiness;
use super::revisions::Revisions;
use super::streams::Streams;
use crate::backups::BackupState;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::{Store, WriteMeter};
use crate::supabase::{SupabaseOptions, Tokens};

/// The store, the clock and the watchers of all handlers.
#[derive(Clone)]
pub struct AppState {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) revisions: Arc<Revisions>,
    pub(super) shutdown: watch::Receiver<bool>,
    pub(super) enrol_limiter: Arc<Attempts<IpAddr>>,
    pub(super) entrance: Arc<Entrance>,
    /// None without limits.
    pub(super) devices: Option<Arc<Devices>>,
    pub(super) streams: Arc<Streams>,
    pub(super) readiness: Arc<Readiness>,
    pub(super) proxies: TrustedProxies,
    /// None if no tokens of Supabase are accepted.
    pub(super) tokens: Option<Arc<Tokens>>,
    pub(super) metrics: Arc<Metrics>,
    /// None without scheduled backups.
    pub(super) backups: Option<BackupState>,
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppState").finish_non_exhaustive()
    }
}

impl AppState {
    /// State over a store. `shutdown` becomes true when open streams have to end.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        revisions: Arc<Revisions>,
        shutdown: watch::Receiver<bool>,
    ) -> Self {
        Self {
            store,
            clock,
            revisions,
            shutdown,
            enrol_limiter: Arc::new(Attempts::new(CODES)),
            entrance: Arc::default(),
            devices: None,
            streams: Arc::default(),
            readiness: Arc::default(),
            proxies: TrustedProxies::default(),
            tokens: None,
            metrics: Metrics::new(&WriteMeter::default()),
            backups: None,
        }
    }

    /// Limits each device. Without limits a simulation stays the same at any speed.
    #[must_use]
    pub fn with_device_limits(self, limits: DeviceLimits) -> Self {
        Self { devices: Some(Arc::new(Devices::new(limits))), ..self }
    }

    /// The same state with proxies that are trusted.
    #[must_use]
    pub fn behind(self, proxies: TrustedProxies) -> Self {
        Self { proxies, ..self }
    }

    /// The same state with tokens of a project of Supabase.
    ///
    /// # Errors
    /// If its address or its secret cannot be used.
    pub fn with_tokens_of(self, project: SupabaseOptions) -> anyhow::Result<Self> {
        Ok(Self { tokens: Some(Arc::new(Tokens::new(project)?)), ..self })
    }

    /// The same state with figures that are shown.
    #[must_use]
    pub fn measured(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The same state with scheduled backups.
    #[must_use]
    pub fn backed_up(self, backups: Option<BackupState>) -> Self {
        Self { backups, ..self }
    }

    /// The open event streams.
    pub fn streams(&self) -> Arc<Streams> {
        Arc::clone(&self.streams)
    }

    /// Makes the server not ready, before it stops.
    pub fn drain(&self) {
        self.readiness.drain();
    }
}
