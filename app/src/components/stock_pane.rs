//! The stock list with its search: a page of its own on a phone, the left side of the screen elsewhere.

use sync::Connection;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::button::link_button;
use super::icon::{Glyph, icon};
use super::placeholder::{Placeholder, skeleton};
use super::product_list::ProductList;
use super::scan_field::ScanField;
use super::scanner::use_scans;
use crate::format;
use crate::hooks::{CatalogueView, Completeness, OfflineSync, use_catalogue, use_sync};
use crate::language::{t, tf, tn};
use crate::route::Route;

/// The pane's surroundings.
#[derive(Properties, PartialEq)]
pub(crate) struct StockPaneProps {
    /// The product whose page is open.
    pub(crate) current: Option<Uuid>,
    /// What is searched for, kept while other pages are shown.
    pub(crate) query: UseStateHandle<String>,
}

/// The list, its search, and what there is to say when it is empty.
#[component]
pub(crate) fn StockPane(props: &StockPaneProps) -> Html {
    let query = &props.query;
    let view = use_catalogue(query);
    let (sync, scans) = (use_sync(), use_scans());
    let on_change = {
        let query = query.clone();
        Callback::from(move |text| query.set(text))
    };
    let search = ScanField {
        label: t("Scan or type a name or code"),
        text: (**query).clone().into(),
        on_change,
        on_enter: None,
        scans: &scans,
        test: "search",
    };
    let face = html! { <>{ icon(Glyph::Plus) }{ t("New product") }</> };
    html! {
        <section class="stock-pane" aria-label={t("Stock")}>
            <header class="stock-head">
                <h1>{ t("Stock") }</h1>
                { link_button("button", Route::NewProduct.to_path(), face, "new-product") }
            </header>
            { search.view() }
            <p class="stock-count" role="status" data-test="stock-count">{ count_line(&view, &sync, query) }</p>
            if view.hits.is_empty() {
                { empty(&view, &sync, query) }
            } else {
                <ProductList ids={view.hits.clone()} current={props.current} />
            }
        </section>
    }
}

fn count_line(view: &CatalogueView, sync: &OfflineSync, query: &str) -> String {
    let arriving = match sync.catalogue {
        Completeness::Partial { percent } => tf(", {percent} % downloaded", &[("percent", &percent)]),
        Completeness::Empty | Completeness::Complete => String::new(),
    };
    match (view.ready, query.trim().is_empty()) {
        (false, _) if sync.catalogue == Completeness::Empty => String::new(),
        (false, _) => t("Reading the stock list").to_owned(),
        (true, true) => format!("{}{arriving}", tn(view.total, "{n} product", "{n} products")),
        (true, false) => {
            let (found, all) =
                (format::grouped(view.hits.len()), tn(view.total, "{n} product", "{n} products"));
            tf("{found} of {all}", &[("found", &found), ("all", &all)]) + &arriving
        }
    }
}

fn empty(view: &CatalogueView, sync: &OfflineSync, query: &str) -> Html {
    if !view.ready && sync.catalogue != Completeness::Empty {
        return skeleton();
    }
    if view.total > 0 {
        return nothing_found(sync, query);
    }
    let (placeholder, way) = match (sync.is_online, sync.catalogue) {
        (Connection::SignInNeeded, _) => (
            Placeholder {
                glyph: Glyph::Key,
                title: t("This device is not enrolled yet"),
                text: t(
                    "Enrol it with a one-time code from your supervisor, then the stock list arrives by itself.",
                ),
                test: "empty-not-enrolled",
            },
            Some((Route::Enrol, t("Enrol this device"), "enrol")),
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
        (Connection::Online, _) => (
            Placeholder {
                glyph: Glyph::Receive,
                title: t("Downloading the stock list"),
                text: t("You can begin as soon as the first products are here."),
                test: "empty-downloading",
            },
            None,
        ),
        _ => (
            Placeholder {
                glyph: Glyph::DotOpen,
                title: t("The stock list is not here yet"),
                text: t("It needs a connection once. After that everything works without one."),
                test: "empty-offline",
            },
            None,
        ),
    };
    let way =
        way.map(|(route, word, test)| link_button("button primary", route.to_path(), word.into(), test));
    placeholder.view(way.unwrap_or_default())
}

fn nothing_found(sync: &OfflineSync, query: &str) -> Html {
    let text = match sync.catalogue {
        Completeness::Complete => {
            t("Every product of this site was searched. Press Enter to look it up as a code.").to_owned()
        }
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
