//! The start page: all tasks with their open counts, and the latest changes.

use domain::Quantity;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use crate::desk::use_desk::use_answers;
use crate::device::preferences::Preferences;
use crate::goods::looks::work_glyph;
use crate::goods::product_search::{Chosen, ProductSearch};
use crate::goods::recent_list::RecentList;
use crate::route::{LotWork, Route};
use crate::ui::button::link_button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::language::{t, tn};

/// The operations with a tile, most frequent first.
const WORKS: [LotWork; 6] =
    [LotWork::Receive, LotWork::PutAway, LotWork::Pick, LotWork::Move, LotWork::Count, LotWork::Adjust];
/// Rows of the latest changes.
const MAX_RECENT_ROWS: usize = 8;

/// The open counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waiting {
    deliveries: usize,
    /// Lots in the receiving bin.
    to_put_away: usize,
}

#[hook]
fn use_waiting(receiving_bin: String) -> Waiting {
    let (book, version) = (use_book(), use_book_version());
    let read = use_loaded(receiving_bin, version, move |bin| async move {
        let deliveries = book.deliveries().await.map_or(0, |open| open.len());
        let lots = book.bin(&bin).await.unwrap_or_default();
        let to_put_away = lots.iter().filter(|lot| lot.row.quantity > Quantity::ZERO).count();
        Ok(Waiting { deliveries, to_put_away })
    });
    match read {
        Loaded::Ready(waiting) => *waiting,
        Loaded::Loading | Loaded::Failed(_) => Waiting::default(),
    }
}

/// The page.
#[component]
pub(crate) fn HomePage() -> Html {
    let navigator = use_navigator();
    let preferences = use_memo((), |()| Preferences::load());
    let waiting = use_waiting(preferences.receiving_bin.clone());
    let (answers, today) = (use_answers(), use_today());
    let on_found = Callback::from(move |(id, lot): Chosen| {
        if let Some(lot) = &lot {
            answers.refuses(lot, today);
        }
        if let Some(navigator) = &navigator {
            navigator.push(&AnyRoute::new(Route::at_lot(id, lot.and_then(|lot| lot.first_id()))));
        }
    });
    html! {
        <div class="page home" data-test="home">
            <PageHead title={t("Work")}>{ settings_link() }</PageHead>
            if !preferences.is_welcomed {
                <div class="banner tone-info" data-test="welcome-banner">
                    <p>{ t("New here? Finish setting up this device.") }</p>
                    { link_button("button", Route::Welcome.to_path(), t("Finish setup").into(), "welcome") }
                </div>
            }
            <ProductSearch {on_found} label={t("Scan or type a name or code")} test="home-scan" is_general={true} />
            <nav class="tiles" aria-label={t("Work")} style={format!("--chars: {}", longest_word())}>
                for work in WORKS {
                    { tile(Route::Start { operation: work }, work_glyph(work), t(work.verb()), note(work, waiting), work.code()) }
                }
                { tile(Route::Checkout, Glyph::Cart, t("Sell"), String::new(), "sell") }
                { tile(Route::Transfer, Glyph::Transfer, t("Transfer"), String::new(), "transfer") }
                { tile(Route::Report, Glyph::Report, t("Report"), String::new(), "report") }
            </nav>
            <section class="just-now">
                <header class="section-head">
                    <h2>{ t("Recent activity") }</h2>
                    <a href={Route::Sync.to_path()}>{ t("View all") }</a>
                </header>
                <RecentList max_rows={MAX_RECENT_ROWS} />
            </section>
        </div>
    }
}

fn settings_link() -> Html {
    html! {
        <a class="icon-button" href={Route::Settings.to_path()} aria-label={t("Settings")} data-test="settings">
            { icon(Glyph::Settings) }
        </a>
    }
}

fn note(work: LotWork, waiting: Waiting) -> String {
    match (work, waiting) {
        (LotWork::Receive, Waiting { deliveries, .. }) if deliveries > 0 => {
            tn(deliveries, "{n} expected", "{n} expected")
        }
        (LotWork::PutAway, Waiting { to_put_away, .. }) if to_put_away > 0 => {
            tn(to_put_away, "{n} waiting", "{n} waiting")
        }
        _ => String::new(),
    }
}

/// The number of characters of the longest word on a tile; the style sheet derives the tiles' width from it.
fn longest_word() -> usize {
    let words = WORKS.map(|work| t(work.verb())).into_iter().chain([t("Sell"), t("Transfer"), t("Report")]);
    words.flat_map(str::split_whitespace).map(|word| word.chars().count()).max().unwrap_or_default()
}

fn tile(route: Route, glyph: Glyph, word: &'static str, note: String, test: &'static str) -> Html {
    html! {
        <a class="tile" href={route.to_path()} data-test={format!("tile-{test}")}>
            { icon(glyph) }
            <span class="tile-word">{ word }</span>
            if !note.is_empty() {
                <span class="tile-note">{ note }</span>
            }
        </a>
    }
}
