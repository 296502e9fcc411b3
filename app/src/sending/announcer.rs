//! Announces background events: a refused change, a failed sync.

use std::fmt::Display;
use std::rc::Rc;

use domain::{Action, Row};
use gloo_timers::callback::Timeout;
use sync::{Connection, Outcome, QueueState, Verdict};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::book::{Queue, Queued};
use crate::route::Route;
use crate::ui::chip::Tone;
use crate::ui::toasts::{Toast, Toasts};
use crate::use_book::use_book;
use crate::use_offline_sync::OfflineSync;
use crate::words::action_words::in_words;
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
    // These two have a notice of their own, which stays until the user has acted.
    let is_known = matches!(sync.is_online, Connection::SignInNeeded | Connection::UpgradeNeeded);
    use_effect_with(sync.status.error.clone().filter(|_| !is_known), move |error| {
        let shown = error.clone().map(|error| {
            let show =
                move || toasts.show(Toast::new(Tone::Info, t("The sync did not work"), sync_error(&error)));
            Timeout::new(SETTLE_MILLIS, show)
        });
        move || drop(shown)
    });
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
                turned_down_toast(
                    &words.title(label.as_ref().map(|label| label.name.as_str())),
                    action,
                    outcome,
                )
                .offering(t("Look"), look),
            );
        }
    });
}

fn turned_down_toast(what: &str, action: &Action, outcome: &Outcome<Row>) -> Toast {
    let what: [(&str, &dyn Display); 1] = [("what", &what)];
    let title = match outcome.verdict {
        Verdict::Conflict => tf("Changed twice: {what}", &what),
        Verdict::Held => tf("On hold: {what}", &what),
        Verdict::Rejected | Verdict::Applied | Verdict::Merged => tf("Not booked: {what}", &what),
    };
    Toast::new(Tone::Attention, title, reason(action, &outcome.code, &outcome.message))
}
