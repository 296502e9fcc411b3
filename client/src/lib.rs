//! The offline client of any [`sync::Model`]: a window's access to the device's data, and its synchronisation
//! with the server.
//!
//! The logic needs no browser. [`Client`] saves mutations and shows rows with the pending ones folded in;
//! [`Engine`] runs rounds when the scheduler says so; [`RoundPorts::drain`] is the worker's loop. All are
//! generic over a [`Host`], which bundles the ports: storage, transport, lock, timer and channel. A
//! simulation runs the same code.

mod check;
mod choices;
mod client;
mod completeness;
mod drain;
mod engine;
mod host;
#[cfg(feature = "yew")]
mod page;
mod queue;
mod record;
mod round;
mod server_time;
mod status;
mod threats;
mod view;
mod watchers;

#[cfg(feature = "yew")]
pub use browser::Received;
pub use client::{Change, Client, Indexer, Signal, Signer, Update, WeakClient};
pub use completeness::Completeness;
pub use drain::{DrainError, drain};
pub use engine::{Engine, EngineConfig, Observers, RoundRunner};
pub use host::{ActionOf, Host, MutationOf, QueuedOf, RowOf};
#[cfg(feature = "yew")]
pub use page::{
    download::DownloadError,
    host::{Page, PageClient, listen, open_page},
    provider::{
        OfflineProvider, OfflineProviderProps, SyncProvider, SyncProviderProps, use_client, use_sync,
    },
    service_worker::{
        OfflineStart, ask_to_keep_data, init_offline_sync, reload, use_offline_start, use_update_ready,
    },
    use_offline_sync::{OfflineSync, OfflineSyncConfig, Startup, use_offline_sync, use_offline_sync_of},
    use_provided::use_provided,
    use_rows::use_rows,
    use_task::{Task, use_task},
};
pub use queue::Queue;
pub use record::{Entities, RecordError, RetryBase};
pub use round::{
    LAST_SYNC_SETTING, PAGE_PULL_ROWS, RoundFailure, RoundPorts, WORK_OFFLINE_SETTING, ended,
    sync_and_audit_once, sync_once,
};
pub use server_time::{HEARD_TIME_SETTING, MAX_CLOCK_ERROR_MINUTES};
pub use status::{NotLoaded, RoundResult, RunningRound, SyncError, SyncState, SyncStatus};
pub use threats::Threat;
pub use view::{Base, Shown};
pub use watchers::{Watch, Watchers};
