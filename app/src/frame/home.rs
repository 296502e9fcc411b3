//! The start page: all tasks with their open counts, and the latest changes.

use domain::Quantity;
use yew::prelude::*;
use yew_router::Routable;

use crate::desk::scan_field::ScanField;
use crate::desk::use_desk::use_scans;
use crate::device::preferences::Preferences;
use crate::goods::looks::work_glyph;
use crate::goods::recent_list::RecentList;
use crate::route::{LotWork, Route};
use crate::ui::button::link_button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::language::{t, tn};

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
    let scans = use_scans();
    let text = use_state(String::new);
    let preferences = use_memo((), |()| Preferences::load());
    let waiting = use_waiting(preferences.receiving_bin.clone());
    let on_change = {
        let text = text.clone();
        Callback::from(move |typed| text.set(typed))
    };
    let on_enter = {
        let (text, scans) = (text.clone(), scans.clone());
        Callback::from(move |typed: String| {
            scans.submit_typed(&typed);
            text.set(String::new());
            true
        })
    };
    let search = ScanField {
        label: t("Scan or type a code"),
        text: (*text).clone().into(),
        on_change,
        on_enter: Some(on_enter),
        scans: &scans,
        test: "home-scan",
    };
    html! {
        <div class="page home" data-test="home">
            <PageHead title={t("Work")}>{ settings_link() }</PageHead>
            if !preferences.is_welcomed {
                <div class="banner tone-info" data-test="welcome-banner">
                    <p>{ t("New on this device? A few steps make it safe and quick.") }</p>
                    { link_button("button", Route::Welcome.to_path(), t("Set it up").into(), "welcome") }
                </div>
            }
            { search.view() }
            <nav class="tiles" aria-label={t("Work")}>
                for work in [LotWork::Receive, LotWork::PutAway, LotWork::Pick, LotWork::Move, LotWork::Count, LotWork::Adjust] {
                    { tile(Route::Start { operation: work }, work_glyph(work), t(work.verb()), note(work, waiting), work.code()) }
                }
                { tile(Route::Checkout, Glyph::Cart, t("Sell"), String::new(), "sell") }
                { tile(Route::Transfer, Glyph::Transfer, t("Transfer"), String::new(), "transfer") }
                { tile(Route::Report, Glyph::Report, t("Report"), String::new(), "report") }
            </nav>
            <section class="just-now">
                <header class="section-head">
                    <h2>{ t("Just now") }</h2>
                    <a href={Route::Sync.to_path()}>{ t("Everything") }</a>
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
