//! The mutation envelope, and the device's records of it: in the queue until the server has decided, in the
//! journal afterwards.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{Model, Records};
use crate::protocol::{ALREADY_BOOKED, Outcome, WITHDRAWN};

/// Milliseconds since 1970-01-01 UTC, according to some clock. Never used for ordering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This time plus `millis`.
    #[must_use]
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add_unsigned(millis))
    }

    /// Milliseconds from `earlier` to this time; 0 when the clock went backwards.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// The people who answer for a mutation, where devices know people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    /// The person who did it.
    pub person: Uuid,
    /// The person who approved it, if that was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Uuid>,
    /// The newest revision of the site that the device knew of, which says what both were permitted then; 0 for none.
    #[serde(default)]
    pub seen_rev: u64,
}

/// A mutation that the store has not numbered yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<A> {
    /// UUIDv7, made on the device: the same id is never booked twice.
    pub id: Uuid,
    /// The action.
    pub action: A,
    /// For an edit, the revision of the row that it is based on; for any other action, the site's revision
    /// that the device knew of ([`Cursor::rev`](crate::Cursor::rev)). 0 for none.
    pub base: u64,
    /// The name of the device or person that made it: a claim.
    pub author: String,
    /// The people who answer for it, if any.
    pub signed_by: Option<SignedBy>,
    /// The time of the action, by the device's clock.
    pub captured_at: UnixMillis,
    /// The pending mutation that creates the row this one needs.
    pub depends_on: Option<Uuid>,
    /// The failed mutation that this one replaces.
    pub replaces: Option<Uuid>,
}

/// A named intent with its delivery state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mutation<A> {
    /// Position in the device's queue. It rises monotonically, and may have gaps.
    pub seq: u64,
    /// UUIDv7, made on the device.
    pub id: Uuid,
    /// The action.
    pub action: A,
    /// For an edit, the revision of the row that it is based on; for any other action, the site's revision
    /// that the device knew of ([`Cursor::rev`](crate::Cursor::rev)). 0 for none.
    #[serde(default)]
    pub base: u64,
    /// The name of the device or person that made it: a claim.
    pub author: String,
    /// The people who answer for it, if any. Builds that do not know this field drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<SignedBy>,
    /// The time of the action, by the device's clock.
    pub captured_at: UnixMillis,
    /// The shape of `action`: [`Records::SCHEMA`] of the build that made it.
    pub schema: u32,
    /// The earlier mutation that creates the row this one needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends_on: Option<Uuid>,
    /// The failed mutation that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Uuid>,
    /// Withdrawn while it was pending. It may have been sent before, so the server is asked to make sure that
    /// it is not booked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl<A> Mutation<A> {
    /// Numbers a draft.
    pub fn from_draft(draft: Draft<A>, seq: u64, schema: u32) -> Self {
        let Draft { id, action, base, author, signed_by, captured_at, depends_on, replaces } = draft;
        Self {
            seq,
            id,
            action,
            base,
            author,
            signed_by,
            captured_at,
            schema,
            depends_on,
            replaces,
            withdrawn: false,
        }
    }

    /// The effect of `outcome` on this mutation.
    pub fn settlement<R: Clone>(&self, outcome: &Outcome<R>) -> Settlement {
        match (outcome.verdict.is_booked(), self.withdrawn) {
            (true, true) if outcome.code != WITHDRAWN => Settlement::Overtaken,
            (true, _) => Settlement::Acknowledged,
            // A withdrawn mutation that was not booked is settled: the withdrawal succeeded.
            (false, true) if outcome.code != ALREADY_BOOKED => Settlement::Acknowledged,
            (false, _) => Settlement::Attention,
        }
    }

    /// The mutation without its number, for another device's queue.
    pub fn into_draft(self) -> Draft<A> {
        let Self { id, action, base, author, signed_by, captured_at, depends_on, replaces, .. } = self;
        Draft { id, action, base, author, signed_by, captured_at, depends_on, replaces }
    }

    /// The same mutation with its action in another form.
    pub fn with_action<B>(self, action: B) -> Mutation<B> {
        let Self {
            seq,
            id,
            base,
            author,
            signed_by,
            captured_at,
            schema,
            depends_on,
            replaces,
            withdrawn,
            action: _,
        } = self;
        Mutation {
            seq,
            id,
            action,
            base,
            author,
            signed_by,
            captured_at,
            schema,
            depends_on,
            replaces,
            withdrawn,
        }
    }
}

/// The effect of an outcome on the pending mutation it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is settled.
    Acknowledged,
    /// It needs a person's attention.
    Attention,
    /// It was withdrawn after the request that this answers: only the answer to the withdrawal counts.
    Overtaken,
}

/// The state of a queued mutation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueState<R: Clone> {
    /// Saved on this device, not yet decided by the server.
    Pending,
    /// Not booked by the server; it waits for a person and is not part of the view.
    Attention(Outcome<R>),
}

/// One record of the outbound queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueRecord<A, R: Clone> {
    /// The mutation.
    pub mutation: Mutation<A>,
    /// Its state.
    pub state: QueueState<R>,
}

impl<A, R: Clone> QueueRecord<A, R> {
    /// Whether the server has yet to decide it.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, QueueState::Pending)
    }
}

/// An acknowledged mutation, kept in case the server is restored from a backup that lacks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalRecord<A, R: Clone> {
    /// The mutation.
    pub mutation: Mutation<A>,
    /// The server's decision.
    pub outcome: Outcome<R>,
    /// The time at which the device stored that answer.
    pub acknowledged_at: UnixMillis,
}

/// A model's queue record.
pub type QueueRecordOf<M> = QueueRecord<<M as Records>::Action, <M as Records>::Row>;

/// A model's journal record.
pub type JournalRecordOf<M> = JournalRecord<<M as Records>::Action, <M as Records>::Row>;

/// The latest queued mutation that creates a row which `action` touches: if that mutation fails, `action`
/// fails too.
pub fn dependency<'a, M: Model>(
    action: &M::Action,
    queue: impl IntoIterator<Item = &'a QueueRecordOf<M>, IntoIter: DoubleEndedIterator>,
) -> Option<Uuid> {
    let touched = M::touches(action);
    queue
        .into_iter()
        .rev()
        .filter(|record| !record.mutation.withdrawn)
        .find(|record| M::creates(&record.mutation.action).is_some_and(|key| touched.contains(&key)))
        .map(|record| record.mutation.id)
}
