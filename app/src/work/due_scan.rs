//! The effect of a scan on goods that deliveries are expected with. Pure.

use uuid::Uuid;

use super::work_form::WorkForm;
use super::work_scan::{Answer, Hearing};
use crate::desk::scan::Scanned;
use crate::words::language::{t, tf};

impl Hearing<'_> {
    /// The goods of another line of the delivery.
    pub(super) fn next_line(self, id: Uuid, scanned: &Scanned) -> (WorkForm, Answer) {
        let form = &self.form;
        if form.is_typed() || form.scans > 0 || !form.lot_code.is_empty() {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("quantity", &form.quantity), ("name", &self.task.name)];
            let detail = tf("{quantity} of {name} not saved. Save, then scan again.", &values);
            return (self.form, Answer::Wrong(t("Another line"), detail));
        }
        (self.form, Answer::Line(id, scanned.clone()))
    }

    /// A delivery that the goods are expected with.
    pub(super) fn delivery(mut self, id: Uuid) -> Option<(WorkForm, Answer)> {
        let due = self.task.due(&self.form);
        let number = due.into_iter().find(|(open, _)| open.id == id)?.0.number.clone();
        self.form.delivery = Some(id);
        Some((self.form, Answer::Right(t("Delivery"), number)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::{Delivery, DeliveryLine, Quantity};

    use super::*;
    use crate::desk::scanner::Found;
    use crate::route::LotWork;
    use crate::work::task::Task;
    use crate::work::work_scan::hear;
    use crate::work::work_scan::tests::{RICE, task};

    pub(crate) fn delivery(id: u128, lines: &[(Uuid, i64)]) -> Delivery {
        let line = |(product_id, units): &(Uuid, i64)| DeliveryLine {
            product_id: *product_id,
            expected: Quantity::units(*units),
            received: Quantity::ZERO,
        };
        Delivery {
            id: Uuid::from_u128(id),
            number: format!("PO-{id}"),
            supplier: String::new(),
            expected_on: None,
            lines: lines.iter().map(line).collect(),
            closed: false,
        }
    }

    const OATS: Uuid = Uuid::from_u128(8);

    #[test]
    fn the_next_line_of_the_delivery_opens_unless_this_one_is_unsaved() {
        let deliveries = std::rc::Rc::new(vec![delivery(1, &[(RICE, 48), (OATS, 6)])]);
        let task = Task { deliveries, delivery: Some(Uuid::from_u128(1)), ..task(LotWork::Receive) };
        let oats = Found::Product(OATS, Scanned::plain("4000000000017"));
        let answer = |form: &WorkForm, found: &Found| hear(&task, form, found).map(|(_, answer)| answer);
        let empty = WorkForm { delivery: task.delivery, ..WorkForm::default() };
        assert_eq!(answer(&empty, &oats), Some(Answer::Line(OATS, Scanned::plain("4000000000017"))));
        let counted = WorkForm { scans: 1, quantity: "3".into(), by_scans: "3".into(), ..empty.clone() };
        let unsaved = "3 of Rice not saved. Save, then scan again.".to_owned();
        assert_eq!(answer(&counted, &oats), Some(Answer::Wrong("Another line", unsaved)));
        let other = Found::Product(Uuid::from_u128(9), Scanned::plain("5"));
        assert!(matches!(answer(&empty, &other), Some(Answer::Wrong("Different item", _))));
    }

    #[test]
    fn goods_are_counted_to_a_delivery_that_expects_them_by_the_scan_of_its_note() {
        let deliveries =
            vec![delivery(1, &[(RICE, 48)]), delivery(2, &[(OATS, 6)]), delivery(3, &[(RICE, 0)])];
        let task = Task { deliveries: std::rc::Rc::new(deliveries), ..task(LotWork::Receive) };
        let form = WorkForm::default();
        let numbers =
            |form: &WorkForm| task.due(form).iter().map(|(due, _)| due.number.clone()).collect::<Vec<_>>();
        assert_eq!((numbers(&form), task.expected(&form)), (vec!["PO-1".to_owned()], None));
        let note = |id| Found::Delivery(Uuid::from_u128(id));
        let (form, answer) = hear(&task, &form, &note(1)).expect("heard");
        assert_eq!(answer, Answer::Right("Delivery", "PO-1".into()));
        assert_eq!(
            (form.delivery, task.expected(&form)),
            (Some(Uuid::from_u128(1)), Some(Quantity::units(48)))
        );
        assert!(numbers(&form).is_empty(), "it is chosen");
        assert_eq!(hear(&task, &WorkForm::default(), &note(2)), None, "of other goods");
    }
}
