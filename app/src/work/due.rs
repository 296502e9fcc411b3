//! The open deliveries that received goods may belong to.

use std::rc::Rc;

use domain::Delivery;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::task::Task;
use super::work_form::WorkForm;
use crate::desk::scan_question::Question;
use crate::desk::use_desk::use_answers;
use crate::route::LotWork;
use crate::ui::use_live::Live;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::tf;

/// The open deliveries, if goods are received.
#[hook]
pub(crate) fn use_deliveries(work: LotWork) -> Rc<Vec<Delivery>> {
    let (book, version) = (use_book(), use_book_version());
    let open = use_loaded(work, version, move |work| async move {
        if work != LotWork::Receive {
            return Ok(Vec::new());
        }
        book.deliveries().await.map_err(|error| store_fault(&error))
    });
    match open {
        Loaded::Ready(open) => open,
        Loaded::Loading | Loaded::Failed(_) => Rc::default(),
    }
}

/// Counts the goods to the delivery that expects them; asks which if there are several.
#[hook]
pub(crate) fn use_count_to(task: &Rc<Task>, form: &Live<WorkForm>) -> Callback<MouseEvent> {
    let (answers, task, form) = (use_answers(), task.clone(), form.clone());
    Callback::from(move |_: MouseEvent| {
        let ids: Vec<_> = task.due(&form.get()).iter().map(|(open, _)| open.id).collect();
        if let [id] = ids[..] {
            return form.change(|form| form.delivery = Some(id));
        }
        let due = task.due(&form.get());
        let words = due.iter().map(|(open, left)| {
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("number", &open.number), ("quantity", &format::quantity(*left))];
            tf("{number}: {quantity} expected", &values).into()
        });
        let (question, answer) = Question::of_deliveries(words);
        answers.ask(question);
        let form = form.clone();
        spawn_local(async move {
            if let Some(id) = answer.await.ok().and_then(|at| ids.get(at)) {
                form.change(|form| form.delivery = Some(*id));
            }
        });
    })
}
