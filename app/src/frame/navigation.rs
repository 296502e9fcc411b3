//! The main navigation: at the bottom of a phone, at the side of wider screens.

use yew::prelude::*;
use yew_router::Routable;

use crate::route::Route;
use crate::ui::icon::{Glyph, icon};
use crate::words::language::{t, tn};

/// Work, Stock, Sell, Inbox and Sync; the inbox with the number of entries that need attention.
pub(crate) fn navigation(current: &Route, attention: usize) -> Html {
    let is_work = matches!(
        current,
        Route::Home | Route::Start { .. } | Route::Delivery { .. } | Route::Bin { .. } | Route::Transfer
    );
    let is_stock = current.is_beside_list() || matches!(current, Route::Lots | Route::Report);
    html! {
        <nav class="navigation" aria-label={t("Main")}>
            <span class="brand" aria-hidden="true"><img src="/icons/lotbook.svg" alt="" />{ "Lotbook" }</span>
            { entry((Route::Home, Glyph::Scan, t("Work"), "nav-work"), is_work, 0) }
            { entry((Route::Stock, Glyph::Box, t("Stock"), "nav-stock"), is_stock, 0) }
            { entry((Route::Checkout, Glyph::Cart, t("Sell"), "nav-sell"), *current == Route::Checkout, 0) }
            { entry((Route::Inbox, Glyph::Inbox, t("Inbox"), "nav-inbox"), *current == Route::Inbox, attention) }
            { entry((Route::Sync, Glyph::Sync, t("Sync"), "nav-sync"), *current == Route::Sync, 0) }
        </nav>
    }
}

/// Route, icon, label and test hook.
type Place = (Route, Glyph, &'static str, &'static str);

fn entry((route, glyph, word, test): Place, is_current: bool, badge: usize) -> Html {
    html! {
        <a class="navigation-entry" href={route.to_path()} aria-current={is_current.then_some("page")}
            data-test={test}>
            { icon(glyph) }
            <span>{ word }</span>
            if badge > 0 {
                <span class="badge" aria-hidden="true" data-test="nav-badge">{ badge }</span>
                <span class="visually-hidden">{ tn(badge, "{n} needs you", "{n} need you") }</span>
            }
        </a>
    }
}
