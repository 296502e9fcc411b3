//! Mutations: check against the current view, save, undo, discard and retry.

use std::rc::Rc;

use futures::FutureExt;
use serde::Serialize;
use serde_json::Value;
use sync::{
    Draft, Model, Mutation, Notice, QueueState, Read, Records, Refusal, Removal, SignedBy, Store, StoreError,
    TakenIn, Timer, Unsent, UnsentError, dependency,
};
use uuid::Uuid;

use crate::client::{Change, Client, Signal, Signer, Update};
use crate::host::{ActionOf, Host, QueuedOf};

/// A little more than one frame at 60 Hz. A timer, because a hidden page draws no frames.
const FRAME_MILLIS: u64 = 20;

/// The reason why nothing was saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Invalid, or refused by a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The device could not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The revision that an edit is based on when it is sent again. Anything else keeps its base: it happened when it
/// was recorded first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryBase {
    /// That of the row in the outcome: the edit wins over what the person was shown, and not over what came later.
    Shown,
    /// That of the refused edit: it wins over nothing.
    Unchanged,
}

/// The signature of a draft whose device's revision is not known yet.
fn signed(Signer { person, approved_by }: Signer) -> SignedBy {
    SignedBy { person, approved_by, seen_rev: 0 }
}

/// A model whose mutations can be named by operation and entity, with the payload as data.
pub trait Entities: Model {
    /// The action that `operation` (such as `"UPDATE"`) on the `entity` (such as `"course"`) with this id and payload is.
    /// By default the one whose JSON is `{"update_course": {"id": …, …}}` with the payload's fields: an enum with such
    /// variants, renamed to snake case, needs no more.
    ///
    /// # Errors
    /// A [`Refusal`] for an unknown operation or entity, or for data that is not its payload.
    fn action(operation: &str, entity: &str, id: Uuid, data: Value) -> Result<Self::Action, Refusal> {
        let malformed =
            |reason: String| Refusal::new("malformed", format!("This cannot be saved: {reason}."));
        let Value::Object(mut payload) = data else { return Err(malformed("it is no object".to_owned())) };
        payload.insert("id".to_owned(), Value::String(id.to_string()));
        let name = format!("{operation}_{entity}").to_lowercase();
        let action = Value::Object([(name, Value::Object(payload))].into_iter().collect());
        serde_json::from_value(action).map_err(|error| malformed(error.to_string()))
    }
}

impl<H: Host> Client<H> {
    /// Saves an operation on an entity, based on the current row.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub async fn queue_mutation(
        &self,
        operation: &str,
        entity: &str,
        id: Uuid,
        data: impl Serialize,
    ) -> Result<Mutation<ActionOf<H>>, RecordError>
    where
        H::Model: Entities,
    {
        let data = serde_json::to_value(data)
            .map_err(|error| Refusal::new("malformed", format!("This cannot be saved: {error}.")))?;
        let action = H::Model::action(operation, entity, id, data)?;
        let base = self.revision_of(&action).await?;
        self.record(action, base).await
    }

    /// Saves an action; an edit is based on revision `base` of its row (0 for none). After `Ok`, it survives a
    /// power cut.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub async fn record(&self, action: ActionOf<H>, base: u64) -> Result<Mutation<ActionOf<H>>, RecordError> {
        let mut draft = self.draft(action, base, None);
        self.check(&mut draft).await?;
        self.save(draft).await
    }

    /// An unsaved mutation; `replaces` is the failed mutation that it retries, or the booked one that it
    /// reverses.
    pub fn draft(&self, action: ActionOf<H>, base: u64, replaces: Option<Uuid>) -> Draft<ActionOf<H>> {
        let queue = self.queue();
        // A retry does not depend on the failed mutation.
        let others = queue.iter().map(Rc::as_ref).filter(|record| Some(record.mutation.id) != replaces);
        Draft {
            id: self.host().new_id(),
            depends_on: dependency::<H::Model>(&action, others),
            action,
            base,
            author: self.author(),
            signed_by: self.signer().map(signed),
            captured_at: self.now(),
            replaces,
        }
    }

    /// Applies the draft to the current view: the server would refuse the same drafts. A draft that edits no
    /// row gets its base from that view.
    ///
    /// # Errors
    /// [`RecordError`].
    pub async fn check(&self, draft: &mut Draft<ActionOf<H>>) -> Result<(), RecordError> {
        let touched = H::Model::touches(&draft.action);
        let reads: Vec<Read> = touched.iter().cloned().map(Read::Row).collect();
        let mut shown = self.view(&reads, |key| touched.contains(key)).await?;
        if H::Model::edits(&draft.action).is_none() {
            draft.base = shown.site_rev;
        }
        if let Some(signed) = &mut draft.signed_by {
            signed.seen_rev = shown.site_rev;
        }
        let mutation = Mutation::from_draft(draft.clone(), 0, H::Model::SCHEMA);
        self.permit(&mutation, &shown.view.rows)?;
        H::Model::apply(&mutation, &mut shown.view.rows)?;
        Ok(())
    }

    /// Saves a draft. Without a check, for a row that is not on this device: only the server can check it.
    ///
    /// # Errors
    /// [`RecordError::Store`]; nothing was saved, unless it is [`StoreError::Undecided`].
    pub async fn save(&self, draft: Draft<ActionOf<H>>) -> Result<Mutation<ActionOf<H>>, RecordError> {
        let mutation = self.noted_save(self.store().enqueue(draft).await)?;
        match self.0.mirror.add(mutation.clone()) {
            Some(record) => self.index(Update::Added(record)).await,
            // The mutation is stored; the next reader of an unreadable store reports the error.
            None => drop(self.reload_queue().await),
        }
        self.tell_of_queue(&Signal::Enqueued);
        Ok(mutation)
    }

    /// Retries a refused mutation as a new one, [as shown](RetryBase::Shown).
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged.
    pub async fn retry(&self, id: Uuid) -> Result<Mutation<ActionOf<H>>, RecordError> {
        let action = self.entry(id)?.mutation.action.clone();
        self.retry_as(id, action, RetryBase::Shown).await
    }

    /// Replaces a refused mutation by another action on the same row, such as a part of it.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged.
    pub async fn retry_as(
        &self,
        id: Uuid,
        action: ActionOf<H>,
        base: RetryBase,
    ) -> Result<Mutation<ActionOf<H>>, RecordError> {
        self.retry_signed(id, action, base, self.signer().map(signed)).await
    }

    /// Like [`Self::retry_as`], with others who answer for it than whoever works on the device now.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged.
    pub async fn retry_signed(
        &self,
        id: Uuid,
        action: ActionOf<H>,
        base: RetryBase,
        signed_by: Option<SignedBy>,
    ) -> Result<Mutation<ActionOf<H>>, RecordError> {
        let entry = self.entry(id)?;
        let base = match base {
            RetryBase::Shown => self.shown_revision(&entry).await?,
            RetryBase::Unchanged => entry.mutation.base,
        };
        let draft = Draft { signed_by, ..self.draft(action, base, Some(id)) };
        let replaced = self.noted_save(self.store().settle(entry.mutation.seq, Some(draft)).await)?;
        self.queue_changed(&Signal::Enqueued).await;
        Ok(replaced.ok_or(StoreError::Gone)?)
    }

    async fn shown_revision(&self, entry: &QueuedOf<H>) -> Result<u64, StoreError> {
        let Some(key) = H::Model::edits(&entry.mutation.action) else { return Ok(entry.mutation.base) };
        let held = self.revision_of(&entry.mutation.action).await?;
        let QueueState::Attention(outcome) = &entry.state else { return Ok(held) };
        let row = outcome.rows.iter().find(|shown| H::Model::key(&shown.row) == key);
        let is_gone = |gone: &&Removal| gone.table == key.table && gone.key == key.key;
        let gone = || outcome.removed.iter().find(is_gone).map(|gone| gone.rev);
        Ok(match row.map(|shown| shown.rev).or_else(gone) {
            // A server restored from a backup has counted back.
            Some(shown) if held > 0 => shown.min(held),
            Some(shown) => shown,
            None => held,
        })
    }

    /// Drops an entry: undoes a pending one, or keeps the server's row.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged, or was handled already.
    pub async fn discard(&self, id: Uuid) -> Result<(), RecordError> {
        let entry = self.entry(id)?;
        let seq = entry.mutation.seq;
        if entry.is_pending() {
            self.store().withdraw(seq).await?;
        } else {
            self.store().settle(seq, None).await?;
        }
        self.queue_changed(&Signal::Changed(Change::of_queue())).await;
        Ok(())
    }

    /// Adds the entries of a file of unsent mutations to the queue. Importing a file again adds nothing.
    ///
    /// # Errors
    /// [`UnsentError`]: the error in the file, or of the device. Entries added before a failure stay.
    pub async fn take_in_unsent(&self, file: &str) -> Result<TakenIn, UnsentError> {
        let taken = Unsent::read(file)?.take_in(self.store(), self.server_now()).await;
        if let Err(UnsentError::Store(error)) = &taken {
            drop(self.noted_save::<()>(Err(error.clone())));
        }
        self.queue_changed(&Signal::Enqueued).await;
        taken
    }

    /// The current revision of the row that an action edits; 0 for an action that edits none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revision_of(&self, action: &ActionOf<H>) -> Result<u64, StoreError> {
        let Some(key) = H::Model::edits(action) else { return Ok(0) };
        Ok(self.store().get(&key).await?.map_or(0, |held| held.rev))
    }

    /// Resolves after the paint of the last save's message and the signal to all screens, so that a page
    /// opened then is read once.
    pub async fn save_drawn(&self) {
        let drawn = self.0.save_drawn.borrow().clone();
        if let Some(drawn) = drawn {
            drawn.await;
        }
    }

    fn entry(&self, id: Uuid) -> Result<Rc<QueuedOf<H>>, StoreError> {
        let queue = self.queue();
        queue.iter().find(|record| record.mutation.id == id).cloned().ok_or(StoreError::Gone)
    }

    async fn queue_changed(&self, signal: &Signal) {
        // The change is stored even if this fails.
        drop(self.reload_queue().await);
        self.tell_of_queue(signal);
    }

    /// Notifies the other windows at once, and this window's screens a frame later, so that the message of
    /// the save is painted first.
    fn tell_of_queue(&self, signal: &Signal) {
        self.tell(&Notice::QueueChanged);
        if !matches!(signal, Signal::Changed(_)) {
            self.emit(signal);
        }
        let timer = self.host().timer().clone();
        let drawn = async move { timer.sleep(FRAME_MILLIS).await }.boxed_local().shared();
        self.0.save_drawn.replace(Some(drawn.clone()));
        let client = self.clone();
        self.host().spawn(Box::pin(async move {
            drawn.await;
            client.emit(&Signal::Changed(Change::of_queue()));
            client.look_for_threats().await;
        }));
    }
}
