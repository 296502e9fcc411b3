//! Notices shown on every page: data lost or damaged, storage full, clock wrong, offline, signed out, a sign-in page in
//! front of the server, at another site, outdated, pending too long.

use sync::{Connection, RoundError, SIGN_IN_PATH, TransportError, UnixMillis};
use yew::prelude::*;
use yew_router::Routable;

use super::clock_words::clock_fault;
use super::sync_page::explanation;
use crate::device::storage::Storage;
use crate::route::Route;
use crate::ui::button::{button, link_button};
use crate::ui::chip::Tone;
use crate::ui::icon::{Glyph, icon};
use crate::use_offline_sync::OfflineSync;
use crate::use_today::ClockCheck;
use crate::words::faults_in_words::sync_error;
use crate::words::format;
use crate::words::language::{t, tf, tn};
use client::{RoundFailure, SyncError, Threat};

/// Changes pending for this long show a warning.
const WARN_AFTER_MILLIS: u64 = 24 * 3_600_000;
/// Changes pending for this long show an alarm with the advice to involve others.
const ALARM_AFTER_MILLIS: u64 = 3 * WARN_AFTER_MILLIS;

/// Notices that repeat the status line. A handheld hides them where an operation needs the room.
const IN_STATUS: [&str; 3] = ["offline-notice", "no-server-notice", "working-offline-notice"];

struct Notice {
    tone: Tone,
    glyph: Glyph,
    text: String,
    test: &'static str,
    offer: Html,
}

/// The current notices, the most severe first.
pub(crate) fn notices(
    sync: &OfflineSync,
    now: UnixMillis,
    update: Option<Callback<()>>,
    storage: Option<Storage>,
    clock: Option<ClockCheck>,
) -> Html {
    let waited = sync.oldest_pending.map_or(0, |since| now.since(since));
    let dismiss = sync.callback(|sync, threat| sync.dismiss(threat));
    let mut notices = Vec::new();
    notices.extend(sync.threats.iter().filter_map(|threat| threat_notice(*threat, &dismiss)));
    notices
        .extend(storage.filter(|_| !sync.threats.contains(&Threat::ReserveSpent)).and_then(storage_notice));
    notices.extend(clock.and_then(clock_notice));
    notices.extend(connection_notice(sync));
    notices.extend(age_notice(waited));
    if let Some(update) = update {
        let onclick = update.reform(|_: MouseEvent| ());
        notices.push(Notice {
            tone: Tone::Info,
            glyph: Glyph::Update,
            text: t("An update is ready.").to_owned(),
            test: "update-notice",
            offer: button("", t("Install now").into(), onclick, "apply-update"),
        });
    }
    html! {
        <div class="notices" aria-live="polite">
            { for notices.into_iter().map(notice_bar) }
        </div>
    }
}

fn notice_bar(notice: Notice) -> Html {
    let is_in_status = IN_STATUS.contains(&notice.test);
    html! {
        <div class={classes!("notice", notice.tone.class(), is_in_status.then_some("is-in-status"))} data-test={notice.test} key={notice.test}>
            { icon(notice.glyph) }
            <p>{ notice.text }</p>
            { notice.offer }
        </div>
    }
}

fn threat_notice(threat: Threat, dismiss: &Callback<Threat>) -> Option<Notice> {
    let (glyph, text, test, offer) = match threat {
        Threat::DataLost => {
            let onclick = dismiss.reform(move |_: MouseEvent| threat);
            (
                Glyph::Attention,
                t(
                    "The browser deleted Lotbook's data. Unsynced work is lost; the rest downloads again. An installed app \
                 keeps its data.",
                ),
                "data-lost-notice",
                button("", t("OK").into(), onclick, "dismiss-data-lost"),
            )
        }
        Threat::Damaged => (
            Glyph::Attention,
            t("Some of the stock list on this device cannot be read. Your own work is safe."),
            "damage-notice",
            link_button("", Route::Sync.to_path(), t("Repair").into(), "mend"),
        ),
        Threat::ReserveSpent => (
            Glyph::Attention,
            t(
                "This device is full. Your work is still saved, but the stock list is not updated. Free some space soon.",
            ),
            "reserve-notice",
            Html::default(),
        ),
        // It has a sheet of its own.
        Threat::Refused => return None,
    };
    Some(Notice { tone: Tone::Attention, glyph, text: text.to_owned(), test, offer })
}

fn storage_notice(storage: Storage) -> Option<Notice> {
    let text = tf(
        "This device is almost full: {size} left for Lotbook. Free some space.",
        &[("size", &storage.left())],
    );
    let notice = Notice {
        tone: Tone::Waiting,
        glyph: Glyph::Triangle,
        text,
        test: "storage-notice",
        offer: Html::default(),
    };
    storage.is_short().then_some(notice)
}

fn clock_notice(check: ClockCheck) -> Option<Notice> {
    Some(Notice {
        tone: Tone::Attention,
        glyph: Glyph::Clock,
        text: clock_fault(check)?,
        test: "clock-notice",
        offer: Html::default(),
    })
}

fn unsent_words(pending: usize) -> String {
    match pending {
        0 => t("Nothing is lost.").to_owned(),
        pending => tn(
            pending,
            "{n} change is saved here and will sync then.",
            "{n} changes are saved here and will sync then.",
        ),
    }
}

fn offline_words(pending: usize) -> &'static str {
    match pending {
        0 => t("You are offline. Keep working."),
        _ => t("You are offline. Your changes have been saved and will be synced when you're back online."),
    }
}

fn other_site_words(sync: &OfflineSync) -> String {
    let names_sites = |error: &&SyncError| {
        matches!(
            error,
            SyncError::Round(RoundFailure::Round(RoundError::Transport(TransportError::OtherSite(_))))
        )
    };
    let refused = sync.status.error.as_ref().filter(names_sites);
    refused.map_or_else(|| explanation(sync.is_online, false).to_owned(), sync_error)
}

fn connection_notice(sync: &OfflineSync) -> Option<Notice> {
    let unsent = unsent_words(sync.pending);
    let (tone, glyph, text, test, offer) = match sync.is_online {
        Connection::Online | Connection::Connecting => return None,
        Connection::Offline => (
            Tone::Waiting,
            Glyph::DotOpen,
            offline_words(sync.pending).to_owned(),
            "offline-notice",
            Html::default(),
        ),
        Connection::ServerUnreachable => {
            let onclick = sync.callback(|sync, _: MouseEvent| sync.perform_sync());
            (
                Tone::Info,
                Glyph::DotHalf,
                t("Can't reach the server. Keep working.").to_owned(),
                "no-server-notice",
                button("", t("Try now").into(), onclick, "try-now"),
            )
        }
        Connection::WorkingOffline => {
            let onclick = sync.callback(|sync, _: MouseEvent| sync.work_offline(false));
            (
                Tone::Waiting,
                Glyph::Pause,
                t("You chose to work offline. Nothing syncs until you go online.").to_owned(),
                "working-offline-notice",
                button("", t("Go online").into(), onclick, "go-online"),
            )
        }
        Connection::SignInNeeded => (
            Tone::Attention,
            Glyph::Key,
            format!("{} {unsent}", t("This device isn't connected yet. Enter your one-time code.")),
            "sign-in-notice",
            link_button("", Route::Enrol.to_path(), t("Connect").into(), "sign-in"),
        ),
        Connection::SignInPage => (
            Tone::Attention,
            Glyph::Key,
            format!("{} {unsent}", t("A sign-in page is blocking the server. Sign in there.")),
            "sign-in-page-notice",
            // A link out of the app: neither its router nor its worker answers.
            html! { <a href={SIGN_IN_PATH} rel="external" data-test="sign-in-there">{ t("Sign in there") }</a> },
        ),
        Connection::OtherSite => (
            Tone::Attention,
            Glyph::Key,
            other_site_words(sync),
            "other-site-notice",
            link_button("", Route::Enrol.to_path(), t("Connect").into(), "other-site-connect"),
        ),
        Connection::UpgradeNeeded => (
            Tone::Attention,
            Glyph::Update,
            format!("{} {unsent}", t("This app is too old for the server. Reload to update it.")),
            "upgrade-notice",
            Html::default(),
        ),
    };
    Some(Notice { tone, glyph, text, test, offer })
}

fn age_notice(waited_millis: u64) -> Option<Notice> {
    let waited = format::duration(waited_millis);
    let (tone, text) = match waited_millis {
        ..WARN_AFTER_MILLIS => return None,
        WARN_AFTER_MILLIS..ALARM_AFTER_MILLIS => (
            Tone::Waiting,
            tf(
                "The oldest change has waited {time}. Bring this device near a network.",
                &[("time", &waited)],
            ),
        ),
        _ => (
            Tone::Attention,
            tf(
                "Not synced for {time}. Tell your supervisor, and keep this device switched on.",
                &[("time", &waited)],
            ),
        ),
    };
    Some(Notice { tone, glyph: Glyph::Triangle, text, test: "age-notice", offer: Html::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_pending_for_long_show_a_warning() {
        assert!(age_notice(WARN_AFTER_MILLIS - 1).is_none());
        let warned = age_notice(WARN_AFTER_MILLIS).map(|notice| (notice.tone, notice.text));
        assert!(warned.is_some_and(|(tone, text)| tone == Tone::Waiting && text.contains("1 day")));
        let alarmed = age_notice(4 * WARN_AFTER_MILLIS).map(|notice| (notice.tone, notice.text));
        assert!(alarmed.is_some_and(|(tone, text)| tone == Tone::Attention && text.contains("4 days")));
    }
}
