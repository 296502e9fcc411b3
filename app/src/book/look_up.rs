//! Finding what was scanned or typed: on this device first, then on the server.

use domain::{
    Action, InventoryLot, LotStatus, PRODUCTS, Product, ProductAnswer, Row, Warehouse, normalize_gtin,
};
use sync::{Commit, Outbox, Store, StoreError, TransportError, Versioned};
use uuid::Uuid;

use super::{Book, Completeness, Signal};

/// A person waits with the scanner in hand.
const LOOK_UP_TIMEOUT_MILLIS: u32 = 4_000;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// A product of this device.
    Product(Uuid),
    /// Nothing that is known; the sentence says where was looked.
    Unknown {
        /// For the person who scanned.
        message: String,
    },
    /// The device could not look.
    Failed(String),
}

impl Book {
    /// Looks a barcode or SKU up here, then on the server.
    pub(crate) async fn look_up(&self, code: &str) -> LookUp {
        self.put_person_first();
        match self.find_code(code).await {
            Ok(Some(id)) => LookUp::Product(id),
            Ok(None) => self.ask_server(code).await,
            Err(error) => LookUp::Failed(error.to_string()),
        }
    }

    /// Fetches one product with its lots from the server and keeps it. `None` if the server has none.
    ///
    /// # Errors
    /// The sentence to show.
    pub(crate) async fn download_product(&self, id: Uuid) -> Result<Option<Uuid>, String> {
        self.download(&format!("/api/products/{id}"))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())
    }

    async fn find_code(&self, code: &str) -> Result<Option<Uuid>, StoreError> {
        for index_key in [format!("barcode:{}", normalize_gtin(code)), format!("sku:{}", code.trim())] {
            let found = Store::<Warehouse>::find(self.store(), PRODUCTS, &index_key).await?;
            if let Some(product) = found.iter().find_map(|held| held.row.product()) {
                return Ok(Some(product.id));
            }
        }
        Ok(self.find_pending(code))
    }

    /// Products that were created here and have not reached the server.
    fn find_pending(&self, code: &str) -> Option<Uuid> {
        let is_meant = |product: &Product| {
            product.sku == code.trim()
                || (!product.barcode.is_empty() && normalize_gtin(&product.barcode) == normalize_gtin(code))
        };
        self.pending().into_iter().find_map(|mutation| match mutation.action {
            Action::CreateProduct(product) if is_meant(&product) => Some(product.id),
            _ => None,
        })
    }

    async fn ask_server(&self, code: &str) -> LookUp {
        let encoded = String::from(js_sys::encode_uri_component(code.trim()));
        match self.download(&format!("/api/products/by-barcode/{encoded}")).await {
            Ok(Ok(Some(id))) => LookUp::Product(id),
            Ok(Ok(None)) => LookUp::Unknown { message: format!("No product has the code {}.", code.trim()) },
            Ok(Err(error)) => LookUp::Failed(error.to_string()),
            Err(_) => LookUp::Unknown { message: self.unknown_here(code) },
        }
    }

    fn unknown_here(&self, code: &str) -> String {
        let code = code.trim();
        match self.completeness() {
            Completeness::Complete => {
                format!("{code} is not on this device, and the server cannot be asked right now.")
            }
            Completeness::Partial { percent } => format!(
                "{code} is not on this device yet: {percent} % of the catalogue is here, and the server cannot be asked right now."
            ),
            Completeness::Empty => {
                format!("{code} cannot be looked up: this device has not downloaded the catalogue yet.")
            }
        }
    }

    async fn download(&self, path: &str) -> Result<Result<Option<Uuid>, StoreError>, TransportError> {
        // The answer counts only while the rows are as they were when it was asked for.
        let asked_at = Store::<Warehouse>::outbox(self.store(), 0).await;
        let Some(answer) = browser::get_json::<ProductAnswer>(path, LOOK_UP_TIMEOUT_MILLIS).await? else {
            return Ok(Ok(None));
        };
        Ok(match asked_at {
            Ok(asked_at) => self.keep(answer, asked_at).await.map(Some),
            Err(error) => Err(error),
        })
    }

    /// Keeps what a device holds of an answer. The cursor stays: the next round brings the same rows or newer ones.
    async fn keep(&self, answer: ProductAnswer, outbox: Outbox<Action>) -> Result<Uuid, StoreError> {
        let id = answer.product.id;
        let is_held = |lot: &InventoryLot| lot.status == LotStatus::Available;
        let lots = answer.lots.into_iter().filter(|(_, lot)| is_held(lot));
        let mut rows: Vec<Versioned<Row>> =
            lots.map(|(rev, lot)| Versioned { rev, row: Row::Lot(lot) }).collect();
        rows.push(Versioned { rev: answer.rev, row: Row::Product(answer.product) });
        let commit = Commit {
            from: outbox.cursor.clone(),
            cursor: outbox.cursor,
            receipts: Vec::new(),
            rows,
            removed: Vec::new(),
            replaced: None,
            epoch: outbox.epoch.unwrap_or_default(),
            known_seq: 0,
            last_outcome_seq: 0,
            at: browser::now(),
        };
        Store::<Warehouse>::commit(self.store(), commit).await?;
        self.refresh_products([id].into()).await;
        self.emit(&Signal::Changed);
        Ok(id)
    }
}
