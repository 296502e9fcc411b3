//! Decisions of a person in the inbox.

use client::RecordError;
use domain::{Entity, Operation};
use serde_json::json;
use sync::StoreError;
use uuid::Uuid;

use super::Book;

impl Book {
    /// Assigns an unknown code to a product.
    ///
    /// # Errors
    /// [`RecordError`]; the code stays in the list.
    pub(crate) async fn assign_code(&self, code: &str, product: Uuid) -> Result<(), RecordError> {
        let data = json!({ "patch": { "barcode": code } });
        self.queue_mutation(Operation::Update, Entity::Product, product, data).await?;
        Ok(self.forget_unknown(code).await?)
    }

    /// Removes codes that are known by now as the code of a product, a bin or a delivery.
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
