//! What a person decides in the inbox.

use domain::{Action, Entity, Operation, StockException};
use serde_json::json;
use sync::StoreError;
use uuid::Uuid;

use super::{Book, RecordError};

impl Book {
    /// Somebody has looked at it; `reason` says what came of it.
    ///
    /// # Errors
    /// [`RecordError`]; it is still there.
    pub(crate) async fn resolve_exception(
        &self,
        exception: &StockException,
        reason: &str,
    ) -> Result<(), RecordError> {
        let seen = Some(exception.sighting());
        let StockException { kind, product_id, lot, .. } = exception.clone();
        let reason = reason.trim().to_owned();
        self.record(Action::ResolveException { kind, product_id, lot, reason, seen }, 0).await.map(drop)
    }

    /// Gives a product the code that nobody knew.
    ///
    /// # Errors
    /// [`RecordError`]; the code still waits.
    pub(crate) async fn assign_code(&self, code: &str, product: Uuid) -> Result<(), RecordError> {
        let data = json!({ "patch": { "barcode": code } });
        self.queue_mutation(Operation::Update, Entity::Product, product, data).await?;
        Ok(self.forget_unknown(code).await?)
    }

    /// Forgets the codes that are known by now: some product's, a bin's, a delivery's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn forget_known_codes(&self) -> Result<(), StoreError> {
        for unknown in self.unknown_codes().await? {
            if self.find_code(&unknown.code).await?.is_some() {
                self.forget_unknown(&unknown.code).await?;
            }
        }
        Ok(())
    }
}
