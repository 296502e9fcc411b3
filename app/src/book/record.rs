//! Saving mutations: the warehouse's own checks in addition to the client's, reversals, and order numbers.

use client::RecordError;
use domain::{Action, Entity, Operation, claims, reversal_of};
use serde::Serialize;
use sync::{Draft, Mutation, Refusal, Store, StoreError};
use uuid::Uuid;

use super::Book;

const ORDER_COUNTER: &str = "order";

impl Book {
    /// Saves an operation on an entity, based on the current row. `data` contains the payload's fields, `id`
    /// its `id`.
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

    /// Saves an action; an edit is based on revision `base` of its row. After `Ok`, it survives a power cut.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record(&self, action: Action, base: u64) -> Result<Mutation<Action>, RecordError> {
        self.have_people().await?;
        let mut draft = self.draft(action, base, None);
        self.check_or_ask(&mut draft).await?;
        self.client().save(draft).await
    }

    /// Saves what the app records itself; asks for no approval.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(super) async fn record_unasked(&self, action: Action) -> Result<(), RecordError> {
        self.have_people().await?;
        let mut draft = self.draft(action, 0, None);
        self.check(&mut draft).await?;
        self.client().save(draft).await.map(drop)
    }

    /// Saves an action on a row that is not on this device: only the server can check it.
    ///
    /// # Errors
    /// [`RecordError`]; nothing was saved.
    pub(crate) async fn record_elsewhere(
        &self,
        action: Action,
        base: u64,
    ) -> Result<Mutation<Action>, RecordError> {
        self.have_people().await?;
        let mut draft = self.draft(action, base, None);
        self.permit_elsewhere(&mut draft).await?;
        self.client().save(draft).await
    }

    /// Saves the reversal of a booked mutation; each part refers to it. A no-op if it is reversed already.
    ///
    /// # Errors
    /// [`RecordError`]; parts before the failed one are saved, and a retry does not save them again.
    pub(crate) async fn reverse(&self, mutation: &Mutation<Action>) -> Result<(), RecordError> {
        // A second tap during the first call.
        if self.0.reversing.replace(Some(mutation.id)) == Some(mutation.id) {
            return Ok(());
        }
        let done = self.reverse_rest(mutation).await;
        self.0.reversing.set(None);
        done
    }

    async fn reverse_rest(&self, mutation: &Mutation<Action>) -> Result<(), RecordError> {
        self.have_people().await?;
        let parts = reversal_of(&mutation.action).unwrap_or_default();
        let saved = self.reversals_of(mutation.id).await?;
        for action in parts.into_iter().skip(saved) {
            let mut draft = self.draft(action, 0, Some(mutation.id));
            self.check_or_ask(&mut draft).await?;
            self.client().save(draft).await?;
        }
        Ok(())
    }

    /// Number of mutations on this device that reverse or replace another.
    async fn reversals_of(&self, id: Uuid) -> Result<usize, StoreError> {
        let is_one = |mutation: &Mutation<Action>| mutation.replaces == Some(id) && !mutation.withdrawn;
        let waiting = self.client().queue().iter().filter(|record| is_one(&record.mutation)).count();
        let sent = self.client().journal().await?.iter().filter(|record| is_one(&record.mutation)).count();
        Ok(waiting + sent)
    }

    /// The next order number: the device's prefix, a mark of this life of its database, and a counter.
    ///
    /// # Errors
    /// [`RecordError::Store`].
    pub(crate) async fn next_order_number(&self) -> Result<String, RecordError> {
        let number = self.store().next_number(ORDER_COUNTER).await;
        let number = self.client().noted_save(number)?;
        let prefix = self.device_prefix();
        // The counter starts again after the browser removed the data, so the mark keeps numbers unique.
        let mark = self.client().client_id().as_u128() & 0xffff;
        Ok(format!("{prefix}-{mark:04X}-{number:04}"))
    }

    /// The mutation that placed an order, from the queue as it is stored now or from the journal.
    ///
    /// # Errors
    /// [`RecordError::Store`].
    pub(crate) async fn placed_order(&self, id: Uuid) -> Result<Option<Mutation<Action>>, RecordError> {
        let is_it = |mutation: &Mutation<Action>| {
            !mutation.withdrawn && matches!(&mutation.action, Action::PlaceOrder(order) if order.id == id)
        };
        // The notice of another window may be on its way.
        self.client().reload_queue().await?;
        let queue = self.client().queue();
        if let Some(record) = queue.iter().find(|record| is_it(&record.mutation)) {
            return Ok(Some(record.mutation.clone()));
        }
        let sent = self.client().journal().await?;
        Ok(sent.into_iter().map(|record| record.mutation).find(is_it))
    }

    /// Whether such a mutation is in the queue or in the journal.
    pub(crate) async fn has_saved(&self, is_it: impl Fn(&Mutation<Action>) -> bool) -> bool {
        let is_queued = self.client().queue().iter().any(|record| is_it(&record.mutation));
        is_queued
            || self
                .client()
                .journal()
                .await
                .is_ok_and(|sent| sent.iter().any(|record| is_it(&record.mutation)))
    }

    pub(super) fn draft(&self, action: Action, base: u64, replaces: Option<Uuid>) -> Draft<Action> {
        self.pause_catalogue();
        self.client().draft(action, base, replaces)
    }

    pub(super) async fn check(&self, draft: &mut Draft<Action>) -> Result<(), RecordError> {
        self.client().check(draft).await?;
        self.check_claims(&draft.action).await
    }

    /// Refuses a SKU that another product on this device has.
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
