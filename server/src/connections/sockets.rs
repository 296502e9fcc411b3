//! Socket options of accepted connections: a peer that is gone, such as a handheld that has left the Wi-Fi, is noticed.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Silence after which the peer is probed, and the interval of probes.
const PROBE_AFTER_MILLIS: u64 = 45_000;
const PROBE_INTERVAL_MILLIS: u64 = 15_000;
/// Time in which the peer has to acknowledge what it is sent, or to read on.
#[cfg(target_os = "linux")]
const MAX_UNACKNOWLEDGED_MILLIS: u64 = 60_000;

/// Sets the options. An option that the system does not have is left out.
pub(crate) fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new()
        .with_time(Duration::from_millis(PROBE_AFTER_MILLIS))
        .with_interval(Duration::from_millis(PROBE_INTERVAL_MILLIS));
    let set = stream.set_nodelay(true).and_then(|()| socket.set_tcp_keepalive(&probes));
    #[cfg(target_os = "linux")]
    let set = set
        .and_then(|()| socket.set_tcp_user_timeout(Some(Duration::from_millis(MAX_UNACKNOWLEDGED_MILLIS))));
    if let Err(error) = set {
        tracing::debug!(%error, "a socket option could not be set");
    }
}
