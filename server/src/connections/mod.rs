//! Connections: HTTP/1.1 and HTTP/2 on one port, with limits of their number and of the time that one may be idle.

mod counted;
mod expiry;
mod files;
mod sockets;
mod tls;

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::http::Encrypted;
use crate::http::held::Held;
use crate::metrics::WireMeter;
use counted::Counted;
pub(crate) use tls::Tls;
pub use tls::TlsFiles;

/// Of this many connections, one is closed at a time when there are too many.
const EVICTED_SHARE: usize = 64;
/// Wait after the system refused a connection, for want of files or memory.
const ACCEPT_RETRY_MILLIS: u64 = 200;
/// Maximum bytes of the head of an HTTP/1.1 request.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection; a proxy opens more connections.
const MAX_HTTP2_STREAMS: u32 = 256;
/// Bytes of an answer that wait to be sent on one HTTP/2 stream.
const MAX_HTTP2_SEND_BYTES: usize = 128 * 1024;
/// Interval of pings on HTTP/2 connections, and the time in which they have to be answered.
const HTTP2_PING_MILLIS: u64 = 30_000;

/// The limits of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at once. For a further one, the idlest is closed; if all have a request, it waits. The system's limit of
    /// open files may be lower.
    pub max_connections: usize,
    /// Time in which the head of the next request has to arrive, in milliseconds. Longer than proxies keep a connection.
    pub max_idle_millis: u64,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { max_connections: 16_384, max_idle_millis: 75_000 }
    }
}

/// A bound address, and how its connections are served.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) listener: TcpListener,
    /// None for plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) meter: WireMeter,
}

impl Listening {
    /// Plain HTTP that nobody counts.
    pub(crate) fn plain(listener: TcpListener) -> Self {
        Self { listener, tls: None, meter: WireMeter::default() }
    }
}

/// Answers connections until `stop` is true, then lets open requests finish.
pub(crate) async fn serve(
    Listening { listener, tls, meter }: Listening,
    router: Router,
    limits: ConnectionLimits,
    stop: watch::Receiver<bool>,
) {
    let max_connections = files::connections(limits.max_connections);
    let slots = Arc::new(Semaphore::new(max_connections));
    let open = Arc::new(Open::default());
    let serving = Serving { router, builder: builder(limits), limits, stop: stop.clone(), tls, meter };
    tokio::select! {
        () = accept_all(&listener, &slots, &open, &serving) => {}
        () = stopped(stop) => {}
    }
    drop(listener);
    let all = u32::try_from(max_connections).unwrap_or(u32::MAX);
    // It is never closed.
    let _ = slots.acquire_many(all).await;
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|down| *down).await;
}

async fn accept_all(listener: &TcpListener, slots: &Arc<Semaphore>, open: &Arc<Open>, serving: &Serving) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if !is_of_the_peer(&error) {
                    tracing::warn!(%error, "no connection can be accepted");
                    open.evict();
                    sleep(Duration::from_millis(ACCEPT_RETRY_MILLIS)).await;
                }
                continue;
            }
        };
        let Some(slot) = slot(slots, open).await else { return };
        sockets::tune(&stream);
        let connection = Connection { activity: open.enter(), open: Arc::clone(open), _slot: slot };
        tokio::spawn(serving.clone().serve(stream, peer, connection));
    }
}

fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A slot for one more connection, once there is one.
async fn slot(slots: &Arc<Semaphore>, open: &Open) -> Option<OwnedSemaphorePermit> {
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Some(slot);
    }
    open.evict();
    Arc::clone(slots).acquire_owned().await.ok()
}

fn builder(limits: ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let idle = Duration::from_millis(limits.max_idle_millis);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(MAX_HEAD_BYTES);
    let ping = Duration::from_millis(HTTP2_PING_MILLIS);
    let mut http2 = builder.http2();
    http2.timer(TokioTimer::new()).keep_alive_interval(ping).keep_alive_timeout(ping);
    http2.max_concurrent_streams(MAX_HTTP2_STREAMS).max_send_buf_size(MAX_HTTP2_SEND_BYTES);
    builder
}

/// The requests of a connection.
#[derive(Debug)]
struct Activity {
    began: Instant,
    open_requests: AtomicUsize,
    has_asked: AtomicBool,
    /// Milliseconds after `began`.
    idle_since: AtomicU64,
    evicted: Notify,
}

impl Activity {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_idle(&self) -> bool {
        self.open_requests.load(Ordering::Acquire) == 0
    }

    fn idle_millis(&self) -> u64 {
        self.now().saturating_sub(self.idle_since.load(Ordering::Relaxed))
    }

    /// A request, until it is dropped.
    fn request(self: &Arc<Self>) -> OpenRequest {
        self.open_requests.fetch_add(1, Ordering::AcqRel);
        self.has_asked.store(true, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    /// Waits until it has been idle for too long, or is evicted.
    async fn expired(&self, max_idle_millis: u64) {
        loop {
            let idle_millis = if self.is_idle() { self.idle_millis() } else { 0 };
            let Some(left) = max_idle_millis.checked_sub(idle_millis).filter(|left| *left > 0) else {
                return;
            };
            tokio::select! {
                () = sleep(Duration::from_millis(left)) => {}
                () = self.evicted.notified() => if self.is_idle() { return },
            }
        }
    }
}

struct OpenRequest(Arc<Activity>);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.open_requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The open connections.
#[derive(Debug, Default)]
struct Open {
    connections: Mutex<HashMap<usize, Arc<Activity>>>,
}

impl Open {
    fn connections(&self) -> MutexGuard<'_, HashMap<usize, Arc<Activity>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> Arc<Activity> {
        let activity = Arc::new(Activity {
            began: Instant::now(),
            open_requests: AtomicUsize::new(0),
            has_asked: AtomicBool::new(false),
            idle_since: AtomicU64::new(0),
            evicted: Notify::new(),
        });
        self.connections().insert(key(&activity), Arc::clone(&activity));
        activity
    }

    /// Closes some idle connections: first those that have never asked anything, then those that have been idle for longest.
    fn evict(&self) {
        let connections = self.connections();
        let evicted = connections.len() / EVICTED_SHARE + 1;
        let mut idle: Vec<_> = connections
            .values()
            .filter(|activity| activity.is_idle())
            .map(|activity| {
                ((activity.has_asked.load(Ordering::Relaxed), u64::MAX - activity.idle_millis()), activity)
            })
            .collect();
        idle.sort_unstable_by_key(|(rank, _)| *rank);
        idle.into_iter().take(evicted).for_each(|(_, activity)| activity.evicted.notify_one());
    }
}

fn key(activity: &Arc<Activity>) -> usize {
    Arc::as_ptr(activity).addr()
}

/// A served connection, in its slot.
struct Connection {
    activity: Arc<Activity>,
    open: Arc<Open>,
    _slot: OwnedSemaphorePermit,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.connections().remove(&key(&self.activity));
    }
}

/// What every connection is served with.
#[derive(Clone)]
struct Serving {
    router: Router,
    builder: auto::Builder<TokioExecutor>,
    limits: ConnectionLimits,
    stop: watch::Receiver<bool>,
    tls: Option<Arc<Tls>>,
    meter: WireMeter,
}

impl Serving {
    async fn serve(self, stream: TcpStream, peer: SocketAddr, connection: Connection) {
        let stream = Counted::new(stream, self.meter.clone());
        let Some(tls) = self.tls.clone() else { return self.answer(stream, peer, connection).await };
        let encrypted = tokio::select! {
            encrypted = tls.accept(stream) => encrypted,
            () = connection.activity.expired(self.limits.max_idle_millis) => return,
            () = stopped(self.stop.clone()) => return,
        };
        match encrypted {
            Ok(stream) => self.answer(stream, peer, connection).await,
            Err(error) => {
                self.meter.failed_handshakes.inc();
                tracing::debug!(%error, %peer, "a connection has not begun TLS");
            }
        }
    }

    async fn answer<S>(self, stream: S, peer: SocketAddr, connection: Connection)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, builder, limits, stop, tls, .. } = self;
        let activity = Arc::clone(&connection.activity);
        let encrypted = Encrypted(tls.is_some());
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(encrypted);
            let open = activity.request();
            let answered = router.clone().oneshot(request.map(Body::new));
            async move {
                let response = answered.await?;
                Ok::<_, Infallible>(response.map(|body| Body::new(Held::new(body, open))))
            }
        });
        let serving = builder.serve_connection(TokioIo::new(stream), answer);
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = serving.as_mut() => return report(ended),
            () = connection.activity.expired(limits.max_idle_millis) => return,
            () = stopped(stop) => serving.as_mut().graceful_shutdown(),
        }
        report(serving.await);
    }
}

fn report<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
