//! Look-up of scanned or typed codes: on this device first, then on the server.

use client::Completeness;
use domain::{
    Action, InventoryLot, LotStatus, LotsAnswer, PRODUCTS, Product, ProductAnswer, Row, normalize_gtin,
    same_key, sku_key,
};
use sync::{Outbox, Store, StoreError, TransportError, Versioned};
use uuid::Uuid;

use super::Book;
use super::lots_found::{LotFound, answered};
use crate::words::faults_in_words::{store_fault, transport_fault};
use crate::words::language::tf;

/// Timeout while a person waits with the scanner in hand.
const LOOK_UP_TIMEOUT_MILLIS: u32 = 4_000;

/// The result of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// A product of this device.
    Product {
        /// Its id.
        id: Uuid,
        /// Its unit, in which a label's quantity is read.
        unit: String,
    },
    /// A bin with stock, in its stored spelling.
    Bin(String),
    /// An expected delivery.
    Delivery(Uuid),
    /// The lots with this code, one of each product. Never empty.
    Lots(Vec<LotFound>),
    /// An unknown code; the sentence says where it was searched.
    Unknown {
        /// The sentence for the person who scanned.
        message: String,
    },
    /// The device's data could not be read.
    Failed(String),
}

/// The row whose text is spelled like `code`, else the first: rows from the time when case counted may share a key.
fn as_spelled<'r, T: 'r, I: Iterator<Item = &'r T>>(
    rows: impl Fn() -> I,
    text: impl Fn(&T) -> &str,
    code: &str,
) -> Option<&'r T> {
    rows().find(|row| text(row) == code.trim()).or_else(|| rows().next())
}

impl LookUp {
    fn of(product: &Product) -> Self {
        Self::Product { id: product.id, unit: product.unit.clone() }
    }
}

impl Book {
    /// Fetches one product with its lots from the server and stores it. `None` if the server has none.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn download_product(&self, id: Uuid) -> Result<Option<Uuid>, String> {
        self.download(&format!("/api/products/{id}"))
            .await
            .map_err(|error| transport_fault(&error))?
            .map(|kept| kept.map(|(id, _)| id))
            .map_err(|error| store_fault(&error))
    }

    /// Looks a code up on this device: as a barcode, a SKU, a bin, a delivery number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn find_code(&self, code: &str) -> Result<Option<LookUp>, StoreError> {
        self.pause_catalogue();
        for index_key in [format!("barcode:{}", normalize_gtin(code)), sku_key(code)] {
            let found = self.store().find(PRODUCTS, &index_key).await?;
            let products = || found.iter().filter_map(|held| held.row.product());
            if let Some(product) = as_spelled(products, |product| &product.sku, code) {
                return Ok(Some(LookUp::of(product)));
            }
        }
        if let Some(found) = self.find_pending(code) {
            return Ok(Some(found));
        }
        if let Some(location) = self.find_bin(code).await? {
            return Ok(Some(LookUp::Bin(location)));
        }
        let deliveries = self.deliveries().await?;
        let named = || deliveries.iter().filter(|delivery| same_key(&delivery.number, code));
        let delivery = as_spelled(named, |delivery| &delivery.number, code);
        Ok(delivery.map(|delivery| LookUp::Delivery(delivery.id)))
    }

    /// Looks a code up on this device as a lot's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn find_lot_code(&self, code: &str) -> Result<Option<LookUp>, StoreError> {
        let lots = self.find_lots(code).await?;
        Ok((!lots.is_empty()).then_some(LookUp::Lots(lots)))
    }

    /// Products created on this device that are not on the server yet.
    pub(super) fn find_pending(&self, code: &str) -> Option<LookUp> {
        let is_meant = |product: &Product| {
            same_key(&product.sku, code)
                || (!product.barcode.is_empty() && normalize_gtin(&product.barcode) == normalize_gtin(code))
        };
        self.pending().iter().find_map(|record| match &record.mutation.action {
            Action::CreateProduct(product) if is_meant(product) => Some(LookUp::of(product)),
            _ => None,
        })
    }

    /// Asks the server for a product with this code, and stores it; then for lots, unless it can only be an item's code.
    pub(crate) async fn ask_server(&self, code: &str, is_item: bool) -> LookUp {
        let encoded = String::from(js_sys::encode_uri_component(code.trim()));
        match self.download(&format!("/api/products/by-barcode/{encoded}")).await {
            Ok(Ok(Some((id, unit)))) => LookUp::Product { id, unit },
            Ok(Ok(None)) if is_item => {
                LookUp::Unknown { message: tf("No product has the code {code}.", &[("code", &code.trim())]) }
            }
            Ok(Ok(None)) => self.ask_for_lots(code, &encoded).await,
            Ok(Err(error)) => LookUp::Failed(store_fault(&error)),
            Err(_) => LookUp::Unknown { message: self.unknown_here(code) },
        }
    }

    /// Asks the server for lots with this code, whatever their status.
    async fn ask_for_lots(&self, code: &str, encoded: &str) -> LookUp {
        let asked_at = self.store().outbox(0).await;
        let path = self.at_site(&format!("/api/lots/by-code/{encoded}"));
        match browser::get_json::<LotsAnswer>(&path, LOOK_UP_TIMEOUT_MILLIS).await {
            Ok(Some(answer)) if !answer.products.is_empty() => {
                let lots = answered(&answer);
                // They are shown from the answer even if they cannot be stored.
                if let Ok(asked_at) = asked_at {
                    drop(self.keep(answer.products, asked_at).await);
                }
                LookUp::Lots(lots)
            }
            Ok(_) => {
                let code: &dyn std::fmt::Display = &code.trim();
                LookUp::Unknown { message: tf("No product or lot has the code {code}.", &[("code", code)]) }
            }
            Err(_) => LookUp::Unknown { message: self.unknown_here(code) },
        }
    }

    fn unknown_here(&self, code: &str) -> String {
        let code = code.trim();
        match self.client().completeness() {
            Completeness::Complete => {
                tf("{code} isn't on this device. Can't reach the server.", &[("code", &code)])
            }
            Completeness::Partial { percent } => tf(
                "{code} isn't here yet ({percent} % downloaded). Server offline.",
                &[("code", &code), ("percent", &percent)],
            ),
            Completeness::Empty => {
                tf("Can't look up {code}: the catalogue isn't downloaded yet.", &[("code", &code)])
            }
        }
    }

    async fn download(
        &self,
        path: &str,
    ) -> Result<Result<Option<(Uuid, String)>, StoreError>, TransportError> {
        // The answer is stored only if the rows are unchanged since the request.
        let asked_at = self.store().outbox(0).await;
        let Some(answer) =
            browser::get_json::<ProductAnswer>(&self.at_site(path), LOOK_UP_TIMEOUT_MILLIS).await?
        else {
            return Ok(Ok(None));
        };
        let kept = (answer.product.id, answer.product.unit.clone());
        Ok(match asked_at {
            Ok(asked_at) => self.keep(vec![answer], asked_at).await.map(|()| Some(kept)),
            Err(error) => Err(error),
        })
    }

    /// Stores those rows of answers that are in the device's scope.
    async fn keep(&self, answers: Vec<ProductAnswer>, outbox: Outbox<Action>) -> Result<(), StoreError> {
        let is_held = |lot: &InventoryLot| lot.status == LotStatus::Available;
        let mut rows = Vec::new();
        for ProductAnswer { product, rev, lots, .. } in answers {
            rows.push(Versioned { rev, row: Row::Product(product) });
            let lots = lots.into_iter().filter(|(_, lot)| is_held(lot));
            rows.extend(lots.map(|(rev, lot)| Versioned { rev, row: Row::Lot(lot) }));
        }
        self.client().keep(&rows, outbox).await
    }
}
