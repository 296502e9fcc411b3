//! All lots, with those that only the server has: filtered, sorted, summed, and exported as a table.

use std::rc::Rc;

use domain::{CalendarDate, LotStatus};
use yew::prelude::*;

use super::lot_filters::lot_filters;
use super::lot_list::LotList;
use super::lot_table::LotTable;
use super::use_remote_lots::use_remote_lots;
use crate::book::Book;
use crate::book::lot_filter::{Expiry, LotFilter, Selection};
use crate::goods::survey_gate::{as_of, missing_lots, survey_gate};
use crate::goods::use_survey::use_survey;
use crate::route::use_query;
use crate::ui::button::button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::ui::save_table::{Table, use_save_table};
use crate::ui::use_office::use_office;
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;
use crate::use_today::use_today;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The page. `?q=`, `?expiry=`, `?status=`, `?bin=` and `?below-zero` are its initial filters.
#[component]
pub(crate) fn LotsPage() -> Html {
    let (book, sync, today) = (use_book(), use_sync(), use_today());
    let (state, remote) = (use_survey(), use_remote_lots());
    let (filter, is_office) = (use_filter(), use_office());
    // The survey may be newer than this component's state.
    let version = book.survey_state().version;
    let key = ((*filter).clone(), version, today, book.catalogue_len());
    let selection = use_memo(key, {
        let book = book.clone();
        move |(filter, _, today, _)| book.select_lots(filter, *today)
    });
    let save = use_save_table();
    let on_change = {
        let filter = filter.setter();
        Callback::from(move |next| filter.set(next))
    };
    let on_save = {
        let (book, selection) = (book.clone(), selection.clone());
        save.reform(move |_: MouseEvent| table_of(&book, selection.clone(), today))
    };
    let gate = survey_gate(&state, &sync);
    html! {
        <div class="page lots-page" data-test="lots-page">
            <PageHead title={t("Lots")}>
                if gate.is_none() {
                    { button("button", html! { <>{ icon(Glyph::Receive) }{ t("Save as CSV") }</> }, on_save, "lots-csv") }
                }
            </PageHead>
            if let Some(gate) = gate {
                { gate }
            } else {
                <div class="lots-grid">
                    <div class="lots-side">
                        { lot_filters(&filter, &on_change) }
                        { as_of(&sync, remote) }
                    </div>
                    <section class="lots-found" aria-label={t("Lots found")}>
                        <div role="status">{ missing_lots(remote) }</div>
                        <p class="lots-count" role="status" data-test="lots-count">{ count_line(&book, &selection) }</p>
                        if selection.rows.is_empty() {
                            { nothing(&filter, &on_change) }
                        } else {
                            { rows(&filter, selection, version, is_office) }
                        }
                    </section>
                </div>
            }
        </div>
    }
}

/// The lots: a list, or a table where there is room for it.
fn rows(filter: &UseStateHandle<LotFilter>, selection: Rc<Selection>, version: u64, is_office: bool) -> Html {
    if is_office {
        html! { <LotTable {selection} {version} filter={filter.clone()} /> }
    } else {
        html! { <LotList {selection} {version} filter={(**filter).clone()} /> }
    }
}

/// The filter, initialised from the address, and reset when the address changes. It stays when a product opens in the
/// pane: that address names the product instead of the filter.
#[hook]
fn use_filter() -> UseStateHandle<LotFilter> {
    let asked = LotFilter {
        text: use_query("q").unwrap_or_default(),
        expiry: use_query("expiry").map_or(Expiry::Any, |code| Expiry::from_code(&code)),
        bin: use_query("bin").unwrap_or_default(),
        status: use_query("status").and_then(|code| LotStatus::from_code(&code)),
        only_below_zero: use_query("below-zero").is_some(),
        ..LotFilter::default()
    };
    let filter = use_state_eq(|| asked.clone());
    let (setter, has_pane) = (filter.setter(), use_query("open").is_some());
    use_effect_with(asked, move |asked| {
        if !has_pane {
            setter.set(asked.clone());
        }
    });
    filter
}

fn count_line(book: &Book, selection: &Selection) -> String {
    let survey = book.survey();
    let lots = tn(selection.rows.len(), "{n} lot", "{n} lots");
    let sums: Vec<String> = selection.worth.moneys(&|id| survey.name(id)).iter().map(format::money).collect();
    if sums.is_empty() {
        return lots;
    }
    tf("{lots}, worth {sum}", &[("lots", &lots), ("sum", &sums.join(" + "))])
}

fn nothing(filter: &LotFilter, on_change: &Callback<LotFilter>) -> Html {
    let (order, is_reversed) = (filter.order, filter.is_reversed);
    let all = on_change.reform(move |_: MouseEvent| LotFilter { order, is_reversed, ..LotFilter::default() });
    let (title, text) = match filter.is_narrow() {
        true => (t("No lots match"), t("Change a filter, or show all lots.")),
        false => (t("No lots here"), t("No stock on this device. Receive goods first.")),
    };
    let way = match filter.is_narrow() {
        true => button("button", t("Show all lots").into(), all, "lots-all"),
        false => Html::default(),
    };
    Placeholder { glyph: Glyph::Search, title, text, test: "lots-none" }.view(way)
}

fn table_of(book: &Book, selection: Rc<Selection>, today: CalendarDate) -> Table {
    let name = format!("lotbook-lots-{}-{today}.csv", book.device_prefix());
    let book = book.clone();
    Table { name, text: Box::pin(async move { Ok(book.lots_csv(&selection)) }) }
}
