//! The sync page: entries that need attention, pending changes, the sync state, and the latest changes of
//! this device.

use browser::has_background_sync;
use client::{OfflineStart, use_offline_start};
use sync::{Connection, UnixMillis};
use yew::prelude::*;

use super::clock_words::clock_state;
use super::connectivity_status::connection_words;
use super::no_worker::NoWorkerLine;
use super::sync_check::DataCheck;
use super::sync_device::DeviceCard;
use super::sync_queue::use_sync_queue;
use crate::goods::recent_list::RecentList;
use crate::ui::button::resting_button;
use crate::ui::chip::chip;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::switch::Switch;
use crate::ui::use_clock::use_now;
use crate::use_book::use_book;
use crate::use_offline_sync::{OfflineSync, use_sync};
use crate::use_today::ClockCheck;
use crate::words::faults_in_words::sync_error;
use crate::words::format;
use crate::words::language::{grouped, t, tf};
use client::Completeness;

/// Rows of the latest changes.
const MAX_RECENT_ROWS: usize = 50;

/// The page.
#[component]
pub(crate) fn SyncPage() -> Html {
    let (sync, now, book) = (use_sync(), use_now(), use_book());
    let queue = use_sync_queue(now);
    let when_closed = has_background_sync() && use_offline_start() == OfflineStart::Ready;
    html! {
        <div class="page sync-page" data-test="sync-page">
            <PageHead title={t("Sync")} />
            <div class="sync-grid">
                <div class="sync-main">
                    { queue }
                    <section aria-label={t("Recent activity")}>
                        <h2 class="section-title">{ t("Synced from this device") }</h2>
                        <RecentList max_rows={MAX_RECENT_ROWS} only_decided={true} />
                    </section>
                </div>
                <div class="sync-side">
                    { state(&sync, now, ClockCheck::of(&book), when_closed) }
                    { choices(&sync) }
                    <DeviceCard sync={sync.clone()} />
                </div>
                { sync_now(&sync) }
            </div>
        </div>
    }
}

/// `when_closed`: whether the browser sends while the app is closed.
fn state(sync: &OfflineSync, now: UnixMillis, clock: Option<ClockCheck>, when_closed: bool) -> Html {
    let (word, tone, glyph) = connection_words(sync.is_online);
    let status = &sync.status;
    let last = status
        .last_sync_at
        .map_or_else(|| t("Not yet").to_owned(), |at| format::capitalised(&format::ago(at, now)));
    let next = match (sync.is_syncing, status.next_sync_at) {
        (true, _) => t("Now").to_owned(),
        (false, Some(at)) => format::capitalised(&format::ahead(at, now)),
        (false, None) => t("Only with Sync now").to_owned(),
    };
    let catalogue = match sync.catalogue {
        Completeness::Complete => t("Complete").to_owned(),
        Completeness::Partial { percent } => tf("{percent} % downloaded", &[("percent", &percent)]),
        Completeness::Empty => t("Not downloaded yet").to_owned(),
    };
    html! {
        <section class="card sync-state" aria-label={t("Status")}>
            { chip(tone, Some(glyph), t(word), "sync-connection") }
            <p data-test="sync-explanation">{ explanation(sync.is_online, when_closed) }</p>
            <NoWorkerLine />
            if let Some(error) = &status.error {
                <p class="fault" data-test="sync-error">{ sync_error(error) }</p>
            }
            <dl class="facts">
                { fact(t("Last sync"), "sync-last", last) }
                { fact(t("Next sync"), "sync-next", next) }
                { fact(t("Waiting to sync"), "sync-pending", grouped(sync.pending)) }
                { fact(t("Stock list"), "sync-catalogue", catalogue) }
                { fact(t("Clock"), "sync-clock", clock_state(clock)) }
            </dl>
            if let Some(check) = clock.filter(|check| check.ahead_minutes != 0) {
                <p class="muted" data-test="sync-clock-hint">
                    { tf("Expiry uses the server's date: {date}.", &[("date", &format::date(check.server))]) }
                </p>
            }
            <DataCheck sync={sync.clone()} />
        </section>
    }
}

fn fact(label: &'static str, test: &'static str, value: String) -> Html {
    html! { <div><dt>{ label }</dt><dd data-test={test}>{ value }</dd></div> }
}

/// What the state of the connection means for the work on this device.
pub(super) fn explanation(connection: Connection, when_closed: bool) -> &'static str {
    match connection {
        Connection::Connecting => t("Checking for changes."),
        Connection::Online if when_closed => t("Changes sync automatically, even after you close the app."),
        Connection::Online => t("Changes sync automatically while the app is open."),
        Connection::ServerUnreachable => t("Can't reach the server. Retrying automatically."),
        Connection::Offline => t("No network. Your work is saved here and syncs when it's back."),
        Connection::WorkingOffline => t("You chose to work offline. Nothing syncs until you turn it off."),
        Connection::SignInNeeded => {
            t("This device isn't connected. Enter a one-time code to sync your work.")
        }
        Connection::OtherSite => {
            t("Nothing syncs until this browser is connected to its own site again. Nothing is lost.")
        }
        Connection::SignInPage => t("A sign-in page is blocking the server. Sign in there."),
        Connection::UpgradeNeeded => {
            t("This app is too old for the server. Reload to update it; nothing is lost.")
        }
    }
}

fn choices(sync: &OfflineSync) -> Html {
    let works_offline = sync.is_online == Connection::WorkingOffline;
    let on_automatic =
        sync.callback(|sync, is_on| if is_on { sync.start_auto_sync() } else { sync.stop_auto_sync() });
    let automatic = Switch {
        label: t("Sync automatically"),
        hint: t("Every minute, and whenever the connection returns."),
        is_on: sync.is_automatic,
        on_change: on_automatic,
        test: "auto-sync",
    };
    let offline = Switch {
        label: t("Work offline"),
        hint: t("Pauses syncing until turned off."),
        is_on: works_offline,
        on_change: sync.callback(|sync, chosen| sync.work_offline(chosen)),
        test: "work-offline",
    };
    html! {
        <section class="card switches" aria-label={t("Options")}>
            { automatic.view() }{ offline.view() }
        </section>
    }
}

fn sync_now(sync: &OfflineSync) -> Html {
    let onclick = sync.callback(|sync, _: MouseEvent| sync.perform_sync());
    let is_resting = sync.is_syncing || sync.is_online == Connection::WorkingOffline;
    let word = if sync.is_syncing { t("Syncing…") } else { t("Sync now") };
    let face = html! { <>{ icon(Glyph::Sync) }{ word }</> };
    html! { <div class="actions">{ resting_button(is_resting, "button primary", face, onclick, "sync-now") }</div> }
}
