//! Orders of the products, by their labels and by their lots. Pure.

use domain::{CalendarDate, Quantity};
use sync::sort_by;
use uuid::Uuid;

use super::lot_filter::{day_number, walking_order};
use super::survey::Survey;
use super::worth::exact;

/// A column to sort products by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProductOrder {
    /// In list order.
    #[default]
    Name,
    /// By SKU, numbers by value.
    Sku,
    /// By usable stock.
    OnHand,
    /// By the next expiry date.
    Expiry,
    /// By price.
    Price,
    /// By the value of the usable stock.
    Worth,
}

impl ProductOrder {
    /// Whether all lots have to be read for it.
    pub(crate) const fn needs_survey(self) -> bool {
        !matches!(self, Self::Name | Self::Sku)
    }
}

/// A product's figures over its lots on the device.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    on_hand: Quantity,
    soonest: Option<CalendarDate>,
}

/// Sorts by SKU, numbers by value.
pub(crate) fn by_sku(products: &mut [Uuid], sku_of: impl Fn(Uuid) -> String) {
    let mut keyed: Vec<(String, Uuid)> = products.iter().map(|id| (sku_of(*id), *id)).collect();
    sort_by(&mut keyed, |(a, _), (b, _)| walking_order(a, b));
    products.iter_mut().zip(keyed).for_each(|(place, (_, id))| *place = id);
}

impl Survey {
    /// Sorts products by a figure; equal ones stay as they are, and those without a figure are last in both
    /// directions.
    pub(crate) fn sort_products(
        &self,
        products: &mut [Uuid],
        by: ProductOrder,
        is_reversed: bool,
        today: CalendarDate,
    ) {
        let figures = self.figures(today);
        let key = |id: &Uuid| {
            let at = self.product_at(*id).map(|at| at as usize);
            let product = at.and_then(|at| self.products().get(at));
            let figures = at.and_then(|at| figures.get(at)).copied().unwrap_or_default();
            let price_minor = product.map_or(0, |product| product.price_minor);
            let value = match by {
                ProductOrder::Expiry => figures.soonest.map(|date| i128::from(day_number(date))),
                ProductOrder::Price => product.map(|_| i128::from(price_minor)),
                ProductOrder::Worth => product.map(|_| exact(figures.on_hand, price_minor)),
                ProductOrder::Name | ProductOrder::Sku | ProductOrder::OnHand => {
                    Some(i128::from(figures.on_hand.0))
                }
            };
            let value = value.map(|value| if is_reversed { -value } else { value });
            (value.is_none(), value)
        };
        products.sort_by_cached_key(key);
    }

    /// The figures of each product, by its index.
    fn figures(&self, today: CalendarDate) -> Vec<Figures> {
        let mut figures = vec![Figures::default(); self.products().len()];
        for lot in self.lots().iter().filter(|lot| !lot.is_remote && !lot.is_expired(today)) {
            let Some(of) = figures.get_mut(lot.product as usize) else { continue };
            of.on_hand += lot.quantity;
            if lot.quantity > Quantity::ZERO {
                of.soonest = of.soonest.into_iter().chain(lot.expires_on).min();
            }
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use domain::{InventoryLot, Product};

    use super::super::survey::tests::{lot, product};
    use super::*;

    #[test]
    fn products_are_sorted_by_their_figures() {
        let until = |date: &str, lot: InventoryLot| InventoryLot { expires_on: date.parse().ok(), ..lot };
        let mut survey = Survey::default();
        for (n, price_minor) in [(1, 500), (2, 100), (3, 100), (4, 1)] {
            survey.put_product(&Product { price_minor, ..product(n) });
        }
        let lots = [
            until("2027-01-01", lot(1, "a", "A-1", 2)),
            until("2026-12-01", lot(2, "b", "A-1", 5)),
            until("2026-11-20", lot(2, "past", "A-1", 50)),
            until("2026-11-25", lot(3, "empty", "A-1", 0)),
            lot(3, "c", "A-1", -1),
        ];
        lots.iter().for_each(|lot| survey.push_lot(lot, false));
        survey.set_remote(&[lot(1, "aside", "Q-1", 90)]);
        let today = "2026-11-21".parse().expect("a date");
        let sorted = |by, is_reversed| -> Vec<u128> {
            let mut ids: Vec<Uuid> = [4, 3, 2, 1, 9].map(Uuid::from_u128).into();
            survey.sort_products(&mut ids, by, is_reversed, today);
            ids.iter().map(Uuid::as_u128).collect()
        };
        assert_eq!(sorted(ProductOrder::OnHand, false), [3, 4, 9, 1, 2]);
        assert_eq!(sorted(ProductOrder::OnHand, true), [2, 1, 4, 9, 3]);
        assert_eq!(sorted(ProductOrder::Expiry, false), [2, 1, 4, 3, 9], "without a date last");
        assert_eq!(sorted(ProductOrder::Expiry, true), [1, 2, 4, 3, 9]);
        assert_eq!(sorted(ProductOrder::Price, false), [4, 3, 2, 1, 9], "not here yet last");
        assert_eq!(sorted(ProductOrder::Worth, true), [1, 2, 4, 3, 9]);
    }

    #[test]
    fn skus_are_sorted_by_the_value_of_their_numbers() {
        let mut ids: Vec<Uuid> = [1, 2, 3].map(Uuid::from_u128).into();
        by_sku(&mut ids, |id| ["LB-10", "LB-9", "A"][id.as_u128() as usize - 1].to_owned());
        assert_eq!(ids.iter().map(Uuid::as_u128).collect::<Vec<_>>(), [3, 2, 1]);
    }
}
