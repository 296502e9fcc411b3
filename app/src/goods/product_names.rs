//! A product's lots as input for the rules, and its position among the variants of its family.

use domain::{InventoryLot, Product};

use crate::book::views::{Elsewhere, ProductView};

/// A view's lots as input for the rules.
pub(crate) fn rows_of(view: &ProductView) -> Vec<InventoryLot> {
    view.lots.iter().map(|lot| lot.row.clone()).collect()
}

/// A view's lots that only the server has, as far as it was asked.
pub(crate) fn rows_elsewhere(view: &ProductView) -> Vec<InventoryLot> {
    match &view.elsewhere {
        Elsewhere::Live { lots } => lots.iter().map(|lot| lot.row.clone()).collect(),
        Elsewhere::Asking | Elsewhere::AsOf(_) => Vec::new(),
    }
}

/// A product among the others of its family, in the same order on every page.
pub(crate) fn family(view: &ProductView) -> Vec<&Product> {
    let mut all: Vec<&Product> = Vec::with_capacity(view.variants.len() + 1);
    for product in view.variants.iter().chain([&view.product]) {
        let is_before = |other: &&Product| (&other.variant, &other.sku) < (&product.variant, &product.sku);
        all.insert(all.partition_point(is_before), product);
    }
    all
}

/// The part of the name that distinguishes a product from its family.
pub(crate) fn variant_word(product: &Product) -> &str {
    if product.variant.is_empty() { &product.sku } else { &product.variant }
}
