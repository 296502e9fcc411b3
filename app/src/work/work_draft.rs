//! The draft of an operation's form. Pure.

use domain::{Action, LotRef, Quantity};
use serde::{Deserialize, Serialize};

use super::task::Task;
use super::work_form::WorkForm;
use crate::route::LotWork;

/// What a person entered, without their confirmations: these are asked for again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkDraft {
    form: WorkForm,
    /// The book quantity of the counted lot: once it has changed, the count is of another stock.
    #[serde(default)]
    basis: Option<Quantity>,
}

impl WorkDraft {
    /// The draft of a form.
    pub(crate) fn of(form: &WorkForm, task: &Task) -> Self {
        Self { form: form.clone(), basis: basis(form, task) }
    }

    /// The form to go on with; `None` if the draft no longer fits the stock, or says no more than an empty form.
    pub(crate) fn take_up(self, task: &Task, first: &WorkForm) -> Option<WorkForm> {
        let Self { mut form, basis: basis_then } = self;
        let is_here = form.chosen.is_none_or(|lot| task.choices().any(|choice| choice.lot.id() == lot));
        if !is_here || basis_then != basis(&form, task) {
            return None;
        }
        // A proposal is of the stock as it is now.
        if !form.is_typed() && form.scans == 0 {
            form.begin_counting(task.proposal(form.chosen));
        }
        (form != *first).then_some(form)
    }
}

fn basis(form: &WorkForm, task: &Task) -> Option<Quantity> {
    (task.work == LotWork::Count).then(|| task.lot(form).map_or(Quantity::ZERO, |lot| lot.quantity))
}

/// Whether `action` is what a form says, so that it is saved already.
pub(crate) fn is_saved_as(form: &WorkForm, task: &Task, action: &Action) -> bool {
    let (work, lot, quantity) = match action {
        Action::ReceiveLot { lot, quantity, .. } => (LotWork::Receive, lot, *quantity),
        Action::PickLot { lot, quantity, .. } => (LotWork::Pick, lot, *quantity),
        Action::MoveLot { lot, quantity, .. } => (LotWork::Move, lot, *quantity),
        Action::PutAwayLot { lot, quantity, .. } => (LotWork::PutAway, lot, *quantity),
        Action::AdjustLot { lot, delta, .. } => (LotWork::Adjust, lot, (*delta).max(-*delta)),
        Action::CountLot { lot, counted, .. } => (LotWork::Count, lot, *counted),
        _ => return false,
    };
    let target = || LotRef::new(task.product, &form.lot_code, &form.location).id();
    work == task.work
        && lot.id() == form.chosen.unwrap_or_else(target)
        && Quantity::parse(&form.quantity).is_ok_and(|typed| typed == quantity)
}

#[cfg(test)]
mod tests {
    use domain::{InventoryLot, ReasonCode};
    use uuid::Uuid;

    use super::super::asked_code::{AskedCode, Doubt};
    use super::*;

    fn lot(bin: &str, units: i64) -> InventoryLot {
        let empty = InventoryLot::empty(LotRef::new(Uuid::nil(), "L1", bin));
        InventoryLot { quantity: Quantity::units(units), ..empty }
    }

    fn task(work: LotWork, lots: Vec<InventoryLot>) -> Task {
        Task {
            work,
            product: Uuid::nil(),
            name: "Rice".into(),
            unit: "each".into(),
            lots,
            elsewhere: Vec::new(),
            receiving_bin: "RECEIVING".into(),
            used_bins: std::rc::Rc::default(),
            deliveries: std::rc::Rc::default(),
            delivery: None,
            today: "2026-11-21".parse().expect("a date"),
        }
    }

    fn typed(lot: &InventoryLot, quantity: &str) -> WorkForm {
        WorkForm { chosen: Some(lot.lot.id()), quantity: quantity.into(), ..WorkForm::default() }
    }

    /// Stored and read again.
    fn restored(form: &WorkForm, then: &Task, now: &Task) -> Option<WorkForm> {
        let text = serde_json::to_string(&WorkDraft::of(form, then)).expect("text");
        let mut first = WorkForm::default();
        first.begin_counting(now.proposal(None));
        serde_json::from_str::<WorkDraft>(&text).expect("a draft").take_up(now, &first)
    }

    #[test]
    fn a_form_is_restored_without_confirmations() {
        let task = task(LotWork::Pick, vec![lot("A-1", 30)]);
        let form = WorkForm {
            reason: Some(ReasonCode::NotFound),
            note: "empty".into(),
            scans: 2,
            counted: Quantity::units(2),
            takes_away: true,
            ..typed(&task.lots[0], "7")
        };
        let confirmed = WorkForm {
            asked: AskedCode::of("Z-9", "", Doubt::NewBin),
            confirmed_over: Some(Quantity::units(7)),
            ..form.clone()
        };
        assert_eq!(restored(&confirmed, &task, &task), Some(form));
        assert_eq!(restored(&WorkForm::default(), &task, &task), None, "nothing was entered");
        assert!(
            serde_json::from_str::<WorkDraft>("{\"form\":{\"quantity\":\"7\"}}").is_ok(),
            "of another build"
        );
    }

    #[test]
    fn a_draft_about_stock_that_has_changed_is_not_taken_up() {
        let then = task(LotWork::Count, vec![lot("A-1", 30)]);
        let counted = WorkForm { first_count: Some(Quantity::units(28)), ..typed(&then.lots[0], "28") };
        assert_eq!(restored(&counted, &then, &then), Some(counted.clone()));
        let later = task(LotWork::Count, vec![lot("A-1", 29)]);
        assert_eq!(restored(&counted, &then, &later), None, "somebody picked one since the count");
        let gone = task(LotWork::Pick, vec![lot("B-1", 30)]);
        assert_eq!(
            restored(&typed(&then.lots[0], "7"), &task(LotWork::Pick, then.lots.clone()), &gone),
            None
        );
    }

    #[test]
    fn a_proposal_is_of_the_stock_as_it_is() {
        let then = task(LotWork::PutAway, vec![lot("RECEIVING", 30)]);
        let now = task(LotWork::PutAway, vec![lot("RECEIVING", 25)]);
        let mut form = WorkForm { to: "B-1".into(), ..typed(&then.lots[0], "30") };
        form.by_scans = "30".into();
        let proposed = restored(&form, &then, &now).map(|form| (form.quantity, form.to));
        assert_eq!(proposed, Some(("25".into(), "B-1".into())));
        form.quantity = "12".into();
        assert_eq!(restored(&form, &then, &now).map(|form| form.quantity).as_deref(), Some("12"), "typed");
    }

    #[test]
    fn a_saved_draft_is_recognized() {
        let task = task(LotWork::Adjust, vec![lot("A-1", 30)]);
        let form = typed(&task.lots[0], "5,0");
        let adjusted = |units| Action::AdjustLot {
            lot: task.lots[0].lot.clone(),
            delta: Quantity::units(units),
            reason: "damaged".into(),
            delivery: None,
        };
        assert!(is_saved_as(&form, &task, &adjusted(-5)) && is_saved_as(&form, &task, &adjusted(5)));
        assert!(!is_saved_as(&form, &task, &adjusted(-6)));
        let new = WorkForm { chosen: None, lot_code: "l1".into(), location: "a-1".into(), ..form.clone() };
        assert!(is_saved_as(&new, &task, &adjusted(-5)), "the same lot by its code");
        let picked = Action::PickLot {
            lot: task.lots[0].lot.clone(),
            quantity: Quantity::units(5),
            reason: String::new(),
        };
        assert!(!is_saved_as(&form, &task, &picked));
    }
}
