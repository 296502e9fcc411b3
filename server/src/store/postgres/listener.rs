//! Hears of the revisions that other servers book, on a connection of its own. A pooler that gives each transaction another
//! connection brings no notifications.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::StoreFault;
use super::announcer::{Announcer, CHANNEL};
use super::fault::described;
use super::target::Target;
use crate::random;

/// A setting that only the session has that the connection was made for: a pooler refuses it, or has other sessions.
const OWN_SETTING: &str = "lotbook.own_session";
/// Time for connecting, and for the notification that shows that others arrive.
const CONNECT_MILLIS: u64 = 10_000;
const ECHO_MILLIS: u64 = 5_000;
/// Time before the next try; it doubles from the first to the longest.
const FIRST_PAUSE_MILLIS: u64 = 250;
const MAX_PAUSE_MILLIS: u64 = 30_000;

/// Listens for revisions.
#[derive(Debug)]
pub struct Listener {
    announcer: Announcer,
    target: Target,
    /// Whether the connection was named for this purpose. Another one may go through a pooler, which is no fault.
    is_named: bool,
}

/// Called with a site and its revision.
type OnRevision = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// Why nothing is heard.
enum Unheard {
    /// The connection failed or was lost.
    Lost(String),
    /// The database is reached through a pooler.
    Pooled,
}

impl From<Error> for Unheard {
    fn from(error: Error) -> Self {
        Self::Lost(described(&error))
    }
}

impl Listener {
    /// Listens on `target`, or on the database of `direct`, which is the same one.
    pub(super) fn new(
        announcer: Announcer,
        target: Target,
        direct: Option<&str>,
    ) -> Result<Self, StoreFault> {
        let is_named = direct.is_some();
        let target = direct.map_or(Ok(target), Target::parse)?;
        Ok(Self { announcer, target, is_named })
    }

    /// Calls `on_revision` with each site and revision that a server announces, its own included, until the future is
    /// dropped. It ends by itself if the database is reached through a pooler.
    pub async fn run(self, on_revision: impl Fn(&str, u64) + Send + Sync + 'static) {
        let on_revision: OnRevision = Arc::new(on_revision);
        let mut pause = FIRST_PAUSE_MILLIS;
        loop {
            let mut has_heard = false;
            match self.listen(&on_revision, &mut has_heard).await {
                Unheard::Pooled => {
                    tracing::info!(
                        "the database is reached through a pooler: revisions of other servers are polled. --database-listen may \
                         name a direct connection"
                    );
                    return;
                }
                Unheard::Lost(error) => {
                    tracing::warn!(error, "revisions of other servers are polled until notifications arrive");
                }
            }
            pause = if has_heard { FIRST_PAUSE_MILLIS } else { pause };
            sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(MAX_PAUSE_MILLIS);
        }
    }

    /// Listens until the connection is lost. Notes whether notifications arrived.
    async fn listen(&self, on_revision: &OnRevision, has_heard: &mut bool) -> Unheard {
        // Dropping it ends the connection.
        let mut connection = JoinSet::new();
        let opened = self.open(on_revision, &mut connection);
        let opened = timeout(Duration::from_millis(CONNECT_MILLIS + ECHO_MILLIS), opened).await;
        let client = match opened {
            Ok(Ok(client)) => client,
            Ok(Err(unheard)) => return unheard,
            Err(_) => return Unheard::Lost("the database does not answer".to_owned()),
        };
        *has_heard = true;
        tracing::debug!("revisions of other servers are heard");
        let lost = connection.join_next().await;
        drop(client);
        match lost {
            Some(Ok(Err(error))) => Unheard::from(error),
            _ => Unheard::Lost("the connection was closed".to_owned()),
        }
    }

    /// A connection that notifications arrive on.
    async fn open(
        &self,
        on_revision: &OnRevision,
        connection: &mut JoinSet<Result<(), Error>>,
    ) -> Result<Client, Unheard> {
        let mark = random::uuid().map_err(|fault| Unheard::Lost(fault.to_string()))?.simple().to_string();
        let client = self.connect(&mark, on_revision, connection).await?;
        if !self.is_named {
            let sql = format!("SELECT current_setting('{OWN_SETTING}', true) IS NOT DISTINCT FROM $1");
            let row = client.client.query_typed(&sql, &[(&mark, Type::TEXT)]).await?;
            if !row.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
                return Err(Unheard::Pooled);
            }
        }
        client.client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        self.announcer.notify(vec![mark]).await.map_err(Unheard::Lost)?;
        let echo = timeout(Duration::from_millis(ECHO_MILLIS), client.has_echoed.notified()).await;
        echo.map_err(|_| {
            let why = "no notification arrives on it: it has to be a direct connection to the same database";
            Unheard::Lost(format!("{}: {why}", self.target.name))
        })?;
        Ok(client.client)
    }

    async fn connect(
        &self,
        mark: &str,
        on_revision: &OnRevision,
        running: &mut JoinSet<Result<(), Error>>,
    ) -> Result<Connected, Unheard> {
        let mut config = self.target.config.clone();
        if !self.is_named {
            let given = config.get_options().unwrap_or_default();
            let options = format!("{given} -c {OWN_SETTING}={mark}");
            config.options(options.trim_start());
        }
        let tls = MakeRustlsConnect::new(self.target.tls.as_ref().clone());
        let (client, connection) = config.connect(tls).await.map_err(|error| match error.code() {
            // PgBouncer's answer to the setting.
            Some(code) if !self.is_named && *code == SqlState::PROTOCOL_VIOLATION => Unheard::Pooled,
            _ => Unheard::from(error),
        })?;
        let has_echoed = Arc::new(Notify::new());
        let (mark, echoed) = (mark.to_owned(), Arc::clone(&has_echoed));
        let on_revision = Arc::clone(on_revision);
        running.spawn(run(connection, move |notification| match revision(notification.payload()) {
            _ if notification.channel() != CHANNEL => {}
            Some((site, rev)) => on_revision(site, rev),
            None if notification.payload() == mark => echoed.notify_one(),
            // Another server's.
            None => {}
        }));
        Ok(Connected { client, has_echoed })
    }
}

/// A connection, and the sign that its own notification has arrived.
struct Connected {
    client: Client,
    has_echoed: Arc<Notify>,
}

fn revision(payload: &str) -> Option<(&str, u64)> {
    let (rev, site) = payload.split_once(' ')?;
    Some((site, rev.parse().ok()?))
}

/// Runs a connection until it is closed.
async fn run<S, T>(
    mut connection: Connection<S, T>,
    on_notification: impl Fn(Notification),
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: TlsStream + Unpin,
{
    let mut messages = pin!(stream::poll_fn(move |context| connection.poll_message(context)));
    while let Some(message) = messages.next().await {
        if let AsyncMessage::Notification(notification) = message? {
            on_notification(notification);
        }
    }
    Ok(())
}
