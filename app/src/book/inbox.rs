//! Decisions of a person in the inbox.

use client::RecordError;
use domain::{Action, Entity, Operation};
use serde_json::json;
use uuid::Uuid;

use super::Book;

/// Maximum unknown codes that are looked up again when the inbox opens.
const MAX_LOOK_UPS: usize = 200;

impl Book {
    /// Assigns an unknown code to a product. That settles it on all devices.
    ///
    /// # Errors
    /// [`RecordError`]; the code stays in the list.
    pub(crate) async fn assign_code(&self, code: &str, product: Uuid) -> Result<(), RecordError> {
        let data = json!({ "patch": { "barcode": code } });
        self.queue_mutation(Operation::Update, Entity::Product, product, data).await?;
        Ok(self.forget_local(code).await?)
    }

    /// Settles codes that are known by now as the code of a product, a bin or a delivery.
    ///
    /// # Errors
    /// [`RecordError`].
    pub(crate) async fn settle_known_codes(&self) -> Result<(), RecordError> {
        // Others find them settled by somebody who may.
        if !self.may_alone(&Action::SettleCode { code: String::new() }) {
            return Ok(());
        }
        for unknown in self.unknown_codes().await?.iter().take(MAX_LOOK_UPS) {
            let code = unknown.as_scanned();
            // The server may refuse a product that is not sent yet.
            if self.find_pending(code).is_none() && self.find_code(code).await?.is_some() {
                self.settle_code(code).await?;
            }
        }
        Ok(())
    }
}
