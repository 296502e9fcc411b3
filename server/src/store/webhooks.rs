//! The port to webhooks. Their events are not stored: they are what the ledger and the rows have after a webhook's position,
//! which is a place in the order of the site's revisions.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde_json::value::RawValue;
use sync::UnixMillis;
use uuid::Uuid;

use super::StoreFault;

/// Webhooks of one site.
pub const MAX_WEBHOOKS_PER_SITE: u64 = 20;
/// Events read for one request to a receiver.
pub const MAX_BATCH_EVENTS: usize = 100;
/// Their JSON. A single event may be larger: an order of 200 lines has about 60 KB.
pub const MAX_BATCH_BYTES: usize = 256 * 1024;
/// The part of a position behind all events of its revision; it sorts after every other one.
const END: &str = "~";

/// The kinds of events, in the order within a revision: goods are named before they move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// A product's row as it is after a change, or that it was deleted. Changes that come before the webhook has been told
    /// become one event.
    ProductChanged,
    /// A delivery's row as it is after a change. As with products.
    DeliveryChanged,
    /// A line of the stock ledger.
    MovementBooked,
    /// An order with its lines.
    OrderBooked,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::ProductChanged, Self::DeliveryChanged, Self::MovementBooked, Self::OrderBooked];

    /// As stored and sent: `movement.booked`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProductChanged => "product.changed",
            Self::DeliveryChanged => "delivery.changed",
            Self::MovementBooked => "movement.booked",
            Self::OrderBooked => "order.booked",
        }
    }

    /// Its letter in the part of a position; letters are in the order of kinds.
    const fn letter(self) -> char {
        match self {
            Self::ProductChanged => 'a',
            Self::DeliveryChanged => 'b',
            Self::MovementBooked => 'c',
            Self::OrderBooked => 'd',
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for EventKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            format!("There is no event {name}. Choose from {}.", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// A place in the order of a site's events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The site's revision.
    pub rev: u64,
    /// The event within it, or its end.
    pub part: String,
}

impl Position {
    /// Behind all events of a revision.
    pub fn end_of(rev: u64) -> Self {
        Self { rev, part: END.to_owned() }
    }

    /// Of an event, by the key of its row.
    pub(super) fn of(rev: u64, kind: EventKind, key: &str) -> Self {
        Self { rev, part: format!("{}{key}", kind.letter()) }
    }

    /// The kind and the key of the event; none behind a revision.
    pub(super) fn event(&self) -> Option<(EventKind, &str)> {
        let kind = EventKind::ALL.into_iter().find(|kind| self.part.starts_with(kind.letter()))?;
        Some((kind, self.part.strip_prefix(kind.letter())?))
    }
}

/// The key of signatures: `whsec_` and Base64. It is not shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of this text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How far a webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookState {
    /// Behind the last event that it was told.
    pub position: Position,
    /// Attempts that failed since the last one that did not.
    pub failures: u64,
    /// The first of them.
    pub failing_since: Option<UnixMillis>,
    /// Before this, there is no attempt.
    pub next_attempt_at: UnixMillis,
    /// The reason why the last attempt failed; empty if it did not.
    pub last_error: String,
    /// The last attempt that did not fail.
    pub delivered_at: Option<UnixMillis>,
    /// When it was given up: nothing is sent any more.
    pub dead_at: Option<UnixMillis>,
}

impl WebhookState {
    /// Of a webhook that is told what comes after a position.
    pub fn after(position: Position) -> Self {
        Self {
            position,
            failures: 0,
            failing_since: None,
            next_attempt_at: UnixMillis(0),
            last_error: String::new(),
            delivered_at: None,
            dead_at: None,
        }
    }
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its site.
    pub site: String,
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// The key of signatures.
    pub secret: Secret,
    /// The events that it is told.
    pub kinds: Vec<EventKind>,
    /// The server's clock.
    pub created_at: UnixMillis,
    /// How far it is.
    pub state: WebhookState,
}

/// A webhook to be created. It is told what is booked from now on.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Its site.
    pub site: String,
    /// Its id.
    pub id: Uuid,
    /// Where events are sent.
    pub url: String,
    /// The key of signatures.
    pub secret: Secret,
    /// The events that it is told.
    pub kinds: Vec<EventKind>,
    /// The server's clock.
    pub now: UnixMillis,
}

/// An event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The same whenever the event is sent.
    pub id: Uuid,
    /// Where it is in the order of events.
    pub position: Position,
    /// The event as it is sent, with its id.
    pub json: Box<RawValue>,
}

/// The next events for a webhook.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// In order; at most [`MAX_BATCH_EVENTS`] and, unless it is one, [`MAX_BATCH_BYTES`].
    pub events: Vec<Event>,
    /// Where the webhook is once it has been told.
    pub through: Position,
    /// Whether there are no more.
    pub is_last: bool,
}

/// The right of one server to deliver, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The server's process.
    pub owner: Uuid,
    /// The server's clock.
    pub now: UnixMillis,
    /// From then on, another server may deliver.
    pub until: UnixMillis,
}

/// Keeps webhooks, and reads their events.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// Creates a webhook, unless its site has [`MAX_WEBHOOKS_PER_SITE`].
    async fn add_webhook(&self, new: NewWebhook) -> Result<(), StoreFault>;

    /// The webhooks of a site, oldest first.
    async fn webhooks(&self, site: &str) -> Result<Vec<Webhook>, StoreFault>;

    /// The number of events that a webhook has not been told; at most `most`.
    async fn pending_events(&self, webhook: &Webhook, most: u64) -> Result<u64, StoreFault>;

    /// Whether some of what a webhook has not been told is forgotten: rows whose tombstones were purged, or entries of the ledger
    /// that were packed.
    async fn has_forgotten(&self, webhook: &Webhook) -> Result<bool, StoreFault>;

    /// Removes a webhook. False if there is none.
    async fn remove_webhook(&self, site: &str, id: Uuid, now: UnixMillis) -> Result<bool, StoreFault>;

    /// Forgets the failures of a webhook, dead or not: the next attempt is due. False if there is none.
    async fn retry_webhook(&self, site: &str, id: Uuid) -> Result<bool, StoreFault>;

    /// The webhooks of all sites that may have something to be told now and that no other server delivers.
    async fn due_webhooks(&self, owner: Uuid, now: UnixMillis) -> Result<Vec<(String, Uuid)>, StoreFault>;

    /// A webhook and its next events, from one snapshot. None if there is no such webhook, or an import closes the site.
    async fn next_events(&self, site: &str, id: Uuid) -> Result<Option<(Webhook, EventBatch)>, StoreFault>;

    /// Takes or prolongs the right to deliver. False if another server has it, or no attempt is due.
    async fn lease_webhook(&self, site: &str, id: Uuid, lease: Lease) -> Result<bool, StoreFault>;

    /// Stores the state after an attempt, and keeps the right to deliver until a time, or gives it back. False if it was lost
    /// meanwhile: then nothing is stored.
    async fn settle_webhook(
        &self,
        webhook: &Webhook,
        owner: Uuid,
        until: Option<UnixMillis>,
    ) -> Result<bool, StoreFault>;

    /// Moves a webhook to a position before which it has nothing to be told, unless it has moved since it was read.
    async fn skip_to(&self, webhook: &Webhook, position: Position) -> Result<(), StoreFault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_in_the_order_of_events() {
        let id = Uuid::from_u128;
        let of = |rev, kind, key: String| Position::of(rev, kind, &key);
        let ordered = [
            Position::end_of(6),
            of(7, EventKind::ProductChanged, id(1).to_string()),
            of(7, EventKind::ProductChanged, id(0xff << 120).to_string()),
            of(7, EventKind::DeliveryChanged, id(0).to_string()),
            of(7, EventKind::MovementBooked, format!("{:020}", 9)),
            of(7, EventKind::MovementBooked, format!("{:020}", 10)),
            of(7, EventKind::OrderBooked, id(0).to_string()),
            Position::end_of(7),
            of(8, EventKind::ProductChanged, id(0).to_string()),
        ];
        assert!(ordered.is_sorted(), "{ordered:?}");
        let kinds = EventKind::ALL;
        assert!(kinds.is_sorted());
        for kind in kinds {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(Position::of(1, kind, "x").event(), Some((kind, "x")));
        }
        assert_eq!(Position::end_of(1).event(), None);
        assert_eq!(
            "lot.changed".parse::<EventKind>(),
            Err("There is no event lot.changed. Choose from product.changed, delivery.changed, movement.booked, \
                 order.booked."
                .to_owned())
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("whsec_x".to_owned())), "Secret");
    }
}
