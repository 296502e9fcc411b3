//! The ways between the main pages: at the bottom of a phone, at the side of anything wider.

use yew::prelude::*;
use yew_router::Routable;

use super::icon::{Glyph, icon};
use crate::language::t;
use crate::route::Route;

/// Work, Stock, Sell, Inbox and Sync; the inbox with what needs a person.
pub(crate) fn navigation(current: &Route, attention: usize) -> Html {
    let is_work = matches!(
        current,
        Route::Home | Route::Start { .. } | Route::Delivery { .. } | Route::Bin { .. } | Route::Transfer
    );
    let is_stock = current.is_beside_list() || matches!(current, Route::Lots | Route::Report);
    html! {
        <nav class="navigation" aria-label={t("Main")}>
            <span class="brand" aria-hidden="true"><img src="/icons/lotbook.svg" alt="" />{ "Lotbook" }</span>
            { entry(Route::Home, Glyph::Scan, t("Work"), is_work, 0, "nav-work") }
            { entry(Route::Stock, Glyph::Box, t("Stock"), is_stock, 0, "nav-stock") }
            { entry(Route::Checkout, Glyph::Cart, t("Sell"), *current == Route::Checkout, 0, "nav-sell") }
            { entry(Route::Inbox, Glyph::Inbox, t("Inbox"), *current == Route::Inbox, attention, "nav-inbox") }
            { entry(Route::Sync, Glyph::Sync, t("Sync"), *current == Route::Sync, 0, "nav-sync") }
        </nav>
    }
}

fn entry(
    route: Route,
    glyph: Glyph,
    word: &'static str,
    is_current: bool,
    badge: usize,
    test: &'static str,
) -> Html {
    html! {
        <a class="navigation-entry" href={route.to_path()} aria-current={is_current.then_some("page")}
            data-test={test}>
            { icon(glyph) }
            <span>{ word }</span>
            if badge > 0 {
                <span class="badge" data-test="nav-badge">
                    { badge }<span class="visually-hidden">{ t(" need you") }</span>
                </span>
            }
        </a>
    }
}
