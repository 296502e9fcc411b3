//! The stock list with its search: a page of its own on a phone, the left pane elsewhere.

use sync::Connection;
use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;
use yew_router::prelude::*;

use super::numbered::Numbered;
use super::product_table::ProductTable;
use crate::book::stock_filter::{StockFilter, StockSearch};
use crate::book::surveyor::SurveyState;
use crate::desk::scan_field::ScanField;
use crate::desk::use_desk::use_scans;
use crate::goods::product_list::ProductList;
use crate::goods::survey_gate::survey_gate;
use crate::goods::use_catalogue::{CatalogueView, use_stock};
use crate::route::Route;
use crate::ui::button::{button, choice, link_button};
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::use_office::use_office;
use crate::use_offline_sync::{OfflineSync, use_sync};
use crate::words::language::{grouped, t, tf, tn};
use client::Completeness;

/// The state of the pane.
#[derive(Properties, PartialEq)]
pub(crate) struct StockPaneProps {
    /// The product whose page is open.
    pub(crate) current: Option<Uuid>,
    /// The search, kept while other pages are shown.
    pub(crate) search: UseStateHandle<StockSearch>,
}

/// The list, its search, and a text for an empty list.
#[component]
pub(crate) fn StockPane(props: &StockPaneProps) -> Html {
    let StockSearch { text, filter, .. } = &*props.search;
    let (view, state) = use_stock(&props.search);
    let (sync, scans, navigator) = (use_sync(), use_scans(), use_navigator());
    let is_office = use_office();
    let is_open = use_state(|| *filter != StockFilter::Any);
    let on_change = {
        let search = props.search.clone();
        Callback::from(move |text| search.set(StockSearch { text, ..(*search).clone() }))
    };
    let on_fold = {
        let (is_open, on_change) = (is_open.clone(), narrowing(&props.search));
        Callback::from(move |_: MouseEvent| {
            is_open.set(!*is_open);
            on_change.emit(StockFilter::Any);
        })
    };
    let field = ScanField {
        label: t("Scan or type a name or code"),
        text: text.clone().into(),
        on_change,
        on_enter: Some(opening(&view, text, navigator)),
        on_key: Callback::from(into_list),
        combobox: None,
        scans: &scans,
        test: "search",
    };
    let face = html! { <>{ icon(Glyph::Plus) }{ t("New product") }</> };
    html! {
        <section class="stock-pane" aria-label={t("Stock")}>
            <header class="stock-head">
                <h1>{ if is_office { t("Products") } else { t("Stock") } }</h1>
                if is_office {
                    <p class="head-count muted" aria-hidden="true">{ count_line(&view, &sync, &props.search) }</p>
                }
                { link_button("button", Route::NewProduct.to_path(), face, "new-product") }
            </header>
            { field.view() }
            <div class="stock-bar">
                <p class="stock-count" role="status" data-test="stock-count">{ count_line(&view, &sync, &props.search) }</p>
                if !is_office {
                    <button class="choice" type="button" aria-expanded={is_open.to_string()} aria-controls="stock-filters" onclick={on_fold} data-test="stock-narrow">{ t("Filter") }</button>
                }
            </div>
            if *is_open || is_office {
                <div id="stock-filters" class="choices" role="group" aria-label={t("Which products")}>
                    { for StockFilter::ALL.into_iter().map(|filter| filter_choice(filter, &props.search)) }
                </div>
            }
            if let Some(reading) = gate(*filter, &state, &sync) {
                { reading }
            } else if view.hits.is_empty() {
                <Numbered query={text.clone()} view={view.clone()}>{ empty(&view, &sync, &props.search) }</Numbered>
            } else {
                { rows(props, &view, is_office) }
            }
        </section>
    }
}

/// The products: a list, or a table where there is room for it.
fn rows(props: &StockPaneProps, view: &CatalogueView, is_office: bool) -> Html {
    let (ids, current) = (view.hits.clone(), props.current);
    if is_office {
        html! { <ProductTable {ids} {current} search={props.search.clone()} /> }
    } else {
        html! { <ProductList {ids} {current} search={(*props.search).clone()} /> }
    }
}

/// Enter opens the only product that a name matches. A text with a digit is looked up as a code, which may be a bin's.
fn opening(view: &CatalogueView, text: &str, navigator: Option<Navigator>) -> Callback<String, bool> {
    let is_name = !text.trim().is_empty() && !text.contains(|char: char| char.is_ascii_digit());
    let is_only = is_name && view.hits.len() == 1 && !view.is_similar;
    let only = view.hits.first().copied().filter(|_| is_only);
    Callback::from(move |_: String| match (only, &navigator) {
        (Some(id), Some(navigator)) => {
            navigator.push(&Route::Product { id });
            true
        }
        _ => false,
    })
}

/// The arrow down leads from the field into the list, where the arrows move and Enter opens.
fn into_list(event: KeyboardEvent) {
    let document =
        web_sys::window().and_then(|window| window.document()).filter(|_| event.key() == "ArrowDown");
    let row = document.and_then(|document| document.query_selector(".list a[tabindex='0']").ok().flatten());
    if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // A row that is being replaced gets no focus; the next key tries again.
        drop(row.focus());
    }
}

/// Sets a filter and keeps the words.
fn narrowing(search: &UseStateHandle<StockSearch>) -> Callback<StockFilter> {
    let search = search.clone();
    Callback::from(move |filter| search.set(StockSearch { filter, ..(*search).clone() }))
}

fn filter_choice(filter: StockFilter, search: &UseStateHandle<StockSearch>) -> Html {
    let onclick = narrowing(search).reform(move |_: MouseEvent| filter);
    choice(t(filter.words()), search.filter == filter, onclick, "stock-filter")
}

/// The placeholder of the list while the lots for a filter are being read.
fn gate(filter: StockFilter, state: &SurveyState, sync: &OfflineSync) -> Option<Html> {
    (filter != StockFilter::Any && sync.catalogue != Completeness::Empty).then(|| survey_gate(state, sync))?
}

fn count_line(view: &CatalogueView, sync: &OfflineSync, search: &StockSearch) -> String {
    let arriving = match sync.catalogue {
        Completeness::Partial { percent } => tf(", {percent} % downloaded", &[("percent", &percent)]),
        Completeness::Empty | Completeness::Complete => String::new(),
    };
    if view.fault.is_some() {
        return t("The stock list can't be read").to_owned();
    }
    match (view.ready, search.text.trim().is_empty() && search.filter == StockFilter::Any) {
        (false, _) if sync.catalogue == Completeness::Empty => String::new(),
        (false, _) => t("Reading the stock list").to_owned(),
        (true, true) => format!("{}{arriving}", tn(view.total, "{n} product", "{n} products")),
        (true, false) if view.is_similar => {
            let found = tn(view.hits.len(), "{n} product", "{n} products");
            tf("No exact match. Similar: {found}", &[("found", &found)]) + &arriving
        }
        (true, false) => {
            let (found, all) = (grouped(view.hits.len()), tn(view.total, "{n} product", "{n} products"));
            tf("{found} of {all}", &[("found", &found), ("all", &all)]) + &arriving
        }
    }
}

fn empty(view: &CatalogueView, sync: &OfflineSync, search: &UseStateHandle<StockSearch>) -> Html {
    if let Some(fault) = &view.fault {
        return read_failure(fault);
    }
    if !view.ready && sync.catalogue != Completeness::Empty {
        return skeleton();
    }
    if view.total > 0 && search.filter != StockFilter::Any {
        return nothing_left(search);
    }
    if view.total > 0 {
        return nothing_found(sync, &search.text);
    }
    let (placeholder, way) = match (sync.is_online, sync.catalogue) {
        (Connection::SignInNeeded, _) => (
            Placeholder {
                glyph: Glyph::Key,
                title: t("This device isn't connected yet"),
                text: t(
                    "Connect it with a one-time code from your supervisor. The stock list then downloads automatically.",
                ),
                test: "empty-not-enrolled",
            },
            Some((Route::Enrol, t("Connect this device"), "enrol")),
        ),
        (_, Completeness::Complete) => (
            Placeholder {
                glyph: Glyph::Box,
                title: t("No products yet"),
                text: t("Add the first one, or import a list on the server."),
                test: "empty-stock",
            },
            Some((Route::NewProduct, t("New product"), "first-product")),
        ),
        (Connection::Online | Connection::Connecting, _) => (
            Placeholder {
                glyph: Glyph::Receive,
                title: t("Downloading the stock list"),
                text: t("You can start once the first products are downloaded."),
                test: "empty-downloading",
            },
            None,
        ),
        _ => (
            Placeholder {
                glyph: Glyph::DotOpen,
                title: t("Stock list not downloaded yet"),
                text: t("Go online once. After that everything works offline."),
                test: "empty-offline",
            },
            None,
        ),
    };
    let way =
        way.map(|(route, word, test)| link_button("button primary", route.to_path(), word.into(), test));
    placeholder.view(way.unwrap_or_default())
}

fn nothing_left(search: &UseStateHandle<StockSearch>) -> Html {
    let all = narrowing(search).reform(|_: MouseEvent| StockFilter::Any);
    let (title, test) = (t("No products match"), "empty-filter");
    let text = tf("The filter is “{filter}”.", &[("filter", &t(search.filter.words()))]);
    let way = button("button", t("Show all products").into(), all, "stock-all");
    Placeholder { glyph: Glyph::Search, title, text: &text, test }.view(way)
}

fn nothing_found(sync: &OfflineSync, query: &str) -> Html {
    let text = match sync.catalogue {
        Completeness::Complete => t("No match at this site. Press Enter to look it up as a code.").to_owned(),
        Completeness::Partial { percent } => tf(
            "Only {percent} % of the products are on this device yet. Press Enter to ask the server.",
            &[("percent", &percent)],
        ),
        Completeness::Empty => t("Press Enter to ask the server.").to_owned(),
    };
    let title = tf("Nothing matches “{text}”", &[("text", &query.trim())]);
    let new =
        link_button("button", Route::NewProduct.to_path(), t("New product").into(), "product-not-found");
    Placeholder { glyph: Glyph::Search, title: &title, text: &text, test: "empty-search" }.view(new)
}
