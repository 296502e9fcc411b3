//! Unsent mutations as a file, with the labels of their products.

use std::collections::BTreeMap;

use domain::{PRODUCTS, Row};
use sync::{RowKey, Store, StoreError, Unsent};
use uuid::Uuid;

use super::Book;
use super::catalogue::ProductLabel;

impl Book {
    /// Everything that waits to be sent, entries of other versions included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn unsent(&self) -> Result<Unsent, StoreError> {
        Unsent::of(self.client().relay(), browser::now()).await
    }

    /// Labels of products, from the catalogue or, while that is still being read, from the store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn labels(
        &self,
        products: impl IntoIterator<Item = Uuid>,
    ) -> Result<BTreeMap<Uuid, ProductLabel>, StoreError> {
        let mut labels = BTreeMap::new();
        for id in products {
            if labels.contains_key(&id) {
                continue;
            }
            let label = match self.label(id) {
                Some(label) => Some(label),
                None => self.stored_label(id).await?,
            };
            labels.extend(label.map(|label| (id, label)));
        }
        Ok(labels)
    }

    async fn stored_label(&self, id: Uuid) -> Result<Option<ProductLabel>, StoreError> {
        let key = RowKey::new(PRODUCTS, id.to_string());
        let held = self.store().get(&key).await?;
        let product = held.as_ref().and_then(|held| Row::product(&held.row));
        Ok(product.map(|product| ProductLabel {
            name: product.name.clone(),
            sku: product.sku.clone(),
            variant: product.variant.clone(),
        }))
    }
}
