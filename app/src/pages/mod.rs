//! One module a page, and the forms behind them.

pub(crate) mod bin;
pub(crate) mod checkout;
pub(crate) mod commands;
pub(crate) mod delivery;
pub(crate) mod enrol;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod inbox;
pub(crate) mod lot_panel;
pub(crate) mod lot_sheet;
pub(crate) mod lots;
pub(crate) mod not_found;
pub(crate) mod product;
pub(crate) mod product_edit;
pub(crate) mod product_facts;
pub(crate) mod product_form;
pub(crate) mod product_route;
pub(crate) mod report;
pub(crate) mod report_parts;
pub(crate) mod scanner_report;
pub(crate) mod scanner_test;
pub(crate) mod scanner_words;
pub(crate) mod setting_parts;
pub(crate) mod setting_scanner;
pub(crate) mod settings;
pub(crate) mod start;
pub(crate) mod stock;
pub(crate) mod sync_check;
pub(crate) mod sync_device;
pub(crate) mod sync_page;
pub(crate) mod sync_queue;
pub(crate) mod take_in;
pub(crate) mod transfer;
pub(crate) mod transfer_list;
pub(crate) mod welcome;
pub(crate) mod work;
pub(crate) mod work_address;
pub(crate) mod work_form;
pub(crate) mod work_scan;
pub(crate) mod work_view;

use crate::pages::product_route::{ProductRoute, Purpose};
use uuid::Uuid;
use yew::prelude::*;

use crate::route::Route;

/// The page at an address, but for those that the app starts with. `lot` narrows a history.
pub(crate) fn page(route: Route, lot: Option<Uuid>) -> Html {
    // Another product, or another purpose, is a page of its own with nothing left over.
    let about = |id: Uuid, purpose: Purpose| html! { <ProductRoute key={format!("{id}{purpose:?}")} {id} {purpose} /> };
    match route {
        Route::Start { operation } => html! { <start::StartPage key={operation.code()} work={operation} /> },
        Route::Delivery { id } => html! { <delivery::DeliveryPage {id} /> },
        Route::Bin { location } => {
            html! { <bin::BinPage key={location.clone()} location={location.clone()} /> }
        }
        Route::Transfer => html! { <transfer::TransferPage /> },
        Route::NewProduct => html! { <product_edit::ProductFormPage key="new" /> },
        Route::Product { id } => about(id, Purpose::Show),
        Route::EditProduct { id } => about(id, Purpose::Edit),
        Route::History { id } => html! { <history::HistoryPage key={id.to_string()} {id} {lot} /> },
        Route::Work { id, operation } => about(id, Purpose::Work(operation)),
        Route::Checkout => html! { <checkout::CheckoutPage /> },
        Route::Lots => html! { <lots::LotsPage /> },
        Route::Report => html! { <report::ReportPage /> },
        Route::Inbox => html! { <inbox::InboxPage /> },
        Route::Sync => html! { <sync_page::SyncPage /> },
        Route::Settings => html! { <settings::SettingsPage /> },
        Route::ScannerTest => html! { <scanner_test::ScannerTestPage /> },
        Route::Commands => html! { <commands::CommandsPage /> },
        Route::Welcome => html! { <welcome::WelcomePage /> },
        Route::Enrol => html! { <enrol::EnrolPage /> },
        Route::EnrolWith { code } => html! { <enrol::EnrolPage {code} /> },
        Route::Home | Route::Stock | Route::NotFound => not_found::not_found_page(),
    }
}
