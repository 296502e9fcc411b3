//! The status line, always visible: connection, pending changes, time of the last sync, progress of a running
//! sync. It links to the sync page.

use sync::{Connection, UnixMillis};
use yew::prelude::*;
use yew_router::Routable;

use crate::route::Route;
use crate::ui::chip::Tone;
use crate::ui::icon::{Glyph, icon};
use crate::use_offline_sync::OfflineSync;
use crate::words::format;
use crate::words::language::{grouped, key, t, tf, tn};
use client::Completeness;

/// A connection's label, colour and icon.
pub(crate) const fn connection_words(connection: Connection) -> (&'static str, Tone, Glyph) {
    match connection {
        Connection::Connecting => (key("Connecting"), Tone::Info, Glyph::DotHalf),
        Connection::Online => (key("Online"), Tone::Good, Glyph::DotFull),
        Connection::ServerUnreachable => (key("No server"), Tone::Info, Glyph::DotHalf),
        Connection::Offline => (key("Offline"), Tone::Waiting, Glyph::DotOpen),
        Connection::WorkingOffline => (key("Working offline"), Tone::Waiting, Glyph::Pause),
        Connection::SignInNeeded | Connection::OtherSite => (key("Connect"), Tone::Attention, Glyph::Key),
        Connection::SignInPage => (key("Sign in"), Tone::Attention, Glyph::Key),
        Connection::UpgradeNeeded => (key("Update"), Tone::Attention, Glyph::Update),
    }
}

/// The text for a running sync, with its progress in percent if known.
fn activity(sync: &OfflineSync) -> Option<(String, Option<u8>)> {
    if !sync.is_syncing {
        return None;
    }
    let progress = sync.progress.unwrap_or_default();
    if progress.sent < progress.to_send {
        let percent = u8::try_from(progress.sent * 100 / progress.to_send).unwrap_or(100);
        return Some((
            tf(
                "Syncing {done} of {total}",
                &[("done", &grouped(progress.sent)), ("total", &grouped(progress.to_send))],
            ),
            Some(percent),
        ));
    }
    if let Some(snapshot) = progress.snapshot {
        let percent = snapshot.done_rows * 100 / snapshot.total_rows.max(1);
        let percent = u8::try_from(percent.min(100)).unwrap_or(100);
        return Some((tf("Downloading {percent} %", &[("percent", &percent)]), Some(percent)));
    }
    let text = match (sync.pending, sync.catalogue) {
        (0, Completeness::Complete) => t("Checking for changes").to_owned(),
        (0, Completeness::Empty | Completeness::Partial { .. }) => t("Downloading").to_owned(),
        (waiting, _) => tn(waiting, "Syncing {n}", "Syncing {n}"),
    };
    Some((text, None))
}

/// The number of pending changes, in a few words.
fn waiting(sync: &OfflineSync) -> String {
    match (sync.pending, sync.attention, sync.is_online) {
        (0, 0, Connection::SignInNeeded) => t("Not connected").to_owned(),
        (0, 0, _) => t("All changes synced").to_owned(),
        (0, _, _) => String::new(),
        (pending, _, Connection::Online | Connection::Connecting) => {
            tn(pending, "{n} to sync", "{n} to sync")
        }
        (pending, _, _) => tn(pending, "{n} saved here", "{n} saved here"),
    }
}

fn synced(last: Option<UnixMillis>, now: UnixMillis) -> String {
    last.map_or_else(
        || t("Not synced yet").to_owned(),
        |at| tf("Synced {when}", &[("when", &format::ago(at, now))]),
    )
}

/// The status line.
pub(crate) fn connectivity_status(sync: &OfflineSync, now: UnixMillis) -> Html {
    let (word, tone, glyph) = connection_words(sync.is_online);
    let activity = activity(sync);
    let (middle, percent) = activity.map_or_else(|| (waiting(sync), None), |(text, percent)| (text, percent));
    let right = match percent {
        Some(percent) => tf("{percent} %", &[("percent", &percent)]),
        None => synced(sync.status.last_sync_at, now),
    };
    let need_you = tn(sync.attention, "{n} needs attention", "{n} need attention");
    html! {
        <div class="status" data-test="connectivity-status">
            <a class="status-line" href={Route::Sync.to_path()} data-test="status-link">
                <span class={classes!("chip", tone.class())} data-test="connection" data-connection={word}>
                    { icon(glyph) }{ t(word) }
                </span>
                <span class="status-middle" data-test="pending-count"
                    data-pending={sync.pending.to_string()} data-attention={sync.attention.to_string()}
                    data-syncing={sync.is_syncing.to_string()}>
                    if sync.attention > 0 {
                        <span class="chip tone-attention" data-test="attention-count">
                            { icon(Glyph::Attention) }
                            if middle.is_empty() {
                                { need_you }
                            } else {
                                <span class="roomy">{ need_you }</span><span class="tight">{ sync.attention }</span>
                            }
                        </span>
                    }
                    { middle }
                </span>
                <span class="status-right" data-test="last-sync">{ right }</span>
            </a>
            if sync.is_syncing {
                { progress_bar(percent) }
            }
        </div>
    }
}

fn progress_bar(percent: Option<u8>) -> Html {
    let style = percent.map(|percent| format!("--done: {percent}%"));
    html! {
        <div class={classes!("progress", percent.is_none().then_some("is-unknown"))} role="progressbar"
            aria-label={t("Sync")} aria-valuemin="0" aria-valuemax="100" aria-valuenow={percent.map(|percent| percent.to_string())}
            data-test="sync-progress">
            <span {style} />
        </div>
    }
}
