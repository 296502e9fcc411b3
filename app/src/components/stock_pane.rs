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
        label: "Scan or type a name or code",
        text: (**query).clone().into(),
        on_change,
        on_enter: None,
        scans: &scans,
        test: "search",
    };
    let face = html! { <>{ icon(Glyph::Plus) }{ "New product" }</> };
    html! {
        <section class="stock-pane" aria-label="Stock">
            <header class="stock-head">
                <h1>{ "Stock" }</h1>
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
        Completeness::Partial { percent } => format!(", {percent} % downloaded"),
        Completeness::Empty | Completeness::Complete => String::new(),
    };
    match (view.ready, query.trim().is_empty()) {
        (false, _) if sync.catalogue == Completeness::Empty => String::new(),
        (false, _) => "Reading the stock list".to_owned(),
        (true, true) => format!("{}{arriving}", format::counted(view.total, "product")),
        (true, false) => {
            format!(
                "{} of {}{arriving}",
                format::grouped(view.hits.len()),
                format::counted(view.total, "product")
            )
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
                title: "This device is not enrolled yet",
                text: "Enrol it with a one-time code from your supervisor, then the stock list arrives by itself.",
                test: "empty-not-enrolled",
            },
            Some((Route::Enrol, "Enrol this device", "enrol")),
        ),
        (_, Completeness::Complete) => (
            Placeholder {
                glyph: Glyph::Box,
                title: "No products yet",
                text: "Add the first one, or import a list on the server.",
                test: "empty-stock",
            },
            Some((Route::NewProduct, "New product", "first-product")),
        ),
        (Connection::Online, _) => (
            Placeholder {
                glyph: Glyph::Receive,
                title: "Downloading the stock list",
                text: "You can begin as soon as the first products are here.",
                test: "empty-downloading",
            },
            None,
        ),
        _ => (
            Placeholder {
                glyph: Glyph::DotOpen,
                title: "The stock list is not here yet",
                text: "It needs a connection once. After that everything works without one.",
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
            "Every product of this site was searched. Press Enter to look it up as a code.".to_owned()
        }
        Completeness::Partial { percent } => {
            format!("Only {percent} % of the products are on this device yet. Press Enter to ask the server.")
        }
        Completeness::Empty => "Press Enter to ask the server.".to_owned(),
    };
    let title = format!("Nothing matches “{}”", query.trim());
    let new = link_button("button", Route::NewProduct.to_path(), "New product".into(), "product-not-found");
    Placeholder { glyph: Glyph::Search, title: &title, text: &text, test: "empty-search" }.view(new)
}
