//! The page that Prometheus reads, on a listener of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use sync::UnixMillis;

use super::fleet::SiteFigures;
use super::{Metrics, Site};
use crate::clock::Clock;
use crate::connections::ConnectionLimits;
use crate::http::{Revisions, Streams};

/// Connections of whoever reads the figures.
pub(crate) const LIMITS: ConnectionLimits = ConnectionLimits { max_connections: 16, max_idle_millis: 60_000 };
const MILLIS_A_SECOND: u64 = 1_000;

/// The sources of the page.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) revisions: Arc<Revisions>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) clock: Clock,
}

/// `/metrics`.
pub(crate) fn router(source: Source) -> Router {
    Router::new().route("/metrics", get(page)).with_state(source)
}

async fn page(State(source): State<Source>) -> Response {
    let Source { metrics, revisions, streams, clock } = source;
    let devices = streams.devices().len();
    metrics.streams.set(i64::try_from(devices).unwrap_or(i64::MAX));
    match metrics.text(&revisions.known(), clock.now()) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Metrics {
    /// All figures, in Prometheus' text format.
    fn text(&self, revisions: &BTreeMap<String, u64>, now: UnixMillis) -> Result<String, std::fmt::Error> {
        for (site, figures) in self.fleet.sites(revisions, now) {
            self.show(site, figures);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn show(&self, site: String, figures: SiteFigures) {
        let SiteFigures { devices, rev, lag_millis, oldest_pending_millis } = figures;
        let site = Site { site };
        let seconds = |millis: u64| i64::try_from(millis / MILLIS_A_SECOND).unwrap_or(i64::MAX);
        let sites = &self.sites;
        sites.devices.get_or_create(&site).set(i64::try_from(devices).unwrap_or(i64::MAX));
        sites.revision.get_or_create(&site).set(rev);
        sites.lag_seconds.get_or_create(&site).set(seconds(lag_millis));
        sites.oldest_pending_seconds.get_or_create(&site).set(seconds(oldest_pending_millis));
    }
}
