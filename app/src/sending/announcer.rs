//! Announces background events: a refused change, a failed sync.

use std::fmt::Display;
use std::rc::Rc;

use client::{RoundFailure, SyncError};
use domain::{Action, Row};
use gloo_timers::callback::Timeout;
use sync::{Outcome, QueueState, RoundError, TransportError, Verdict};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::book::{Queue, Queued};
use crate::route::Route;
use crate::ui::chip::Tone;
use crate::ui::toasts::{Toast, Toasts};
use crate::use_book::use_book;
use crate::use_offline_sync::OfflineSync;
use crate::words::action_words::{ActionWords, in_words};
use crate::words::faults_in_words::sync_error;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

/// A failure is announced after this delay, unless another notice replaces it before.
const SETTLE_MILLIS: u32 = 500;

/// Announces them as toasts.
#[hook]
pub(crate) fn use_announcements(toasts: &Toasts, sync: &OfflineSync, queue: Queue) {
    use_sync_failures(toasts.clone(), sync);
    use_turned_down(toasts.clone(), queue);
}

/// A failed sync is announced once, and the toast disappears by itself.
#[hook]
fn use_sync_failures(toasts: Toasts, sync: &OfflineSync) {
    use_effect_with(sync.status.error.clone().filter(is_announced), move |error| {
        let shown = error.clone().map(|error| {
            let show = move || toasts.show(Toast::new(Tone::Info, t("Sync failed"), sync_error(&error)));
            Timeout::new(SETTLE_MILLIS, show)
        });
        move || drop(shown)
    });
}

/// These have a notice of their own, which stays until the user has acted. The error outlives the notice until the
/// next round ends: announced then, it would contradict a sign-in that has just worked.
fn is_announced(error: &SyncError) -> bool {
    !matches!(
        error,
        SyncError::Round(RoundFailure::Round(RoundError::Transport(
            TransportError::SignInNeeded
                | TransportError::SignInPage
                | TransportError::UpgradeNeeded
                | TransportError::OtherSite(_)
        )))
    )
}

fn turned_down(records: &[Rc<Queued>]) -> impl Iterator<Item = (Uuid, &Action, &Outcome<Row>)> {
    records.iter().filter_map(|record| match &record.state {
        QueueState::Attention(outcome) => Some((record.mutation.id, &record.mutation.action, outcome)),
        QueueState::Pending => None,
    })
}

/// A refused change is announced when it happens; those found at start-up are on the sync page.
#[hook]
fn use_turned_down(toasts: Toasts, queue: Queue) {
    let (book, navigator) = (use_book(), use_navigator());
    let known = use_mut_ref(|| None::<Vec<Uuid>>);
    use_effect_with(queue, move |records| {
        let ids: Vec<Uuid> = turned_down(records).map(|(id, ..)| id).collect();
        let Some(before) = known.borrow_mut().replace(ids) else { return };
        for (_, action, outcome) in turned_down(records).filter(|(id, ..)| !before.contains(id)) {
            let words = in_words(action);
            let label = words.product.and_then(|product| book.label(product));
            let navigator = navigator.clone();
            let look = Callback::from(move |()| {
                if let Some(navigator) = &navigator {
                    navigator.push(&Route::Inbox);
                }
            });
            toasts.show(
                turned_down_toast(&words, label.as_ref().map(|label| label.name.as_str()), action, outcome)
                    .offering(t("View"), look),
            );
        }
    });
}

fn turned_down_toast(
    words: &ActionWords,
    name: Option<&str>,
    action: &Action,
    outcome: &Outcome<Row>,
) -> Toast {
    let full = words.title(name);
    let what: [(&str, &dyn Display); 1] = [("what", &full)];
    let title = match outcome.verdict {
        // The full title, "Edited ...", would repeat the verdict.
        Verdict::Conflict => {
            let edited = words.name.as_deref().or(name).unwrap_or(&full);
            tf("Edit conflict: {what}", &[("what", &edited)])
        }
        Verdict::Held => tf("On hold: {what}", &what),
        Verdict::Rejected | Verdict::Applied | Verdict::Merged => tf("Not booked: {what}", &what),
    };
    Toast::new(Tone::Attention, title, reason(action, &outcome.code, &outcome.message))
}

#[cfg(test)]
mod tests {
    use sync::OtherSite;

    use super::*;

    #[test]
    fn a_missing_sign_in_is_told_by_its_notice_alone() {
        let of = |error| is_announced(&SyncError::Round(RoundFailure::Round(RoundError::Transport(error))));
        assert!(!of(TransportError::SignInPage));
        assert!(!of(TransportError::SignInNeeded) && !of(TransportError::UpgradeNeeded));
        let sites = OtherSite { held: "north".to_owned(), asked: "south".to_owned() };
        assert!(!of(TransportError::OtherSite(sites)));
        assert!(of(TransportError::Unreachable) && of(TransportError::TimedOut));
        assert!(is_announced(&SyncError::Abandoned));
    }
}
