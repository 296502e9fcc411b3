//! Expected deliveries: what a supplier said would come, and what has come of it.

use serde::{Deserialize, Serialize};
use sync::Refusal;
use uuid::Uuid;

use crate::date::CalendarDate;
use crate::quantity::Quantity;
use crate::text::{MAX_CODE_CHARS, MAX_NAME_CHARS, check_optional, check_required};

/// Lines of one delivery.
pub const MAX_DELIVERY_LINES: usize = 500;

/// How much of one product was expected, and how much has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLine {
    /// The product.
    pub product_id: Uuid,
    /// None of it if nobody said that it would come.
    pub expected: Quantity,
    /// Booked so far; may be more than expected.
    pub received: Quantity,
}

/// A delivery, open until everything has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// From site and number.
    pub id: Uuid,
    /// As printed on the delivery note; unique within a site, whatever its case.
    pub number: String,
    /// Who sends it. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub supplier: String,
    /// The day it should come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<CalendarDate>,
    /// One for each product, at most [`MAX_DELIVERY_LINES`].
    pub lines: Vec<DeliveryLine>,
}

impl Delivery {
    /// Whether of every product as much has come as was expected.
    pub fn is_complete(&self) -> bool {
        self.lines.iter().all(|line| line.received >= line.expected)
    }

    /// Adds goods that came. A product that nobody expected gets a line while there is room for one.
    pub fn receive(&mut self, product_id: Uuid, quantity: Quantity) {
        let has_room = self.lines.len() < MAX_DELIVERY_LINES;
        match self.lines.iter_mut().find(|line| line.product_id == product_id) {
            Some(line) => line.received += quantity,
            None if has_room => {
                self.lines.push(DeliveryLine { product_id, expected: Quantity::ZERO, received: quantity });
            }
            None => {}
        }
    }

    /// The same delivery as `held` knows it, with what is expected now: what has come stays.
    #[must_use]
    pub fn expected_anew(mut self, held: &Self) -> Self {
        for line in &mut self.lines {
            let before = held.lines.iter().find(|before| before.product_id == line.product_id);
            line.received = before.map_or(Quantity::ZERO, |before| before.received);
        }
        let came = held.lines.iter().filter(|before| before.received != Quantity::ZERO);
        let unexpected: Vec<DeliveryLine> = came
            .filter(|before| !self.lines.iter().any(|line| line.product_id == before.product_id))
            .map(|before| DeliveryLine { expected: Quantity::ZERO, ..before.clone() })
            .collect();
        self.lines.extend(unexpected);
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first bad one.
    pub fn validate(&self) -> Result<(), Refusal> {
        check_required("Number", &self.number, MAX_CODE_CHARS)?;
        check_optional("Supplier", &self.supplier, MAX_NAME_CHARS)?;
        if self.lines.is_empty() || self.lines.len() > MAX_DELIVERY_LINES {
            let message =
                format!("A delivery has 1 to {MAX_DELIVERY_LINES} lines; this one has {}.", self.lines.len());
            return Err(Refusal::new("bad_delivery", message));
        }
        let is_sensible = |quantity: Quantity| quantity >= Quantity::ZERO && quantity.in_range();
        if self.lines.iter().all(|line| is_sensible(line.expected)) {
            return Ok(());
        }
        Err(Refusal::new("bad_quantity", "Quantity must be between 0 and 1,000,000,000. Correct it."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OATS: Uuid = Uuid::from_u128(1);
    const RICE: Uuid = Uuid::from_u128(2);

    fn delivery(lines: &[(Uuid, i64, i64)]) -> Delivery {
        let line = |&(product_id, expected, received)| DeliveryLine {
            product_id,
            expected: Quantity::units(expected),
            received: Quantity::units(received),
        };
        Delivery {
            id: Uuid::nil(),
            number: "LS-1".to_owned(),
            supplier: String::new(),
            expected_on: None,
            lines: lines.iter().map(line).collect(),
        }
    }

    #[test]
    fn is_open_until_everything_has_come() {
        let mut delivery = delivery(&[(OATS, 10, 0), (RICE, 5, 5)]);
        delivery.receive(OATS, Quantity::units(9));
        assert!(!delivery.is_complete());
        delivery.receive(OATS, Quantity::units(3));
        assert!(delivery.is_complete(), "more than expected is complete, too");
        assert_eq!(delivery.lines[0].received, Quantity::units(12));
    }

    #[test]
    fn what_nobody_expected_gets_a_line_of_its_own() {
        let mut delivery = delivery(&[(OATS, 10, 0)]);
        delivery.receive(RICE, Quantity::units(2));
        delivery.receive(RICE, Quantity::units(1));
        assert_eq!(delivery.lines[1].received, Quantity::units(3));
        assert_eq!(delivery.lines[1].expected, Quantity::ZERO);
        let many = (0..MAX_DELIVERY_LINES).map(|n| (Uuid::from_u128(9 + n as u128), 1, 0));
        let mut full = self::delivery(&many.collect::<Vec<_>>());
        full.receive(RICE, Quantity::units(1));
        assert_eq!(full.lines.len(), MAX_DELIVERY_LINES);
    }

    #[test]
    fn what_is_expected_anew_keeps_what_has_come() {
        let held = delivery(&[(OATS, 10, 4), (RICE, 5, 2), (Uuid::nil(), 5, 0)]);
        let anew = delivery(&[(OATS, 3, 0)]).expected_anew(&held);
        assert_eq!(anew.lines, delivery(&[(OATS, 3, 4), (RICE, 0, 2)]).lines);
    }

    #[test]
    fn a_delivery_that_makes_no_sense_is_refused() {
        assert_eq!(delivery(&[]).validate().expect_err("no lines").code, "bad_delivery");
        assert_eq!(delivery(&[(OATS, -1, 0)]).validate().expect_err("less than none").code, "bad_quantity");
        let nameless = Delivery { number: " ".to_owned(), ..delivery(&[(OATS, 1, 0)]) };
        assert_eq!(nameless.validate().expect_err("no number").code, "missing");
        assert_eq!(delivery(&[(OATS, 0, 0)]).validate(), Ok(()));
    }
}
