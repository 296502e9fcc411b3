//! `GET /api/events`: tells a device that its site has a new revision. The device then pulls.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

use super::auth::Caller;
use super::errors::ApiError;
use super::openapi::Refused;
use super::state::AppState;

/// Interval of comments on an idle stream: proxies keep the connection open, and a dead one is detected.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// Tells a device of each new revision of its site, as long as the stream is open.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    tag = "devices",
    params(("site" = Option<String>, Query, description = "The site whose data the app holds: another one than the device's is refused")),
    responses(
        (status = 200, description = "A message {\"rev\":12} for each revision", content_type = "text/event-stream", body = String),
        (status = 409, description = "The device holds the data of another site", body = Refused)
    ),
    security(("device" = []), ("cookie" = []))
)]
pub(super) async fn events(
    State(state): State<AppState>,
    Caller(device): Caller,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let revisions = state.revisions.listen(&device.site);
    let (mut shutdown, mut revoked) = (state.shutdown.clone(), state.streams.open(device.device));
    let ended = async move {
        // Each fails if the server is gone, which ends the stream too.
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => {}
            _ = revoked.wait_for(|is_revoked| *is_revoked) => {}
        }
    };
    Ok(stream(revisions, ended))
}

/// A message for each new revision, until `ended`.
pub(super) fn stream(
    revisions: watch::Receiver<u64>,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let messages = WatchStream::new(revisions)
        .map(|rev| Ok(Event::default().data(format!("{{\"rev\":{rev}}}"))))
        .take_until(Box::pin(ended));
    Sse::new(messages).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS)))
}
