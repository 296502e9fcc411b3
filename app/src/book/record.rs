//! Recording mutations: the warehouse's own checks beside the client's, reversals, and order numbers.

use client::RecordError;
use domain::{Action, Entity, Operation, claims, reversal_of};
use serde::Serialize;
use sync::{Draft, Mutation, Refusal, Store, StoreError};
use uuid::Uuid;

use super::Book;

const ORDER_COUNTER: &str = "order";

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
        let base = self.client().revision_of(&action).await?;
        self.record(action, base).await
    }

    /// Saves an action made on revision `base` of its row. `Ok` means that it survives a power cut.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record(&self, action: Action, base: u64) -> Result<Mutation<Action>, RecordError> {
        let draft = self.draft(action, base, None);
        self.check(&draft).await?;
        self.client().save(draft).await
    }

    /// Saves an action on a row that this device does not hold: only the server can decide on it.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record_elsewhere(
        &self,
        action: Action,
        base: u64,
    ) -> Result<Mutation<Action>, RecordError> {
        self.client().save(self.draft(action, base, None)).await
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
            self.client().save(draft).await?;
        }
        Ok(())
    }

    /// Mutations on this device that reverse or replace another.
    async fn reversals_of(&self, id: Uuid) -> Result<usize, StoreError> {
        let is_one = |mutation: &Mutation<Action>| mutation.replaces == Some(id) && !mutation.withdrawn;
        let waiting = self.client().queue().iter().filter(|record| is_one(&record.mutation)).count();
        let sent = self.client().journal().await?.iter().filter(|record| is_one(&record.mutation)).count();
        Ok(waiting + sent)
    }

    /// The next order's number: the device's prefix, a mark of this life of its data, and a running number.
    ///
    /// # Errors
    /// [`RecordError::Store`].
    pub(crate) async fn next_order_number(&self) -> Result<String, RecordError> {
        let number = self.store().next_number(ORDER_COUNTER).await;
        let number = self.client().noted_save(number)?;
        let prefix = self.device_prefix();
        // Counting starts again when the browser wiped the device, so the mark keeps numbers apart.
        let mark = self.client().client_id().as_u128() & 0xffff;
        Ok(format!("{prefix}-{mark:04X}-{number:04}"))
    }

    /// Whether an order is in the queue, or among those acknowledged last.
    pub(crate) async fn has_order(&self, id: Uuid) -> bool {
        let is_it = |action: &Action| matches!(action, Action::PlaceOrder(order) if order.id == id);
        let is_queued = self.client().queue().iter().any(|record| is_it(&record.mutation.action));
        is_queued
            || self
                .client()
                .journal()
                .await
                .is_ok_and(|sent| sent.iter().any(|record| is_it(&record.mutation.action)))
    }

    fn draft(&self, action: Action, base: u64, replaces: Option<Uuid>) -> Draft<Action> {
        self.put_person_first();
        self.client().draft(action, base, replaces)
    }

    async fn check(&self, draft: &Draft<Action>) -> Result<(), RecordError> {
        self.client().check(draft).await?;
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
}
