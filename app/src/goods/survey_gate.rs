//! The placeholder of a page over all lots until these have been read, and the note on their completeness.

use sync::UnixMillis;
use yew::prelude::*;

use crate::book::surveyor::SurveyState;
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::{Placeholder, read_failure};
use crate::ui::use_clock::offset_minutes;
use crate::use_offline_sync::OfflineSync;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf};
use client::Completeness;

/// The placeholder of the page; `None` once there are rows to show.
pub(crate) fn survey_gate(state: &SurveyState, sync: &OfflineSync) -> Option<Html> {
    if let Some(failure) = &state.failure {
        return Some(read_failure(&store_fault(failure)));
    }
    if sync.catalogue == Completeness::Empty {
        let placeholder = Placeholder {
            glyph: Glyph::DotOpen,
            title: t("The stock list is not here yet"),
            text: t("It needs a connection once. After that everything works without one."),
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

/// The time of the data, and whether it is complete.
pub(crate) fn as_of(sync: &OfflineSync) -> Html {
    let when = sync.status.last_sync_at.map_or_else(
        || t("Not synced yet.").to_owned(),
        |at: UnixMillis| tf("As of {time}.", &[("time", &format::moment(at, offset_minutes(at)))]),
    );
    let whole = match sync.catalogue {
        Completeness::Complete => {
            t("All lots that are free to use; reserved and quarantined ones are not on this device.")
                .to_owned()
        }
        Completeness::Partial { percent } => {
            tf("Only {percent} % of the lots are on this device yet.", &[("percent", &percent)])
        }
        Completeness::Empty => t("Nothing has been downloaded yet.").to_owned(),
    };
    let unsent = (sync.pending > 0).then(|| t("Work that is not sent is included."));
    html! {
        <p class="as-of muted" data-test="as-of">
            { icon(Glyph::Clock) }
            <span>{ [Some(when.as_str()), Some(&whole), unsent].into_iter().flatten().collect::<Vec<_>>().join(" ") }</span>
        </p>
    }
}
