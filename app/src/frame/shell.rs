//! The frame around every page: status line, notices, navigation, toasts, scans, and links that stay in the app.

use uuid::Uuid;
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::home::HomePage;
use super::navigation::navigation;
use super::not_found::not_found_page;
use super::pages::Page;
use super::person_button::person_button;
use crate::book::staff::Door;
use crate::book::stock_filter::StockSearch;
use crate::desk::scan_question::{Question, ScanQuestion};
use crate::desk::scanner::use_scan_listener;
use crate::desk::search_keys::use_search_keys;
use crate::desk::use_desk::{Desk, use_new_desk};
use crate::device::wake_lock::use_wake_lock;
use crate::goods::use_queue::use_queue;
use crate::inbox::use_inbox::use_inbox_count;
use crate::people::approval_sheet::ApprovalLater;
use crate::people::who_page::WhoLater;
use crate::route::{Route, use_query};
use crate::sending::announcer::use_announcements;
use crate::sending::connectivity_status::connectivity_status;
use crate::sending::notices::notices;
use crate::sending::spoken_status::SpokenStatus;
use crate::sending::storage_full::StorageFullLater;
use crate::sending::use_storage::use_storage;
use crate::stock::stock_page::stock_page;
use crate::ui::flash::FlashScreen;
use crate::ui::toasts::{Shown, Toasts, toast_list, use_escape};
use crate::ui::use_clock::use_now;
use crate::ui::use_office::use_office;
use crate::use_book::use_book;
use crate::use_offline_sync::use_sync;
use crate::use_today::ClockCheck;
use crate::words::language::t;
use client::Threat;
use client::use_update_ready;

/// The app below its data providers.
pub(crate) fn app() -> Html {
    html! { <BrowserRouter><Frame /></BrowserRouter> }
}

#[component]
fn Frame() -> Html {
    let route = use_route::<Route>().unwrap_or(Route::NotFound);
    let (sync, now, queue) = (use_sync(), use_now(), use_queue());
    let book = use_book();
    let shown = use_reducer_eq(Shown::default);
    let question = use_state(|| None::<Question>);
    use_escape(&shown);
    use_search_keys();
    use_wake_lock(route.keeps_awake());
    let desk = use_new_desk(&shown, &question);
    let toasts = desk.answers.toasts.clone();
    use_scan_listener(&desk.scans, &desk.answers);
    use_announcements(&toasts, &sync, queue);
    let (is_update_ready, apply_update) = use_update_ready();
    let (storage, _) = use_storage();
    let search = use_state(StockSearch::default);
    let lot = use_query("lot").and_then(|lot| lot.parse().ok());
    let inbox = use_inbox_count();
    let follow = follow_links(use_navigator());
    let is_office = use_office();
    let asks_who = asks_who(book.door(), &route);
    let has_pane = !asks_who && (route.is_beside_list() || is_office && route == Route::Lots);
    let class = classes!(
        "shell",
        (!asks_who && route.is_task()).then_some("is-task"),
        has_pane.then_some("has-list"),
        is_office.then_some("is-office")
    );
    html! {
        <ContextProvider<Toasts> context={toasts}>
            <ContextProvider<Desk> context={desk}>
                <div {class} onclick={follow}>
                    <a class="skip" href="#main">{ t("Skip to the page") }</a>
                    <header class="top">
                        <div class="top-line">
                            { connectivity_status(&sync, now) }
                            { person_button(&book) }
                        </div>
                        { notices(&sync, now, is_update_ready.then_some(apply_update), storage, ClockCheck::of(&book)) }
                    </header>
                    { navigation(&route, inbox, is_office) }
                    { main_of(book.person(), if asks_who { html! { <WhoLater /> } } else { page(route, lot, &search) }) }
                </div>
                if sync.threats.contains(&Threat::Refused) {
                    <StorageFullLater />
                }
                if book.asked().is_some() {
                    <ApprovalLater />
                }
                <ScanQuestion {question} />
                <FlashScreen />
                { toast_list(&shown) }
                <SpokenStatus />
            </ContextProvider<Desk>>
        </ContextProvider<Toasts>>
    }
}

/// The page. What one person has typed is not shown to the next one.
fn main_of(person: Option<Uuid>, page: Html) -> Html {
    let key = person.map_or_else(String::new, |person| person.to_string());
    html! { <main {key} id="main" class="main" tabindex="-1">{ page }</main> }
}

/// Whether the page is replaced by the question who works on the device.
fn asks_who(door: Door, route: &Route) -> bool {
    match door {
        Door::Open | Door::By(_) => false,
        Door::Locked { is_looking } => !route.sets_up() && (!is_looking || route.needs_person()),
    }
}

fn page(route: Route, lot: Option<Uuid>, search: &UseStateHandle<StockSearch>) -> Html {
    match route {
        Route::Home => html! { <HomePage /> },
        Route::NotFound => not_found_page(),
        Route::Stock => stock_page(&route, None, search),
        beside if beside.is_beside_list() => {
            stock_page(&beside, Some(html! { <Page route={beside.clone()} {lot} /> }), search)
        }
        route => html! { <Page {route} {lot} /> },
    }
}

/// Plain links navigate within the app; other clicks (a new tab, another site, a link with `rel`) are left to the browser.
fn follow_links(navigator: Option<Navigator>) -> Callback<MouseEvent> {
    Callback::from(move |event: MouseEvent| {
        let is_plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if event.default_prevented() || !is_plain {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest("a[href^='/']:not([rel])").ok().flatten());
        if let (Some(href), Some(navigator)) = (link.and_then(|link| link.get_attribute("href")), &navigator)
        {
            event.prevent_default();
            navigator.push(&AnyRoute::new(href));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_device_asks_who_works_on_it_and_shows_the_stock_to_those_who_look() {
        let (work, stock, enrol) = (Route::Checkout, Route::Stock, Route::Enrol);
        let asked = |door| [&work, &stock, &enrol].map(|route| asks_who(door, route));
        assert_eq!(asked(Door::Open), [false, false, false]);
        assert_eq!(asked(Door::By(Uuid::nil())), [false, false, false]);
        assert_eq!(asked(Door::Locked { is_looking: false }), [true, true, false]);
        assert_eq!(asked(Door::Locked { is_looking: true }), [true, false, false]);
    }
}
