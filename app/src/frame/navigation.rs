//! The main navigation: at the bottom of a phone, at the side of wider screens.

use yew::prelude::*;
use yew_router::Routable;

use crate::route::Route;
use crate::ui::icon::{Glyph, icon};
use crate::words::language::{grouped, key, t, tn};

/// A link: page, icon, label and test hook.
struct Place(Route, Glyph, &'static str, &'static str);

const WORK: Place = Place(Route::Home, Glyph::Scan, key("Work"), "nav-work");
const SELL: Place = Place(Route::Checkout, Glyph::Cart, key("Sell"), "nav-sell");
const INBOX: Place = Place(Route::Inbox, Glyph::Inbox, key("Inbox"), "nav-inbox");
const SYNC: Place = Place(Route::Sync, Glyph::Sync, key("Sync"), "nav-sync");

/// The links of narrow windows.
const PHONE: [Place; 5] =
    [WORK, Place(Route::Stock, Glyph::Box, key("Stock"), "nav-stock"), SELL, INBOX, SYNC];

/// The links of wide windows, in groups with their headings.
const OFFICE: [(&str, &[Place]); 3] = [
    (key("Floor"), &[WORK, SELL, Place(Route::Transfer, Glyph::Transfer, key("Transfer"), "nav-transfer")]),
    (
        key("Stock"),
        &[
            Place(Route::Stock, Glyph::Box, key("Products"), "nav-stock"),
            Place(Route::Lots, Glyph::Count, key("Lots"), "nav-lots"),
        ],
    ),
    (
        key("Office"),
        &[
            INBOX,
            Place(Route::Report, Glyph::Report, key("Report"), "nav-report"),
            SYNC,
            Place(Route::Settings, Glyph::Settings, key("Settings"), "nav-settings"),
        ],
    ),
];

/// The links; the inbox with the number of entries that need attention.
pub(crate) fn navigation(current: &Route, attention: usize, is_office: bool) -> Html {
    let chars: usize = PHONE.iter().map(|place| t(place.2).chars().count()).sum();
    let link = |place: &Place| entry(place, is_within(current, &place.0, is_office), attention);
    html! {
        <nav class="navigation" aria-label={t("Main")} style={format!("--chars: {chars}")}>
            <span class="brand" aria-hidden="true"><img src="/icons/lotbook.svg" alt="" />{ "Lotbook" }</span>
            if is_office {
                for (word, places) in &OFFICE {
                    <div class="navigation-group" role="group" aria-label={t(word)}>
                        <p class="navigation-head" aria-hidden="true">{ t(word) }</p>
                        { for places.iter().map(link) }
                    </div>
                }
            } else {
                { for PHONE.iter().map(link) }
            }
        </nav>
    }
}

/// Whether the page `current` belongs to the link to `place`.
fn is_within(current: &Route, place: &Route, is_office: bool) -> bool {
    match (place, current) {
        (Route::Home, Route::Start { .. } | Route::Delivery { .. } | Route::Bin { .. }) => true,
        (Route::Home, Route::Transfer) | (Route::Stock, Route::Lots | Route::Report) => !is_office,
        (Route::Stock, current) => current.is_beside_list(),
        (Route::Settings, Route::ScannerTest | Route::Commands) => true,
        (place, current) => place == current,
    }
}

fn entry(Place(route, glyph, word, test): &Place, is_current: bool, attention: usize) -> Html {
    let badge = if *route == Route::Inbox { attention } else { 0 };
    html! {
        <a class="navigation-entry" href={route.to_path()} aria-current={is_current.then_some("page")}
            data-test={*test}>
            { icon(*glyph) }
            <span>{ t(word) }</span>
            if badge > 0 {
                <span class="badge" aria-hidden="true" data-test="nav-badge">{ grouped(badge) }</span>
                <span class="visually-hidden">{ tn(badge, "{n} needs attention", "{n} need attention") }</span>
            }
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_a_link_is_marked_as_current_once() {
        let pages =
            [Route::Home, Route::Stock, Route::Transfer, Route::Lots, Route::Report, Route::NewProduct];
        for page in pages {
            let marked = |places: &mut dyn Iterator<Item = &Place>, is_office| {
                places.filter(|place| is_within(&page, &place.0, is_office)).count()
            };
            assert_eq!(marked(&mut PHONE.iter(), false), 1, "{page:?} on a phone");
            assert_eq!(marked(&mut OFFICE.iter().flat_map(|(_, places)| *places), true), 1, "{page:?}");
        }
    }
}
