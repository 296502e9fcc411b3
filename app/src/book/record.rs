//! Recording work: checked against what the screen shows, saved durably, and taken back or tried again later.

use domain::{Action, Entity, Operation, Warehouse, claims, reversal_of};
use futures::FutureExt;
use gloo_timers::future::TimeoutFuture;
use serde::Serialize;
use sync::{Draft, Model, Mutation, Read, Records, Refusal, RowKey, Store, StoreError, dependency};
use uuid::Uuid;

use super::{Book, Queued, Signal};

const ORDER_COUNTER: &str = "order";
/// A frame of 60 Hz, and some. A page out of sight draws nothing, so this is no wait for a frame itself.
const FRAME_MILLIS: u32 = 20;

/// Why something was not saved. Nothing of it was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    /// It makes no sense, or breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The device could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Book {
    /// Saves an operation on an entity, on the row as it is now. `data` gives the payload's fields, `id` its `id`.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn queue_mutation(
        &self,
        operation: Operation,
        entity: Entity,
        id: Uuid,
        data: impl Serialize,
    ) -> Result<Mutation<Action>, RecordError> {
        let malformed =
            |error: serde_json::Error| Refusal::new("malformed", format!("This cannot be saved: {error}."));
        let kind = Action::kind_of(operation, entity).ok_or_else(|| {
            Refusal::new("unknown_kind", format!("{operation:?} is not something to do with a {entity:?}."))
        })?;
        let mut payload = serde_json::to_value(data).map_err(malformed)?;
        if let Some(fields) = payload.as_object_mut() {
            fields.insert("id".to_owned(), serde_json::json!(id));
        }
        let action = serde_json::json!({ kind: payload }).to_string();
        let action: Action = serde_json::from_str(&action).map_err(malformed)?;
        let base = self.revision_of(&action).await?;
        self.record(action, base).await
    }

    /// Saves an action made on revision `base` of its row. `Ok` means that it survives a power cut.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record(&self, action: Action, base: u64) -> Result<Mutation<Action>, RecordError> {
        self.check(&self.draft(action.clone(), base, None)).await?;
        self.record_elsewhere(action, base).await
    }

    /// The same for a row that this device does not hold: only the server can say whether it fits.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record_elsewhere(
        &self,
        action: Action,
        base: u64,
    ) -> Result<Mutation<Action>, RecordError> {
        let draft = self.draft(action, base, None);
        let mutation = self.noted_save(self.store().enqueue(draft).await)?;
        // The record is safe whatever this says; a store that cannot be read reports itself to whoever reads.
        drop(self.take_in_saved(&mutation).await);
        self.spread(&Signal::Enqueued);
        Ok(mutation)
    }

    /// Records the opposite of a mutation that is booked; each part names it. Nothing happens where it is reversed already.
    ///
    /// # Errors
    /// [`RecordError`]; parts before the one that failed are saved, and are not saved again by another try.
    pub(crate) async fn reverse(&self, mutation: &Mutation<Action>) -> Result<(), RecordError> {
        // A second tap while the first is at work.
        if self.0.reversing.replace(Some(mutation.id)) == Some(mutation.id) {
            return Ok(());
        }
        let done = self.reverse_rest(mutation).await;
        self.0.reversing.set(None);
        done
    }

    async fn reverse_rest(&self, mutation: &Mutation<Action>) -> Result<(), RecordError> {
        let parts = reversal_of(&mutation.action).unwrap_or_default();
        let saved = self.reversals_of(mutation.id).await?;
        for action in parts.into_iter().skip(saved) {
            let draft = self.draft(action, 0, Some(mutation.id));
            self.check(&draft).await?;
            self.noted_save(self.store().enqueue(draft).await)?;
        }
        self.after_queue_change(Signal::Enqueued).await;
        Ok(())
    }

    /// Mutations on this device that reverse or replace another.
    async fn reversals_of(&self, id: Uuid) -> Result<usize, StoreError> {
        let is_one = |mutation: &Mutation<Action>| mutation.replaces == Some(id) && !mutation.withdrawn;
        let waiting = self.queue().iter().filter(|record| is_one(&record.mutation)).count();
        let sent = self.journal().await?.iter().filter(|record| is_one(&record.mutation)).count();
        Ok(waiting + sent)
    }

    /// Tries a refused mutation again, as a new one on the row as it is now. A conflict is settled in this device's favour by it:
    /// its change comes again, now knowing the other.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is still there.
    pub(crate) async fn retry(&self, id: Uuid) -> Result<(), RecordError> {
        let Queued { mutation, .. } = self.entry(id)?;
        let base = self.revision_of(&mutation.action).await?;
        let draft = self.draft(mutation.action, base, Some(id));
        self.noted_save(self.store().settle(mutation.seq, Some(draft)).await)?;
        self.after_queue_change(Signal::Enqueued).await;
        Ok(())
    }

    /// Drops an entry: undoes a pending one, or keeps what the server has.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is still there, or was handled already.
    pub(crate) async fn discard(&self, id: Uuid) -> Result<(), RecordError> {
        let entry = self.entry(id)?;
        let (store, seq) = (self.store(), entry.mutation.seq);
        if entry.is_pending() {
            store.withdraw(seq).await?;
        } else {
            store.settle(seq, None).await?;
        }
        self.after_queue_change(Signal::Changed).await;
        Ok(())
    }

    /// The next order's number: the device's prefix, a mark of this life of its data, and a running number.
    ///
    /// # Errors
    /// [`RecordError::Store`].
    pub(crate) async fn next_order_number(&self) -> Result<String, RecordError> {
        let number = self.store().next_number(ORDER_COUNTER).await;
        let number = self.noted_save(number)?;
        let prefix = self.device_prefix();
        // Counting starts again when the browser wiped the device, so the mark keeps numbers apart.
        let mark = self.0.client.as_u128() & 0xffff;
        Ok(format!("{prefix}-{mark:04X}-{number:04}"))
    }

    /// Whether an order is in the queue, or among those acknowledged last.
    pub(crate) async fn has_order(&self, id: Uuid) -> bool {
        let is_it = |action: &Action| matches!(action, Action::PlaceOrder(order) if order.id == id);
        let is_queued = self.queue().iter().any(|record| is_it(&record.mutation.action));
        is_queued
            || self.journal().await.is_ok_and(|sent| sent.iter().any(|record| is_it(&record.mutation.action)))
    }

    fn draft(&self, action: Action, base: u64, replaces: Option<Uuid>) -> Draft<Action> {
        self.put_person_first();
        // What is tried again does not wait for its own failure.
        let queue = self.queue();
        let others = queue.iter().filter(|record| Some(record.mutation.id) != replaces);
        Draft {
            id: browser::new_uuid_v7(),
            depends_on: dependency::<Warehouse>(&action, others),
            action,
            base,
            author: self.device_name().unwrap_or_else(|| "unknown device".to_owned()),
            captured_at: browser::now(),
            replaces,
        }
    }

    /// Applies the draft to what the screen shows: what is refused here, the server would refuse as well.
    async fn check(&self, draft: &Draft<Action>) -> Result<(), RecordError> {
        let touched = Warehouse::touches(&draft.action);
        let reads: Vec<Read> = touched.iter().cloned().map(Read::Row).collect();
        let mut rows = self.view(&reads, |key| touched.contains(key)).await?.view.rows;
        let mutation = Mutation::from_draft(draft.clone(), 0, Warehouse::SCHEMA);
        Warehouse::apply(&mutation, &mut rows)?;
        self.check_claims(&draft.action).await
    }

    /// Whether some other product that this device knows of has what the action claims.
    async fn check_claims(&self, action: &Action) -> Result<(), RecordError> {
        for claim in claims(action) {
            let mut holders = self.products_with(&claim).await?.into_iter();
            if let Some(holder) = holders.find(|holder| !action.products().contains(&holder.id)) {
                let message =
                    format!("SKU {} belongs to {} already. Choose another one.", holder.sku, holder.name);
                return Err(Refusal::new("sku_taken", message).into());
            }
        }
        Ok(())
    }

    /// The revision an edit of this row would be made on now.
    async fn revision_of(&self, action: &Action) -> Result<u64, StoreError> {
        let key: Option<RowKey> = match action {
            Action::UpdateLot { .. } | Action::DeleteLot { .. } => Warehouse::touches(action).pop(),
            _ => Warehouse::touches(action).into_iter().next(),
        };
        let Some(key) = key else { return Ok(0) };
        Ok(self.store().get(&key).await?.map_or(0, |held| held.rev))
    }

    fn entry(&self, id: Uuid) -> Result<Queued, StoreError> {
        let queue = self.queue();
        queue.iter().find(|record| record.mutation.id == id).cloned().ok_or(StoreError::Gone)
    }

    /// Comes when the browser has drawn what was said of the last save, together with the word to all screens: a page that
    /// opens then is read once.
    pub(crate) async fn save_shown(&self) {
        let shown = self.0.save_shown.borrow().clone();
        if let Some(shown) = shown {
            shown.await;
        }
    }

    pub(super) async fn after_queue_change(&self, signal: Signal) {
        // What was done is safe, whatever this says.
        drop(self.reload_queue().await);
        self.spread(&signal);
    }

    /// Tells everybody. Screens follow once whoever did it has shown that it is done.
    fn spread(&self, signal: &Signal) {
        self.tell(&sync::Notice::QueueChanged);
        if *signal != Signal::Changed {
            self.emit(signal);
        }
        let shown = TimeoutFuture::new(FRAME_MILLIS).shared();
        self.0.save_shown.replace(Some(shown.clone()));
        let book = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            shown.await;
            book.emit(&Signal::Changed);
            book.look_for_threats().await;
        });
    }
}
