//! A warning that the app will not open offline, because there is no service worker.

use client::{OfflineStart, use_offline_start};
use yew::prelude::*;

use crate::words::language::t;

/// A line for pages about syncing and set-up; nothing where a worker is installed.
#[component]
pub(crate) fn NoWorkerLine() -> Html {
    if use_offline_start() != OfflineStart::Missing {
        return Html::default();
    }
    html! {
        <div class="said-block tone-waiting" role="status" data-test="no-worker">
            <p>{ t("Lotbook won't open offline in this window. Changes sync only while it is open.") }</p>
            <p>{ t("Use an up-to-date browser, a normal window (not private) and an https address.") }</p>
        </div>
    }
}
