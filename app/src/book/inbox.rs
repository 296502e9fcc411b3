//! What a person decides in the inbox.

use client::RecordError;
use domain::{Entity, Operation};
use serde_json::json;
use sync::StoreError;
use uuid::Uuid;

use super::Book;

impl Book {
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
