//! Views of products and lots for pages, pending work included.

use domain::{
    CalendarDate, InventoryLot, LOTS, PRODUCTS, Product, ProductAnswer, Quantity, Row, Warehouse, by_expiry,
    lot_prefix,
};
use sync::{Read, Records, RowKey, Rows, Store, StoreError, UnixMillis, View, fold, set_of, sort_by};
use uuid::Uuid;
use wasm_split_helpers::wasm_split;

use super::Book;
use super::catalogue::ProductLabel;
use crate::rest::NotLoaded;

/// Maximum lots of one product shown.
const MAX_SHOWN_LOTS: usize = 2_000;
/// The key of a product and the keys of its lots begin with its id.
const ID_CHARS: usize = 36;
/// Timeout of an optional read from the server.
const READ_TIMEOUT_MILLIS: u32 = 5_000;

/// A product and its lots.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProductView {
    pub(crate) product: Product,
    /// The product's revision; 0 if the server has not seen it yet.
    pub(crate) rev: u64,
    /// Whether it has pending mutations.
    pub(crate) pending: bool,
    /// Usable stock: available and not expired.
    pub(crate) on_hand: Quantity,
    /// The pending part of that.
    pub(crate) unsent: Quantity,
    /// By expiry date.
    pub(crate) lots: Vec<LotView>,
    /// The other products of its family.
    pub(crate) variants: Vec<Product>,
    /// The lots that are only on the server.
    pub(crate) elsewhere: Elsewhere,
}

/// A lot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LotView {
    pub(crate) row: InventoryLot,
    pub(crate) rev: u64,
    pub(crate) pending: bool,
}

/// Lots that are not on this device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elsewhere {
    /// The request is running.
    Asking,
    /// The server's answer.
    Live {
        /// Lots outside the device's scope: reserved, quarantined, expired.
        lots: Vec<LotView>,
    },
    /// The server was not reached: the view is as of the last sync.
    AsOf(Option<UnixMillis>),
}

/// The fields of a product in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProductCard {
    pub(crate) product: ProductLabel,
    /// Read from the store a moment after the label.
    pub(crate) detail: Option<CardDetail>,
    pub(crate) pending: bool,
}

/// The fields of a product in a list, besides its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CardDetail {
    pub(crate) price_minor: i64,
    pub(crate) currency: String,
    pub(crate) unit: String,
    pub(crate) on_hand: Quantity,
    pub(crate) soonest_expiry: Option<CalendarDate>,
}

/// Finds them with code from the split-off part of the wasm.
#[wasm_split(rest, fallible)]
fn find_similar(book: Book, query: String) -> Result<Vec<Uuid>, NotLoaded> {
    Ok(book.0.catalogue.borrow_mut().search_similar(&query))
}

impl Book {
    /// The products found by `query`, in list order.
    pub(crate) fn search(&self, query: &str) -> Vec<Uuid> {
        self.0.catalogue.borrow_mut().search(query)
    }

    /// The products found by `query` with a typing mistake, in list order.
    ///
    /// # Errors
    /// [`NotLoaded`].
    pub(crate) async fn search_similar(self, query: String) -> Result<Vec<Uuid>, NotLoaded> {
        find_similar(self, query).await
    }

    /// Number of products in the catalogue.
    pub(crate) fn catalogue_len(&self) -> usize {
        self.0.catalogue.borrow().len()
    }

    /// A product's label.
    pub(crate) fn label(&self, id: Uuid) -> Option<ProductLabel> {
        self.0.catalogue.borrow().label(id).cloned()
    }

    /// A product with its lots from this device; `None` if it is not here.
    pub(crate) async fn product(
        &self,
        id: Uuid,
        today: CalendarDate,
    ) -> Result<Option<ProductView>, StoreError> {
        self.pause_catalogue();
        let wanted = id.to_string();
        let base = self.client().base(&reads_of(id)).await?;
        let base_lots: Vec<InventoryLot> = base.rows.values().filter_map(Row::lot).cloned().collect();
        let shown = base.fold(|key| product_of(key) == Some(&wanted));
        let view = &shown.view;
        let key = RowKey::new(PRODUCTS, id.to_string());
        let Some(product) = view.rows.get(&key).and_then(Row::product).cloned() else { return Ok(None) };
        let mut lots: Vec<LotView> = view
            .rows
            .iter()
            .filter_map(|(key, row)| Some((key, row.lot()?.clone())))
            .map(|(key, row)| LotView { row, rev: shown.rev(key), pending: view.pending.contains(key) })
            // An empty lot cannot be worked on, but it is shown until the mutation that emptied it is sent.
            .filter(|lot| lot.pending || lot.row.quantity != Quantity::ZERO)
            .collect();
        sort_by(&mut lots, |a, b| by_expiry(&a.row, &b.row));
        let on_hand = usable(lots.iter().map(|lot| &lot.row), today);
        Ok(Some(ProductView {
            variants: self.variants(&product).await?,
            rev: shown.rev(&key),
            pending: view.pending.contains(&key),
            on_hand,
            unsent: on_hand - usable(&base_lots, today),
            lots,
            product,
            elsewhere: Elsewhere::Asking,
        }))
    }

    /// The list fields of those products that are on the device. They are read together, because a list needs
    /// as many as fit the screen.
    pub(crate) async fn cards(
        &self,
        ids: &[Uuid],
        today: CalendarDate,
    ) -> Result<Vec<(Uuid, ProductCard)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.wait_for_pause().await;
        let reads: Vec<Read> = ids.iter().flat_map(|id| reads_of(*id)).collect();
        let wanted = set_of(ids.iter().map(Uuid::to_string));
        let view = self
            .client()
            .view(&reads, |key| product_of(key).is_some_and(|id| wanted.contains(id)))
            .await?
            .view;
        Ok(ids.iter().filter_map(|id| Some((*id, card_of(*id, &view, today)?))).collect())
    }

    /// Fetches the lots that are not on this device; if that fails, the result contains the time of the last
    /// sync.
    pub(crate) async fn elsewhere(&self, id: Uuid) -> Elsewhere {
        let path = format!("/api/products/{id}");
        match browser::get_json::<ProductAnswer>(&self.at_site(&path), READ_TIMEOUT_MILLIS).await {
            Ok(Some(answer)) => {
                let beyond =
                    answer.lots.into_iter().filter(|(_, row)| row.status != domain::LotStatus::Available);
                let lots = beyond.map(|(rev, row)| LotView { row, rev, pending: false }).collect();
                Elsewhere::Live { lots }
            }
            Ok(None) => Elsewhere::Live { lots: Vec::new() },
            Err(_) => Elsewhere::AsOf(self.client().last_sync_at()),
        }
    }

    async fn variants(&self, product: &Product) -> Result<Vec<Product>, StoreError> {
        if product.family.is_empty() {
            return Ok(Vec::new());
        }
        let mut others = self.products_with(&format!("family:{}", product.family)).await?;
        others.retain(|other| other.id != product.id);
        sort_by(&mut others, |a, b| a.variant.cmp(&b.variant));
        Ok(others)
    }

    /// Products with an index key, pending changes included.
    pub(super) async fn products_with(&self, index_key: &str) -> Result<Vec<Product>, StoreError> {
        let found = self.client().noted(self.store().find(PRODUCTS, index_key).await)?;
        let mut base = Rows::new();
        base.extend(found.into_iter().map(|held| (Warehouse::key(&held.row), held.row)));
        let pending = self.pending();
        let mutations = pending.iter().map(|record| &record.mutation);
        let view = fold::<Warehouse>(base, mutations, |key| key.table == PRODUCTS);
        let still = view
            .rows
            .values()
            .filter(|row| Warehouse::identify(row).index_keys.iter().any(|key| key == index_key));
        Ok(still.filter_map(Row::product).cloned().collect())
    }
}

/// The reads for a product's view.
fn reads_of(id: Uuid) -> [Read; 2] {
    let lots = Read::Prefix { table: LOTS, prefix: lot_prefix(id), limit: MAX_SHOWN_LOTS };
    [Read::Row(RowKey::new(PRODUCTS, id.to_string())), lots]
}

/// The id of the product that a row of a product or a lot belongs to.
pub(super) fn product_of(key: &RowKey) -> Option<&str> {
    if key.table == PRODUCTS || key.table == LOTS { key.key.get(..ID_CHARS) } else { None }
}

fn card_of(id: Uuid, view: &View<Row>, today: CalendarDate) -> Option<ProductCard> {
    let key = RowKey::new(PRODUCTS, id.to_string());
    let product = view.rows.get(&key).and_then(Row::product)?;
    // A product's lots are consecutive.
    let from = RowKey::new(LOTS, lot_prefix(id));
    let of_product = view
        .rows
        .range(from.clone()..)
        .take_while(|(key, _)| key.table == from.table && key.key.starts_with(&from.key));
    let lots: Vec<&InventoryLot> = of_product.filter_map(|(_, row)| row.lot()).collect();
    let in_stock = lots.iter().filter(|lot| lot.quantity > Quantity::ZERO && !lot.is_expired(today));
    let detail = CardDetail {
        price_minor: product.price_minor,
        currency: product.currency.clone(),
        unit: product.unit.clone(),
        on_hand: usable(lots.iter().copied(), today),
        soonest_expiry: in_stock.filter_map(|lot| lot.expires_on).min(),
    };
    let Product { name, sku, variant, .. } = product.clone();
    let label = ProductLabel { name, sku, variant };
    Some(ProductCard { product: label, detail: Some(detail), pending: view.pending.contains(&key) })
}

fn usable<'a>(lots: impl IntoIterator<Item = &'a InventoryLot>, today: CalendarDate) -> Quantity {
    let usable = lots.into_iter().filter(|lot| !lot.is_expired(today));
    usable.fold(Quantity::ZERO, |sum, lot| sum + lot.quantity)
}
