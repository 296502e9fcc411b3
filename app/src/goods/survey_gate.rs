//! The placeholder of a page over all lots until these have been read, and the notes on their completeness.

use sync::UnixMillis;
use yew::prelude::*;

use crate::book::remote_lots::{RemoteLots, RemoteState};
use crate::book::surveyor::SurveyState;
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::{Placeholder, read_failure};
use crate::ui::use_clock::offset_minutes;
use crate::use_offline_sync::OfflineSync;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf, tn};
use client::Completeness;

/// The placeholder of the page; `None` once there are rows to show.
pub(crate) fn survey_gate(state: &SurveyState, sync: &OfflineSync) -> Option<Html> {
    if let Some(failure) = &state.failure {
        return Some(read_failure(&store_fault(failure)));
    }
    if sync.catalogue == Completeness::Empty {
        let placeholder = Placeholder {
            glyph: Glyph::DotOpen,
            title: t("Stock list not downloaded yet"),
            text: t("Go online once. After that everything works offline."),
            test: "survey-empty",
        };
        return Some(placeholder.view(Html::default()));
    }
    if state.is_ready {
        return None;
    }
    let percent = state.percent.unwrap_or(0);
    let words = tf("Reading the lots of this device: {percent} %", &[("percent", &percent)]);
    Some(html! {
        <div class="survey-progress" role="status" data-test="survey-progress">
            <p>{ words }</p>
            <progress max="100" value={percent.to_string()} aria-label={t("Reading the lots of this device")} />
        </div>
    })
}

/// The lots that are missing in the figures, as long as there are any.
pub(crate) fn missing_lots(remote: RemoteState) -> Html {
    let words = match remote {
        RemoteState::Known(RemoteLots { left_out: 0, .. }) => return Html::default(),
        RemoteState::Known(RemoteLots { left_out, .. }) => tn(
            usize::try_from(left_out).unwrap_or(usize::MAX),
            "{n} unavailable lot isn't shown: there are too many.",
            "{n} unavailable lots aren't shown: there are too many.",
        ),
        RemoteState::Asking => t("Loading reserved, quarantined and expired lots…").to_owned(),
        RemoteState::Missing => {
            t("Available lots only. Reserved, quarantined and expired are not included until the server answers.")
                .to_owned()
        }
    };
    html! {
        <p class="banner tone-info" data-test="missing-lots">{ icon(Glyph::DotOpen) }<span>{ words }</span></p>
    }
}

/// The time of the data, and whether it is complete.
pub(crate) fn as_of(sync: &OfflineSync, remote: RemoteState) -> Html {
    let moment = |at: UnixMillis| format::moment(at, offset_minutes(at));
    let when = sync
        .status
        .last_sync_at
        .map_or_else(|| t("Not synced yet.").to_owned(), |at| tf("As of {time}.", &[("time", &moment(at))]));
    let whole = match sync.catalogue {
        Completeness::Complete => match remote {
            RemoteState::Known(RemoteLots { as_of, .. }) => {
                tf("Reserved, quarantined and expired lots as of {time}.", &[("time", &moment(as_of))])
            }
            RemoteState::Asking | RemoteState::Missing => t("Available lots only.").to_owned(),
        },
        Completeness::Partial { percent } => {
            tf("Only {percent} % of the lots are on this device yet.", &[("percent", &percent)])
        }
        Completeness::Empty => t("Nothing has been downloaded yet.").to_owned(),
    };
    let unsent = (sync.pending > 0).then(|| t("Unsynced work is included."));
    html! {
        <p class="as-of muted" data-test="as-of">
            { icon(Glyph::Clock) }
            <span>{ [Some(when.as_str()), Some(&whole), unsent].into_iter().flatten().collect::<Vec<_>>().join(" ") }</span>
        </p>
    }
}
