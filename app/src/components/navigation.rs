//! The ways between the main pages: at the bottom of a phone, at the side of anything wider.

use yew::prelude::*;
use yew_router::Routable;

use super::icon::{Glyph, icon};
use crate::route::Route;

/// Stock, Sell and Sync; the last with what needs a person.
pub(crate) fn navigation(current: &Route, attention: usize) -> Html {
    html! {
        <nav class="navigation" aria-label="Main">
            <span class="brand" aria-hidden="true"><img src="/icons/lotbook.svg" alt="" />{ "Lotbook" }</span>
            { entry(Route::Stock, Glyph::Box, "Stock", current.is_beside_list(), 0) }
            { entry(Route::Checkout, Glyph::Cart, "Sell", *current == Route::Checkout, 0) }
            { entry(Route::Sync, Glyph::Sync, "Sync", *current == Route::Sync, attention) }
        </nav>
    }
}

fn entry(route: Route, glyph: Glyph, word: &'static str, is_current: bool, badge: usize) -> Html {
    html! {
        <a class="navigation-entry" href={route.to_path()} aria-current={is_current.then_some("page")}
            data-test={format!("nav-{}", word.to_ascii_lowercase())}>
            { icon(glyph) }
            <span>{ word }</span>
            if badge > 0 {
                <span class="badge" data-test="nav-badge">
                    { badge }<span class="visually-hidden">{ " need you" }</span>
                </span>
            }
        </a>
    }
}
