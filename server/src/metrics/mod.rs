//! Figures for Prometheus. Nothing here is for strangers: it has the names of sites.

mod fleet;
pub(crate) mod page;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::store::WriteMeter;
use fleet::Fleet;

pub(crate) use fleet::Exchange;

/// Upper bounds of the buckets of latencies, in seconds.
const LATENCY_SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0];

/// A kind of answer. Routes are the templates of the router, such as `/api/products/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Site {
    site: String,
}

/// Figures of connections. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct WireMeter {
    /// Open connections.
    pub(crate) open: Gauge,
    /// Connections since the start.
    pub(crate) accepted: Counter,
    /// Bytes, with TLS and headers.
    pub(crate) received_bytes: Counter,
    pub(crate) sent_bytes: Counter,
    /// TLS handshakes that failed.
    pub(crate) failed_handshakes: Counter,
}

/// Figures of the files of TLS and of backups. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct UpkeepMeter {
    /// Changed files of TLS that could not be used.
    pub(crate) failed_reloads: Counter,
    /// When the first of the served certificates ends, in seconds since 1970; zero without TLS.
    pub(crate) certificate_ends_at: Gauge,
    /// Backups that failed since the start.
    pub(crate) failed_backups: Counter,
    /// The time of the newest good backup, in seconds since 1970; zero without one.
    pub(crate) backed_up_at: Gauge,
    /// Its size.
    pub(crate) backup_bytes: Gauge,
}

/// Figures by site, as of the last look.
#[derive(Debug, Default)]
struct SiteGauges {
    devices: Family<Site, Gauge>,
    revision: Family<Site, Gauge<u64, AtomicU64>>,
    lag_seconds: Family<Site, Gauge>,
    oldest_pending_seconds: Family<Site, Gauge>,
}

/// All figures of a server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    seconds: Family<Answer, Histogram>,
    refused: Family<Refusal, Counter>,
    streams: Gauge,
    sites: SiteGauges,
    pub(crate) wire: WireMeter,
    pub(crate) upkeep: UpkeepMeter,
    pub(crate) fleet: Fleet,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Figures that start at zero, beside those of the store's writes.
    pub fn new(writes: &WriteMeter) -> Arc<Self> {
        let mut metrics = Self {
            registry: Registry::with_prefix("lotbook"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(LATENCY_SECONDS)),
            refused: Family::default(),
            streams: Gauge::default(),
            sites: SiteGauges::default(),
            wire: WireMeter::default(),
            upkeep: UpkeepMeter::default(),
            fleet: Fleet::default(),
        };
        // So that they are there before the first.
        for status in [429, 503] {
            drop(metrics.refused.get_or_create(&Refusal { status }));
        }
        metrics.register_requests();
        metrics.register_upkeep(writes);
        metrics.register_sites();
        Arc::new(metrics)
    }

    fn register_requests(&mut self) {
        let Self { registry, requests, seconds, refused, streams, wire, .. } = self;
        registry.register(
            "build",
            "The server's version",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("requests", "Requests by route and class of status", requests.clone());
        registry.register(
            "request_seconds",
            "Time until an answer begins, by route and class of status",
            seconds.clone(),
        );
        registry.register("refused", "Requests that were told to come again, by status", refused.clone());
        registry.register("event_streams", "Devices with an open event stream", streams.clone());
        registry.register("connections", "Open connections", wire.open.clone());
        registry.register("connections_accepted", "Connections since the start", wire.accepted.clone());
        registry.register("received_bytes", "Bytes received on connections", wire.received_bytes.clone());
        registry.register("sent_bytes", "Bytes sent on connections", wire.sent_bytes.clone());
        let failed = wire.failed_handshakes.clone();
        registry.register("tls_handshakes_failed", "Connections without a TLS handshake", failed);
    }

    fn register_upkeep(&mut self, writes: &WriteMeter) {
        let Self { registry, upkeep, .. } = self;
        registry.register("writes_waiting", "Writes that wait for a transaction", writes.waiting.clone());
        registry.register(
            "batch_writes",
            "Writes that shared a transaction, of each transaction",
            writes.batch_writes.clone(),
        );
        let failed = upkeep.failed_reloads.clone();
        registry.register("tls_reloads_failed", "Changed TLS files that could not be used", failed);
        registry.register(
            "tls_certificate_end_timestamp_seconds",
            "When the first of the served certificates ends, in seconds since 1970; zero without TLS",
            upkeep.certificate_ends_at.clone(),
        );
        registry.register(
            "backups_failed",
            "Scheduled backups that failed since the start",
            upkeep.failed_backups.clone(),
        );
        registry.register(
            "backup_timestamp_seconds",
            "Time of the newest good backup, in seconds since 1970; zero without one",
            upkeep.backed_up_at.clone(),
        );
        registry.register("backup_bytes", "Size of the newest good backup", upkeep.backup_bytes.clone());
    }

    fn register_sites(&mut self) {
        let Self { registry, sites, .. } = self;
        registry.register(
            "site_devices",
            "Devices that have synced here within the last hour",
            sites.devices.clone(),
        );
        registry.register("site_revision", "The site's revision", sites.revision.clone());
        registry.register(
            "site_lag_seconds",
            "Longest time for which one of these devices has lacked changes of its site",
            sites.lag_seconds.clone(),
        );
        registry.register(
            "site_oldest_pending_seconds",
            "Longest time that a change had waited on one of these devices when it last synced, by the device's clock",
            sites.oldest_pending_seconds.clone(),
        );
    }

    /// Counts an answer to a route's template; none for what is no route.
    pub(crate) fn answered(&self, route: Option<&str>, status: StatusCode, after: Duration) {
        let answer = Answer { route: route.unwrap_or("other").to_owned(), status: class(status) };
        self.requests.get_or_create(&answer).inc();
        self.seconds.get_or_create(&answer).observe(after.as_secs_f64());
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            self.refused.get_or_create(&Refusal { status: status.as_u16() }).inc();
        }
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
