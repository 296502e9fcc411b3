//! Lookup of scanned or typed codes: on this device first, then on the server.

use client::Completeness;
use domain::{Action, InventoryLot, LotStatus, PRODUCTS, Product, ProductAnswer, Row, normalize_gtin};
use sync::{Outbox, Store, StoreError, TransportError, Versioned};
use uuid::Uuid;

use super::Book;
use crate::words::faults_in_words::{store_fault, transport_fault};
use crate::words::language::tf;

/// Timeout while a person waits with the scanner in hand.
const LOOK_UP_TIMEOUT_MILLIS: u32 = 4_000;

/// The result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// A product of this device.
    Product(Uuid),
    /// A bin with stock, in its stored spelling.
    Bin(String),
    /// An expected delivery.
    Delivery(Uuid),
    /// An unknown code; the sentence says where it was searched.
    Unknown {
        /// The sentence for the person who scanned.
        message: String,
    },
    /// The device's data could not be read.
    Failed(String),
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
            .map_err(|error| store_fault(&error))
    }

    /// Looks a code up on this device: as a barcode, a SKU, a bin, a delivery number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn find_code(&self, code: &str) -> Result<Option<LookUp>, StoreError> {
        self.pause_catalogue();
        for index_key in [format!("barcode:{}", normalize_gtin(code)), format!("sku:{}", code.trim())] {
            let found = self.store().find(PRODUCTS, &index_key).await?;
            if let Some(product) = found.iter().find_map(|held| held.row.product()) {
                return Ok(Some(LookUp::Product(product.id)));
            }
        }
        if let Some(id) = self.find_pending(code) {
            return Ok(Some(LookUp::Product(id)));
        }
        if let Some(location) = self.find_bin(code).await? {
            return Ok(Some(LookUp::Bin(location)));
        }
        let deliveries = self.deliveries().await?.into_iter();
        let mut named = deliveries.filter(|delivery| delivery.number.eq_ignore_ascii_case(code.trim()));
        Ok(named.next().map(|delivery| LookUp::Delivery(delivery.id)))
    }

    /// Products created on this device that are not on the server yet.
    fn find_pending(&self, code: &str) -> Option<Uuid> {
        let is_meant = |product: &Product| {
            product.sku == code.trim()
                || (!product.barcode.is_empty() && normalize_gtin(&product.barcode) == normalize_gtin(code))
        };
        self.pending().iter().find_map(|record| match &record.mutation.action {
            Action::CreateProduct(product) if is_meant(product) => Some(product.id),
            _ => None,
        })
    }

    /// Asks the server for a product with this code, and stores it.
    pub(crate) async fn ask_server(&self, code: &str) -> LookUp {
        let encoded = String::from(js_sys::encode_uri_component(code.trim()));
        match self.download(&format!("/api/products/by-barcode/{encoded}")).await {
            Ok(Ok(Some(id))) => LookUp::Product(id),
            Ok(Ok(None)) => {
                LookUp::Unknown { message: tf("No product has the code {code}.", &[("code", &code.trim())]) }
            }
            Ok(Err(error)) => LookUp::Failed(store_fault(&error)),
            Err(_) => LookUp::Unknown { message: self.unknown_here(code) },
        }
    }

    fn unknown_here(&self, code: &str) -> String {
        let code = code.trim();
        match self.client().completeness() {
            Completeness::Complete => tf(
                "{code} is not on this device, and the server cannot be asked right now.",
                &[("code", &code)],
            ),
            Completeness::Partial { percent } => tf(
                "{code} is not on this device yet: {percent} % of the catalogue is here, and the server cannot be asked right now.",
                &[("code", &code), ("percent", &percent)],
            ),
            Completeness::Empty => tf(
                "{code} cannot be looked up: this device has not downloaded the catalogue yet.",
                &[("code", &code)],
            ),
        }
    }

    async fn download(&self, path: &str) -> Result<Result<Option<Uuid>, StoreError>, TransportError> {
        // The answer is stored only if the rows are unchanged since the request.
        let asked_at = self.store().outbox(0).await;
        let Some(answer) = browser::get_json::<ProductAnswer>(path, LOOK_UP_TIMEOUT_MILLIS).await? else {
            return Ok(Ok(None));
        };
        Ok(match asked_at {
            Ok(asked_at) => self.keep(answer, asked_at).await.map(Some),
            Err(error) => Err(error),
        })
    }

    /// Stores those rows of an answer that are in the device's scope.
    async fn keep(&self, answer: ProductAnswer, outbox: Outbox<Action>) -> Result<Uuid, StoreError> {
        let id = answer.product.id;
        let is_held = |lot: &InventoryLot| lot.status == LotStatus::Available;
        let lots = answer.lots.into_iter().filter(|(_, lot)| is_held(lot));
        let product = (answer.rev, Row::Product(answer.product));
        let rows = lots.map(|(rev, lot)| (rev, Row::Lot(lot))).chain([product]);
        let rows: Vec<_> = rows.map(|(rev, row)| Versioned { rev, row }).collect();
        self.client().keep(&rows, outbox).await?;
        Ok(id)
    }
}
