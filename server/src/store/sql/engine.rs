//! The port to an engine: how its transactions are run. Everything above it is the same for all engines.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::super::StoreFault;
use super::session::Session;
use crate::store::WriteMeter;
use crate::store::security::SecurityEvent;

/// A finished write's value, and whether its changes are kept.
#[derive(Debug)]
pub(crate) enum Decided<T> {
    /// They are committed.
    Keep(T),
    /// They are rolled back.
    Undo(T),
}

/// The line that a write waits in. Writes of one site come one after the other; the devices of a line take turns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    /// None for a write of several sites.
    pub(crate) site: Option<String>,
    /// None for a write of nobody in particular.
    pub(crate) device: Option<Uuid>,
}

impl Lane {
    /// The line of a site.
    pub(crate) fn of(site: &str) -> Self {
        Self { site: Some(site.to_owned()), device: None }
    }
}

/// Stores events durably, apart from the database, before the transaction that they belong to is committed.
pub(crate) type Recorder =
    Arc<dyn Fn(&dyn Session, &[SecurityEvent]) -> Result<(), StoreFault> + Send + Sync>;

/// An engine.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Runs `work` on one snapshot of the database.
    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Session) -> Result<T, StoreFault> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send;

    /// Runs `work` in a transaction, whose changes are kept if it succeeded and says so. It is run again if the engine
    /// ended the transaction for the sake of another one.
    fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl Fn(&dyn Session) -> Result<Decided<T>, StoreFault> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreFault>> + Send;

    /// Where security events are recorded.
    fn recorder(&self) -> Recorder;

    /// The figures of its writes.
    fn write_meter(&self) -> WriteMeter;

    /// Checks that work can be stored durably, without changing any.
    fn check_writable(&self) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Writes a consistent copy of all data to a new file, under new epochs.
    fn backup(&self, to: &Path) -> impl Future<Output = Result<(), StoreFault>> + Send;
}
