//! Puts the lots in a transfer's address, which were selected in a table, on the trolley.

use domain::Quantity;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::transfer::most_lots;
use super::transfer_list::{TransferChange, TransferLine, TransferList};
use crate::book::views::ProductView;
use crate::desk::use_desk::use_answers;
use crate::route::{Route, use_query};
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::language::{t, tn};

/// Adds all of each lot in the address, and removes the lots from the address, so that a reload does not add them again.
#[hook]
pub(super) fn use_given_lots(list: &UseReducerHandle<TransferList>) {
    let (book, answers, today, navigator) = (use_book(), use_answers(), use_today(), use_navigator());
    let (list, dispatch) = (list.clone(), list.dispatcher());
    let given = use_query("lots");
    use_effect_with(given, move |given| {
        let Some(given) = given.as_deref().map(Route::lots_of_transfer) else { return };
        if let Some(navigator) = navigator {
            navigator.replace(&Route::Transfer);
        }
        spawn_local(async move {
            let (mut added, mut missing, mut failure) = (0, 0, None);
            for (product, id) in given {
                match book.product(product, today).await.map(|view| line_of(view?, id)) {
                    Ok(Some(line)) if list.takes(&line.lot) && list.has_room(added) => {
                        added += 1;
                        dispatch.dispatch(TransferChange::Whole(line));
                    }
                    Ok(Some(_)) => failure = Some((t("Transfer is full"), most_lots())),
                    Ok(None) => missing += 1,
                    Err(error) => failure = Some((t("Can't show this"), store_fault(&error))),
                }
            }
            if let Some((title, detail)) = failure {
                answers.wrong(title, detail);
            } else if missing > 0 {
                let detail = tn(missing, "{n} lot isn't on this device.", "{n} lots aren't on this device.");
                answers.wrong(t("No lots here"), detail);
            }
        });
    });
}

/// All of a lot, unless there is none of it on this device.
fn line_of(view: ProductView, id: Uuid) -> Option<TransferLine> {
    let lot = view.lots.into_iter().find(|lot| lot.row.lot.id() == id)?.row;
    (lot.quantity > Quantity::ZERO).then_some(TransferLine {
        quantity: lot.quantity,
        name: view.product.name,
        unit: view.product.unit,
        here: Some(lot.quantity),
        lot: lot.lot,
    })
}
