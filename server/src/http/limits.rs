//! What one device may ask of the server: requests in a time and at once, and bytes of bodies. A device that asks for more
//! is told to wait, and the others do not notice. A key of another system is a device in this.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::errors::ApiError;

/// The requests that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A round's exchange, or a request of a key that writes.
    Sync,
    /// A comparison of rows.
    Audit,
    /// A look-up or a report.
    Read,
    /// An event stream, which lasts as long as a page is open.
    Stream,
}

/// The limits of one kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindLimits {
    /// Requests that are not answered completely yet.
    pub max_at_once: usize,
    /// Requests of a device that has been silent.
    pub max_burst: NonZeroU32,
    /// Requests per second in the long run.
    pub max_per_second: NonZeroU32,
}

/// The limits of each device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceLimits {
    /// `POST /api/sync`, and what keys write.
    pub sync: KindLimits,
    /// `POST /api/audit`.
    pub audit: KindLimits,
    /// Look-ups and reports.
    pub read: KindLimits,
    /// `GET /api/events`.
    pub stream: KindLimits,
    /// Decompressed bodies of unanswered requests, in KiB.
    pub max_bodies_kib: u32,
    /// Decompressed bodies of a device that has been silent, in KiB; at least the largest body.
    pub max_burst_kib: NonZeroU32,
    /// Decompressed bodies in the long run, in KiB per second.
    pub max_kib_per_second: NonZeroU32,
    /// Requests that read from the database at once; the others of the device wait.
    pub max_readers: usize,
}

pub(super) const fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(number.saturating_sub(1))
}

const fn kind(max_at_once: usize, max_burst: u32, max_per_second: u32) -> KindLimits {
    KindLimits { max_at_once, max_burst: positive(max_burst), max_per_second: positive(max_per_second) }
}

impl Default for DeviceLimits {
    /// A first sync of 300,000 rows takes 120 exchanges, 10,000 unsent changes take 100, and a comparison of all rows 30. A
    /// program that sends one request after the other reaches some hundred per second.
    fn default() -> Self {
        Self {
            sync: kind(8, 2_000, 500),
            audit: kind(4, 300, 50),
            read: kind(16, 2_000, 500),
            stream: kind(16, 120, 2),
            max_bodies_kib: 8 * 1024,
            max_burst_kib: positive(256 * 1024),
            max_kib_per_second: positive(16 * 1024),
            max_readers: 2,
        }
    }
}

impl DeviceLimits {
    fn of(&self, kind: Kind) -> KindLimits {
        match kind {
            Kind::Sync => self.sync,
            Kind::Audit => self.audit,
            Kind::Read => self.read,
            Kind::Stream => self.stream,
        }
    }
}

/// The use that each device makes of the server.
#[derive(Debug)]
pub(super) struct Devices {
    limits: DeviceLimits,
    /// One for each device, key or person that has asked since the start; only those that are known get here.
    seen: Mutex<HashMap<Uuid, Arc<Usage>>>,
}

impl Devices {
    pub(super) fn new(limits: DeviceLimits) -> Self {
        Self { limits, seen: Mutex::default() }
    }

    /// The usage of one device.
    pub(super) fn of(&self, device: Uuid) -> Arc<Usage> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(seen.entry(device).or_insert_with(|| Arc::new(Usage::new(&self.limits))))
    }
}

/// A rate and a number of places.
#[derive(Debug)]
struct Lane {
    rate: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
}

/// The use that one device makes of the server.
#[derive(Debug)]
pub(super) struct Usage {
    lanes: [Lane; 4],
    body_rate: DefaultDirectRateLimiter,
    bodies: Arc<Semaphore>,
    readers: Arc<Semaphore>,
}

impl Usage {
    fn new(limits: &DeviceLimits) -> Self {
        let lane = |kind| {
            let KindLimits { max_at_once, max_burst, max_per_second } = limits.of(kind);
            let quota = Quota::per_second(max_per_second).allow_burst(max_burst);
            Lane { rate: RateLimiter::direct(quota), places: Arc::new(Semaphore::new(max_at_once)) }
        };
        let body_quota = Quota::per_second(limits.max_kib_per_second).allow_burst(limits.max_burst_kib);
        Self {
            lanes: [Kind::Sync, Kind::Audit, Kind::Read, Kind::Stream].map(lane),
            body_rate: RateLimiter::direct(body_quota),
            bodies: Arc::new(Semaphore::new(usize::try_from(limits.max_bodies_kib).unwrap_or(usize::MAX))),
            readers: Arc::new(Semaphore::new(limits.max_readers)),
        }
    }

    fn lane(&self, kind: Kind) -> &Lane {
        let [sync, audit, read, stream] = &self.lanes;
        match kind {
            Kind::Sync => sync,
            Kind::Audit => audit,
            Kind::Read => read,
            Kind::Stream => stream,
        }
    }

    /// Counts a request. The place is to be held until its answer has been sent.
    ///
    /// # Errors
    /// 429 if the device has asked too often, or has too many unanswered requests.
    pub(super) fn admit(&self, kind: Kind) -> Result<OwnedSemaphorePermit, ApiError> {
        let Lane { rate, places } = self.lane(kind);
        let place = Arc::clone(places).try_acquire_owned().map_err(|_| {
            let message =
                "Too many requests of this device are open at once. Send this one again in a moment.";
            ApiError::too_many("too_many_at_once", message, 1)
        })?;
        rate.check().map_err(|until| {
            let message = "This device asks too often. Send the request again in a moment.";
            ApiError::too_many(
                "too_many_requests",
                message,
                seconds(until.wait_time_from(DefaultClock::default().now())),
            )
        })?;
        Ok(place)
    }

    /// Makes room for more of a body.
    ///
    /// # Errors
    /// 429 if the bodies of the device's unanswered requests are too large together.
    pub(super) fn hold_body(&self, kib: u32) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.bodies).try_acquire_many_owned(kib).map_err(|_| {
            let message = "This device sends too much at once. Send the request again in a moment.";
            ApiError::too_many("too_many_bytes_at_once", message, 1)
        })
    }

    /// Counts a complete body.
    ///
    /// # Errors
    /// 429 if the device has sent too much.
    pub(super) fn count_body(&self, kib: NonZeroU32) -> Result<(), ApiError> {
        let message = "This device sends too much. Send the request again in a moment.";
        match self.body_rate.check_n(kib) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(ApiError::too_many("too_many_bytes", message, seconds(wait)))
            }
            Err(_) => Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)),
        }
    }

    /// Waits until the device may read from the database: one device does not occupy all connections.
    pub(super) async fn turn_to_read(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.readers).acquire_owned().await.ok()
    }
}

fn seconds(wait: std::time::Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)
}
