//! Tells other servers which revisions were booked, by notifications.
//!
//! They are sent after the commit, those that come together in one statement: a transaction with a notification holds a lock
//! of the whole cluster until its commit is on the disk, so that sites would no longer be written side by side. A
//! notification that gets lost with its server is made up for by the polls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::timeout;
use tokio_postgres::types::Type;

use super::fault::described;
use super::pool::Pool;

/// The channel of the notifications. The payload is `REVISION SITE`.
pub(super) const CHANNEL: &str = "lotbook_revisions";
/// A longer name of a site does not fit into a notification.
const MAX_SITE_BYTES: usize = 1_000;
/// Time for the notifications of one statement.
const SEND_MILLIS: u64 = 5_000;

/// Sends notifications on the pool of a store.
#[derive(Clone, Debug)]
pub(super) struct Announcer {
    pool: Pool,
    waiting: Arc<Mutex<Waiting>>,
}

/// The revisions to be told, by site, and whether a task does it.
#[derive(Debug, Default)]
struct Waiting {
    revisions: BTreeMap<String, u64>,
    is_served: bool,
}

impl Announcer {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, waiting: Arc::default() }
    }

    /// Tells of revisions that have been committed, by site; does not wait.
    pub(super) fn tell(&self, revisions: BTreeMap<String, u64>) {
        if revisions.is_empty() {
            return;
        }
        let mut waiting = self.waiting();
        waiting.revisions.extend(revisions);
        if !std::mem::replace(&mut waiting.is_served, true) {
            tokio::spawn(self.clone().serve());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The revisions that wait. If there are none, the task has ended.
    fn take(&self) -> BTreeMap<String, u64> {
        let mut waiting = self.waiting();
        let revisions = std::mem::take(&mut waiting.revisions);
        waiting.is_served = !revisions.is_empty();
        revisions
    }

    async fn serve(self) {
        loop {
            let revisions = self.take();
            if revisions.is_empty() {
                return;
            }
            let of_site =
                |(site, rev): (String, u64)| (site.len() <= MAX_SITE_BYTES).then(|| format!("{rev} {site}"));
            if let Err(error) = self.notify(revisions.into_iter().filter_map(of_site).collect()).await {
                tracing::debug!(error, "revisions were not announced");
            }
        }
    }

    /// Sends notifications.
    pub(super) async fn notify(&self, payloads: Vec<String>) -> Result<(), String> {
        let send = async {
            let client = self.pool.connect().await.map_err(|error| error.to_string())?;
            let sql = format!("SELECT pg_notify('{CHANNEL}', payload) FROM unnest($1) AS payload");
            let sent = client.execute_typed(&sql, &[(&payloads, Type::TEXT_ARRAY)]).await;
            if sent.is_err() {
                // The connection may be lost.
                drop(Object::take(client));
            }
            sent.map(drop).map_err(|error| described(&error))
        };
        let sent = timeout(Duration::from_millis(SEND_MILLIS), send).await;
        sent.unwrap_or_else(|_| Err("the database does not answer".to_owned()))
    }
}
