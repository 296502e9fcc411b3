//! Reads bodies of requests within the server's memory: what all of them may hold together, what one device may, and how
//! far one may expand.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, State};
use axum::http::{Extensions, Request, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::errors::ApiError;
use super::limits::{Usage, positive};

/// Maximum bytes of a decompressed request body: twice the limit of a device.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// Maximum bytes of the body of somebody who is not enrolled yet.
pub(super) const MAX_STRANGERS_BODY_BYTES: usize = 16 * 1024;
/// Decompressed bodies of all unanswered requests, in KiB.
const MAX_BODIES_KIB: usize = 128 * 1024;
/// Decompressed bytes for each compressed one: an order of many similar lines reaches 50.
const MAX_EXPANSION: usize = 100;
/// Decompressed bytes that are free of that limit.
const FREE_EXPANSION_BYTES: usize = 64 * 1024;
/// Decompressed bytes of a refused body that are read, and the time for it.
const MAX_DRAINED_BYTES: usize = 256 * 1024;
const MAX_DRAIN_MILLIS: u64 = 1_000;
const KIB_BYTES: usize = 1024;
const MIB_BYTES: usize = 1024 * KIB_BYTES;

/// The memory for bodies.
#[derive(Clone, Debug)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BODIES_KIB)))
    }
}

/// The limit of one route's bodies, if it is not [`MAX_BODY_BYTES`].
#[derive(Clone, Copy, Debug)]
pub(super) struct MaxBodyBytes(pub(super) usize);

/// The bytes of a body as they came over the wire, so far.
#[derive(Clone, Debug, Default)]
struct PackedBytes(Arc<AtomicUsize>);

/// Middleware below which bodies are decompressed: counts their bytes.
pub(super) async fn count_packed(
    State(budget): State<BodyBudget>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let packed = PackedBytes::default();
    request.extensions_mut().insert(packed.clone());
    request.extensions_mut().insert(budget);
    next.run(request.map(|body| Body::new(Counted { body, packed }))).await
}

struct Counted {
    body: Body,
    packed: PackedBytes,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.packed.0.fetch_add(bytes, Ordering::Relaxed);
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The whole body, decompressed, within the limits. Its memory counts until it is dropped.
#[derive(Debug)]
pub(super) struct BodyBytes {
    bytes: Vec<u8>,
    _room: Room,
}

impl BodyBytes {
    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[cfg(test)]
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, _room: Room::new(&Extensions::new()) }
    }
}

impl<S: Send + Sync> FromRequest<S> for BodyBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _state: &S) -> Result<Self, ApiError> {
        let (parts, mut body) = request.into_parts();
        let max_bytes = parts.extensions.get().map_or(MAX_BODY_BYTES, |MaxBodyBytes(bytes)| *bytes);
        let mut room = Room::new(&parts.extensions);
        match room.read(&mut body, max_bytes).await {
            Ok(bytes) => Ok(Self { bytes, _room: room }),
            Err(refusal) => {
                drop(room);
                drain(&mut body).await;
                Err(refusal)
            }
        }
    }
}

/// Reads on, so that a client that is still sending hears the refusal: closing the connection would be all it notices.
pub(super) async fn drain(body: &mut Body) {
    let mut left = MAX_DRAINED_BYTES;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // A client that holds its body back misses the answer.
    let _ = timeout(Duration::from_millis(MAX_DRAIN_MILLIS), reading).await;
}

/// The room that a body takes.
#[derive(Debug)]
struct Room {
    budget: Option<BodyBudget>,
    device: Option<Arc<Usage>>,
    packed: Option<PackedBytes>,
    held: Vec<OwnedSemaphorePermit>,
    held_kib: u32,
}

impl Room {
    async fn read(&mut self, body: &mut Body, max_bytes: usize) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| cut_off())?.into_data() else { continue };
            let length = bytes.len().saturating_add(data.len());
            if length > max_bytes {
                return Err(too_large(max_bytes));
            }
            self.extend_to(length)?;
            bytes.extend_from_slice(&data);
        }
        self.count(bytes.len())?;
        Ok(bytes)
    }

    fn new(extensions: &Extensions) -> Self {
        Self {
            budget: extensions.get().cloned(),
            device: extensions.get().cloned(),
            packed: extensions.get().cloned(),
            held: Vec::new(),
            held_kib: 0,
        }
    }

    /// Makes room for the first `length` bytes. It grows like the vector, by doubling.
    fn extend_to(&mut self, length: usize) -> Result<(), ApiError> {
        let packed = self.packed.as_ref().map(|packed| packed.0.load(Ordering::Relaxed));
        let most =
            packed.map(|packed| packed.saturating_mul(MAX_EXPANSION).saturating_add(FREE_EXPANSION_BYTES));
        if most.is_some_and(|most| length > most) {
            let message = format!(
                "The body is packed too densely: it may expand to {MAX_EXPANSION} times its size, up to {} MiB. Send \
                 fewer mutations at once.",
                MAX_BODY_BYTES / MIB_BYTES
            );
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message));
        }
        let wanted = kib(length).get().next_power_of_two();
        let more = wanted.saturating_sub(self.held_kib);
        if more == 0 {
            return Ok(());
        }
        if let Some(device) = &self.device {
            self.held.push(device.hold_body(more)?);
        }
        if let Some(BodyBudget(budget)) = &self.budget {
            let room = Arc::clone(budget).try_acquire_many_owned(more).map_err(|_| {
                let message =
                    "The server is answering too many large requests at the moment. Try again in a moment.";
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no_room", message)
            })?;
            self.held.push(room);
        }
        self.held_kib = wanted;
        Ok(())
    }

    /// Counts the complete body of `length` bytes.
    fn count(&self, length: usize) -> Result<(), ApiError> {
        self.device.as_ref().map_or(Ok(()), |device| device.count_body(kib(length)))
    }
}

/// At least 1, so that empty bodies count as well.
fn kib(bytes: usize) -> NonZeroU32 {
    positive(u32::try_from(bytes.div_ceil(KIB_BYTES)).unwrap_or(u32::MAX))
}

fn too_large(max_bytes: usize) -> ApiError {
    let message = if max_bytes < MIB_BYTES {
        format!("The body has more than {} KiB. Send less at once.", max_bytes / KIB_BYTES)
    } else {
        format!("The body has more than {} MiB. Send fewer mutations at once.", max_bytes / MIB_BYTES)
    };
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

fn cut_off() -> ApiError {
    let message = "The body was cut off, or is not packed the way its content-encoding says. Send it again.";
    ApiError::bad_request("bad_body", message)
}
