//! The ports of a client, bundled in one type.

use futures::future::LocalBoxFuture;
use sync::{Channel, Model, Mutation, QueueRecordOf, Records, Store, Timer, Transport, Turn};
use uuid::Uuid;

/// The environment of a client: a browser's page, or a simulated one.
pub trait Host: 'static {
    /// The application's rows and rules.
    type Model: Model;
    /// The records that rounds pass between store and server; a store may leave them unparsed.
    type Wire: Records;
    /// The device's storage.
    type Store: Store<Records = Self::Model, Relay: Store<Records = Self::Wire>>;
    /// The transport to the server.
    type Transport: Transport<Self::Wire>;
    /// A lock that allows one round at a time among the windows and the worker of a device.
    type Turn: Turn;
    /// The clock.
    type Timer: Timer + Clone + 'static;
    /// The channel to the other windows and the worker.
    type Channel: Channel;

    /// The device's storage.
    fn store(&self) -> &Self::Store;
    /// The transport to the server.
    fn transport(&self) -> &Self::Transport;
    /// The lock for rounds.
    fn turn(&self) -> &Self::Turn;
    /// The clock.
    fn timer(&self) -> &Self::Timer;
    /// The channel to the other windows and the worker.
    fn channel(&self) -> &Self::Channel;
    /// The scope of rows that this device requests.
    fn scope(&self) -> &str;
    /// A new UUIDv7.
    fn new_id(&self) -> Uuid;
    /// Spawns a task that nothing waits for.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);
    /// Requests a sync event from the browser, in case the page is closed before the next round. A no-op
    /// where unsupported.
    fn request_background_sync(&self);
}

/// The actions of a host's model.
pub type ActionOf<H> = <<H as Host>::Model as Records>::Action;
/// The mutations of a host's model.
pub type MutationOf<H> = Mutation<ActionOf<H>>;
/// The rows of a host's model.
pub type RowOf<H> = <<H as Host>::Model as Records>::Row;
/// The queue records of a host's model.
pub type QueuedOf<H> = QueueRecordOf<<H as Host>::Model>;
