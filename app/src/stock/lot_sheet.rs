//! A lot's status and expiry: quarantine goods, release them, correct a date.

use domain::{Action, CalendarDate, LotPatch, LotStatus};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::views::LotView;
use crate::desk::record_faults::not_recorded;
use crate::desk::undo::undo;
use crate::device::feedback::{self, Feedback};
use crate::goods::lot_chip::status_word;
use crate::ui::button::{button, choice, submit_button};
use crate::ui::field::Field;
use crate::ui::save_failure::save_failure;
use crate::ui::sheet::Sheet;
use crate::ui::toasts::{Toast, use_toasts};
use crate::use_book::use_book;
use crate::words::language::{t, tf};

/// The lot.
#[derive(Properties, PartialEq)]
pub(crate) struct LotSheetProps {
    pub(crate) lot: LotView,
    /// Whether this device holds it, or only the server.
    pub(crate) is_here: bool,
    pub(crate) on_close: Callback<()>,
}

/// The sheet.
#[component]
pub(crate) fn LotSheet(props: &LotSheetProps) -> Html {
    let LotSheetProps { lot, on_close, .. } = props;
    let status = use_state(|| lot.row.status);
    let until = use_state(|| lot.row.expires_on.map_or_else(String::new, |date| date.to_string()));
    let fault = use_state(Option::<AttrValue>::default);
    let is_busy = use_state(bool::default);
    let save = use_saving_edit(props, &fault, &is_busy);
    let onsubmit = {
        let (row, status, until, fault) = (lot.row.clone(), status.clone(), until.clone(), fault.setter());
        let on_close = on_close.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let date = until.parse::<CalendarDate>().ok();
            if date.is_none() && (row.expires_on.is_some() || !until.is_empty()) {
                return fault.set(Some(t("A date can be changed but not removed. Enter a date.").into()));
            }
            let patch = LotPatch {
                status: Some(*status).filter(|status| *status != row.status),
                expires_on: date.filter(|date| Some(*date) != row.expires_on),
            };
            if patch == LotPatch::default() { on_close.emit(()) } else { save.emit(patch) }
        })
    };
    let on_date = {
        let (until, fault) = (until.setter(), fault.setter());
        Callback::from(move |text| {
            until.set(text);
            fault.set(None);
        })
    };
    let date = Field {
        id: "lot-until",
        label: t("Expiry date"),
        kind: "date",
        value: &until,
        on_change: on_date,
        ..Field::default()
    };
    let choose = |one: LotStatus| {
        let setter = status.setter();
        choice(status_word(one), *status == one, Callback::from(move |_| setter.set(one)), "lot-status")
    };
    let cancel = on_close.reform(|_: MouseEvent| ());
    html! {
        <Sheet title={tf("Lot {lot}", &[("lot", &lot.row.lot.lot_code)])} {on_close} test="lot-sheet">
            <form class="fields" {onsubmit} novalidate={true}>
                <div class="choices" role="group" aria-label={t("Status")}>{ for LotStatus::ALL.map(choose) }</div>
                <p class="muted">{ t("Only available lots are offered for picking and selling. Other lots leave this device once synced.") }</p>
                { date.view() }
                { save_failure((*fault).clone()) }
                <div class="sheet-actions">
                    { button("button", t("Cancel").into(), cancel, "lot-cancel") }
                    { submit_button(t("Save"), *is_busy, "lot-save") }
                </div>
            </form>
        </Sheet>
    }
}

#[hook]
fn use_saving_edit(
    props: &LotSheetProps,
    fault: &UseStateHandle<Option<AttrValue>>,
    is_busy: &UseStateHandle<bool>,
) -> Callback<LotPatch> {
    let (book, toasts) = (use_book(), use_toasts());
    let LotSheetProps { lot, is_here, on_close } = props;
    let (lot, is_here, on_close) = (lot.clone(), *is_here, on_close.clone());
    let (fault, is_busy) = (fault.setter(), is_busy.setter());
    Callback::from(move |patch: LotPatch| {
        let (book, toasts, on_close) = (book.clone(), toasts.clone(), on_close.clone());
        let (fault, is_busy) = (fault.clone(), is_busy.clone());
        let said = tf("Lot {lot}", &[("lot", &lot.row.lot.lot_code)]);
        let (action, base) = (Action::UpdateLot { lot: lot.row.lot.clone(), patch }, lot.rev);
        is_busy.set(true);
        spawn_local(async move {
            let recorded = match is_here {
                true => book.record(action.clone(), base).await,
                false => book.record_elsewhere(action.clone(), base).await,
            };
            match recorded {
                Ok(mutation) => {
                    feedback::give(Feedback::Saved);
                    let undo = undo(&book, &toasts, vec![mutation.id]);
                    toasts.show(Toast::saved(said).offering(t("Undo"), undo));
                    on_close.emit(());
                }
                Err(error) => {
                    fault.set(Some(not_recorded(&error, Some(&action)).into()));
                    is_busy.set(false);
                }
            }
        });
    })
}
