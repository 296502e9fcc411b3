//! `GET /api/events`: tells a device that its site has a new revision. The device then pulls.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use super::AppState;
use super::auth::Caller;
use super::errors::ApiError;

/// Silence after which a comment is sent, so that proxies keep the connection and a dead one is noticed.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// The newest revision of each site, for all who listen.
#[derive(Debug, Default)]
pub struct Revisions {
    sites: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Revisions {
    /// Tells listeners of `site` that it has reached `rev`, unless they know.
    pub fn announce(&self, site: &str, rev: u64) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = sites.get(site) else {
            sites.insert(site.to_owned(), watch::Sender::new(rev));
            return;
        };
        // A restored database may have gone back, which is news as well.
        sender.send_if_modified(|known| std::mem::replace(known, rev) != rev);
    }

    fn listen(&self, site: &str) -> watch::Receiver<u64> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.entry(site.to_owned()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }
}

pub(super) async fn events(
    State(state): State<AppState>,
    Caller(device): Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let revisions = WatchStream::new(state.revisions.listen(&device.site));
    let mut shutdown = state.shutdown.clone();
    let ended = async move {
        // An error means that the server is gone, which ends the stream just as well.
        let _ = shutdown.wait_for(|down| *down).await;
    };
    let told = revisions
        .map(|rev| Ok(Event::default().data(format!("{{\"rev\":{rev}}}"))))
        .take_until(Box::pin(ended));
    Ok(Sse::new(told).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS))))
}
