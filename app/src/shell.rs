//! The frame around every page: status line, notices, navigation, toasts, scans, and links that stay in the app.

use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use crate::components::announcer::use_announcements;
use crate::components::connectivity_status::ConnectivityStatus;
use crate::components::navigation::navigation;
use crate::components::notices::Notices;
use crate::components::scanner::ScanProvider;
use crate::components::stock_pane::StockQuery;
use crate::components::toasts::ToastProvider;
use crate::hooks::use_sync;
use crate::pages::checkout::CheckoutPage;
use crate::pages::enrol::EnrolPage;
use crate::pages::not_found::not_found_page;
use crate::pages::stock::stock_page;
use crate::pages::sync_page::SyncPage;
use crate::route::Route;

/// The app below its providers of data.
#[component]
pub(crate) fn App() -> Html {
    html! {
        <BrowserRouter>
            <ToastProvider>
                <ScanProvider>
                    <Frame />
                </ScanProvider>
            </ToastProvider>
        </BrowserRouter>
    }
}

#[component]
fn Frame() -> Html {
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    use_announcements();
    let attention = use_sync().attention;
    let query = StockQuery(use_state(String::new));
    let follow = follow_links(use_navigator());
    let class =
        classes!("shell", route.is_task().then_some("is-task"), route.is_beside_list().then_some("has-list"));
    html! {
        <ContextProvider<StockQuery> context={query}>
            <div {class} onclick={follow}>
                <a class="skip" href="#main">{ "Skip to the page" }</a>
                <header class="top">
                    <ConnectivityStatus />
                    <Notices />
                </header>
                { navigation(&route, attention) }
                <main id="main" class="main" tabindex="-1">{ page(route) }</main>
            </div>
        </ContextProvider<StockQuery>>
    }
}

fn page(route: Route) -> Html {
    match route {
        Route::Checkout => html! { <CheckoutPage /> },
        Route::Sync => html! { <SyncPage /> },
        Route::Enrol => html! { <EnrolPage /> },
        Route::EnrolWith { code } => html! { <EnrolPage {code} /> },
        Route::NotFound => not_found_page(),
        Route::Stock
        | Route::NewProduct
        | Route::Product { .. }
        | Route::EditProduct { .. }
        | Route::Work { .. } => stock_page(&route),
    }
}

/// Plain links move within the app; anything the browser does better (a new tab, another site) stays its own.
fn follow_links(navigator: Option<Navigator>) -> Callback<MouseEvent> {
    Callback::from(move |event: MouseEvent| {
        let is_plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if event.default_prevented() || !is_plain {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[href^='/']").ok().flatten());
        if let (Some(href), Some(navigator)) = (link.and_then(|link| link.get_attribute("href")), &navigator)
        {
            event.prevent_default();
            navigator.push(&AnyRoute::new(href));
        }
    })
}
