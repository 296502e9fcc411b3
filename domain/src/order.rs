//! Orders: a sale with lines, each taken from a lot.

use serde::{Deserialize, Serialize};
use sync::Refusal;
use uuid::Uuid;

use crate::lot::LotRef;
use crate::product::check_currency;
use crate::quantity::{Money, Quantity};
use crate::text::{MAX_CODE_CHARS, check_required};

/// Lines of one order.
pub const MAX_ORDER_LINES: usize = 200;

/// Goods taken from one lot at a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The lot and its bin. Its product is the variant sold.
    pub lot: LotRef,
    /// Greater than zero.
    pub quantity: Quantity,
    /// Price of one unit in minor units of the order's currency.
    pub unit_price_minor: i64,
}

/// A sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Made on the device.
    pub id: Uuid,
    /// The number for people: the device's prefix and a running number, `D07-000118`.
    pub number: String,
    /// ISO 4217, one for the whole order.
    pub currency: String,
    /// At least one, at most [`MAX_ORDER_LINES`].
    pub lines: Vec<OrderLine>,
    /// The site that the goods go to, where they are not sold: it expects them as a delivery. Builds that do not know this field
    /// ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_site: Option<String>,
}

impl Order {
    /// The sum of its lines.
    pub fn total(&self) -> Money {
        let line = |line: &OrderLine| Money::of(line.quantity, line.unit_price_minor, &self.currency).minor;
        let minor = self.lines.iter().map(line).fold(0_i64, i64::saturating_add);
        Money { minor, currency: self.currency.clone() }
    }

    /// Checks every line.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first invalid one.
    pub fn validate(&self) -> Result<(), Refusal> {
        check_required("Order number", &self.number, MAX_CODE_CHARS)?;
        check_currency(&self.currency)?;
        if let Some(site) = &self.to_site {
            check_required("Site", site, MAX_CODE_CHARS)?;
        }
        self.check_length()?;
        for (at, line) in self.lines.iter().enumerate() {
            line.lot.validate()?;
            if line.quantity <= Quantity::ZERO || !line.quantity.in_range() || line.unit_price_minor < 0 {
                let message = format!("Line {} has an invalid quantity or price. Correct it.", at + 1);
                return Err(Refusal::new("bad_quantity", message));
            }
        }
        Ok(())
    }

    /// Checks the number of lines alone.
    ///
    /// # Errors
    /// A [`Refusal`] if there are none, or too many.
    pub fn check_length(&self) -> Result<(), Refusal> {
        if (1..=MAX_ORDER_LINES).contains(&self.lines.len()) {
            return Ok(());
        }
        let message =
            format!("An order has 1 to {MAX_ORDER_LINES} lines; this one has {}.", self.lines.len());
        Err(Refusal::new("bad_order", message))
    }
}
