//! The page of each route, except those of the first wasm part. They are in the rest (`rest.rs`).

use futures::FutureExt;
use uuid::Uuid;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;

use super::not_found::not_found_page;
use crate::inbox::inbox_page::InboxPage;
use crate::reports::lots::LotsPage;
use crate::reports::report::ReportPage;
use crate::rest::NotLoaded;
use crate::route::{Route, use_query};
use crate::selling::checkout::CheckoutPage;
use crate::sending::enrol::EnrolPage;
use crate::sending::sync_page::SyncPage;
use crate::settings::commands::CommandsPage;
use crate::settings::scanner_test::ScannerTestPage;
use crate::settings::settings_page::SettingsPage;
use crate::settings::welcome::WelcomePage;
use crate::stock::bin::BinPage;
use crate::stock::history::HistoryPage;
use crate::stock::product_edit::NewProductPage;
use crate::stock::product_route::{ProductRoute, Purpose};
use crate::ui::later::use_later;
use crate::ui::placeholder::{page_failure, to_stock};
use crate::ui::use_office::use_office;
use crate::words::language::t;
use crate::work::delivery::DeliveryPage;
use crate::work::start::StartPage;
use crate::work::transfer::TransferPage;

/// The route of the page.
#[derive(Clone, Properties, PartialEq)]
pub(crate) struct PageProps {
    pub(crate) route: Route,
    /// Limits a history to one lot.
    pub(crate) lot: Option<Uuid>,
}

/// The page, once its code is loaded.
#[component]
pub(crate) fn Page(props: &PageProps) -> Html {
    use_later(
        || load_page().boxed_local(),
        draw_page(props.clone()),
        |message| {
            // Some pages have no navigation bar to leave them by.
            html! { <div class="page">{ page_failure(message, to_stock("button")) }</div> }
        },
    )
}

#[wasm_split(rest, fallible, preload(load_page))]
fn draw_page(props: PageProps) -> Result<Html, NotLoaded> {
    Ok(page(props.route, props.lot))
}

/// All lots; in wide windows, the product in the address is beside them.
#[component]
fn LotsRoute() -> Html {
    let is_office = use_office();
    let open = use_query("open").and_then(|id| id.parse::<Uuid>().ok());
    let open = open.filter(|_| is_office);
    html! {
        <div class={if open.is_some() { "split" } else { "lots-alone" }}>
            <LotsPage />
            if let Some(id) = open {
                <section class="detail" aria-label={t("Details")}>
                    <ProductRoute key={id.to_string()} {id} purpose={Purpose::Show} />
                </section>
            }
        </div>
    }
}

fn page(route: Route, lot: Option<Uuid>) -> Html {
    // Another product, or another purpose, gets a new component without leftover state.
    let about = |id: Uuid, purpose: Purpose| html! { <ProductRoute key={format!("{id}{purpose:?}")} {id} {purpose} /> };
    match route {
        Route::Start { operation } => html! { <StartPage key={operation.code()} work={operation} /> },
        Route::Delivery { id } => html! { <DeliveryPage {id} /> },
        Route::Bin { location } => {
            html! { <BinPage key={location.clone()} location={location.clone()} /> }
        }
        Route::Transfer => html! { <TransferPage /> },
        Route::NewProduct => html! { <NewProductPage /> },
        Route::Product { id } => about(id, Purpose::Show),
        Route::EditProduct { id } => about(id, Purpose::Edit),
        Route::History { id } => html! { <HistoryPage key={id.to_string()} {id} {lot} /> },
        Route::Work { id, operation } => about(id, Purpose::Work(operation)),
        Route::Checkout => html! { <CheckoutPage /> },
        Route::Lots => html! { <LotsRoute /> },
        Route::Report => html! { <ReportPage /> },
        Route::Inbox => html! { <InboxPage /> },
        Route::Sync => html! { <SyncPage /> },
        Route::Settings => html! { <SettingsPage /> },
        Route::ScannerTest => html! { <ScannerTestPage /> },
        Route::Commands => html! { <CommandsPage /> },
        Route::Welcome => html! { <WelcomePage /> },
        Route::Enrol => html! { <EnrolPage /> },
        Route::EnrolWith { code } => html! { <EnrolPage {code} /> },
        Route::Home | Route::Stock | Route::NotFound => not_found_page(),
    }
}
