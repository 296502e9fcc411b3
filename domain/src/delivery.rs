//! Expected deliveries: announced and received quantities by product.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync::Refusal;
use uuid::Uuid;

use crate::date::CalendarDate;
use crate::quantity::Quantity;
use crate::text::{MAX_CODE_CHARS, MAX_NAME_CHARS, check_optional, check_required};

/// Lines of one delivery.
pub const MAX_DELIVERY_LINES: usize = 500;

/// The expected and the received quantity of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLine {
    /// The product.
    pub product_id: Uuid,
    /// Zero for a product that was not expected.
    pub expected: Quantity,
    /// Booked so far; may be more than expected.
    pub received: Quantity,
}

/// A delivery, open until it is complete or a person closes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// From site and number.
    pub id: Uuid,
    /// As printed on the delivery note; unique within a site, as `key_text` spells it.
    pub number: String,
    /// The supplier's name. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub supplier: String,
    /// The expected day of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_on: Option<CalendarDate>,
    /// One for each product, at most [`MAX_DELIVERY_LINES`].
    pub lines: Vec<DeliveryLine>,
    /// Whether a person has closed it. Goods that are received later still count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

impl Delivery {
    /// Whether every expected quantity has been received.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Whether more of it is expected.
    pub fn is_open(&self) -> bool {
        !self.closed && !self.is_complete()
    }

    /// The lines with less received than expected.
    pub fn missing(&self) -> impl Iterator<Item = &DeliveryLine> {
        self.lines.iter().filter(|line| line.expected > Quantity::ZERO && line.received < line.expected)
    }

    /// Adds to a product's received quantity; a negative `quantity` reverses a receipt. A product that was
    /// not expected has a line while its received quantity is not zero, if there is room for one. The order
    /// of bookings does not matter.
    pub fn receive(&mut self, product_id: Uuid, quantity: Quantity) {
        let has_room = self.lines.len() < MAX_DELIVERY_LINES;
        match self.lines.iter_mut().find(|line| line.product_id == product_id) {
            Some(line) => line.received += quantity,
            None if has_room => {
                self.lines.push(DeliveryLine { product_id, expected: Quantity::ZERO, received: quantity });
            }
            None => {}
        }
        self.lines.retain(|line| {
            line.product_id != product_id
                || line.expected != Quantity::ZERO
                || line.received != Quantity::ZERO
        });
    }

    /// This new announcement of the delivery `known`: received quantities stay, and a closed delivery is
    /// reopened if other quantities or another day are expected.
    #[must_use]
    pub fn replacing(mut self, known: &Self) -> Self {
        self.closed =
            known.closed && self.expected_on == known.expected_on && self.expects() == known.expects();
        for line in &mut self.lines {
            let before = known.lines.iter().find(|before| before.product_id == line.product_id);
            line.received = before.map_or(Quantity::ZERO, |before| before.received);
        }
        let came = known.lines.iter().filter(|before| before.received != Quantity::ZERO);
        let unexpected: Vec<DeliveryLine> = came
            .filter(|before| !self.lines.iter().any(|line| line.product_id == before.product_id))
            .map(|before| DeliveryLine { expected: Quantity::ZERO, ..before.clone() })
            .collect();
        self.lines.extend(unexpected);
        self
    }

    fn expects(&self) -> BTreeMap<Uuid, Quantity> {
        let expected = self.lines.iter().filter(|line| line.expected != Quantity::ZERO);
        expected.map(|line| (line.product_id, line.expected)).collect()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// A [`Refusal`] that names the first invalid field.
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
            closed: false,
        }
    }

    #[test]
    fn is_open_until_everything_is_received() {
        let mut delivery = delivery(&[(OATS, 10, 0), (RICE, 5, 5)]);
        delivery.receive(OATS, Quantity::units(9));
        assert!(!delivery.is_complete());
        delivery.receive(OATS, Quantity::units(3));
        assert!(delivery.is_complete(), "more than expected is complete, too");
        assert_eq!(delivery.lines[0].received, Quantity::units(12));
    }

    #[test]
    fn unexpected_goods_get_a_line_of_their_own() {
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
    fn a_reversed_receipt_is_missing_again_in_any_order_of_booking() {
        let mut delivery = delivery(&[(OATS, 10, 10)]);
        delivery.receive(OATS, Quantity::units(-4));
        assert!(!delivery.is_complete());
        let before = delivery.clone();
        for (first, second) in [(3, -3), (-3, 3)] {
            delivery.receive(RICE, Quantity::units(first));
            assert_eq!(delivery.missing().count(), 1, "nobody misses what nobody expected");
            delivery.receive(RICE, Quantity::units(second));
            assert_eq!(delivery, before);
        }
    }

    #[test]
    fn a_closed_delivery_is_reopened_only_if_its_announcement_changes() {
        let known = Delivery { closed: true, ..delivery(&[(OATS, 10, 4), (RICE, 0, 2)]) };
        assert!(!known.is_open() && !known.is_complete());
        assert!(delivery(&[(OATS, 10, 0)]).replacing(&known).closed, "the same file again");
        assert!(delivery(&[(OATS, 12, 0)]).replacing(&known).is_open());
        let later = Delivery { expected_on: "2027-01-31".parse().ok(), ..delivery(&[(OATS, 10, 0)]) };
        assert!(later.replacing(&known).is_open());
    }

    #[test]
    fn a_new_announcement_keeps_the_received_quantities() {
        let known = delivery(&[(OATS, 10, 4), (RICE, 5, 2), (Uuid::nil(), 5, 0)]);
        let updated = delivery(&[(OATS, 3, 0)]).replacing(&known);
        assert_eq!(updated.lines, delivery(&[(OATS, 3, 4), (RICE, 0, 2)]).lines);
    }

    #[test]
    fn an_invalid_delivery_is_refused() {
        assert_eq!(delivery(&[]).validate().expect_err("no lines").code, "bad_delivery");
        assert_eq!(delivery(&[(OATS, -1, 0)]).validate().expect_err("less than none").code, "bad_quantity");
        let nameless = Delivery { number: " ".to_owned(), ..delivery(&[(OATS, 1, 0)]) };
        assert_eq!(nameless.validate().expect_err("no number").code, "missing");
        assert_eq!(delivery(&[(OATS, 0, 0)]).validate(), Ok(()));
    }
}
