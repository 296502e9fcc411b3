//! Keeps a half-filled form as the draft of its page, and says that one was taken up.

use domain::Action;
use serde::Serialize;
use sync::UnixMillis;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::device::drafts;
use crate::ui::button::button;
use crate::ui::use_clock::use_now;
use crate::use_book::use_book;
use crate::words::format;
use crate::words::language::{t, tf};

/// Keeps `draft` for the page at `address` whenever `form` changes. Without one, because nothing was entered or because
/// it is being saved, the kept one is dropped: a save must not come back as a draft.
#[hook]
pub(crate) fn use_kept_draft<F, D>(address: &str, form: F, draft: Option<D>)
where
    F: PartialEq + 'static,
    D: Serialize + 'static,
{
    use_effect_with((address.to_owned(), form, draft.is_some()), move |(address, ..)| match draft {
        Some(draft) => drafts::keep(address, &draft, browser::now()),
        None => drafts::forget(address),
    });
}

/// Calls `give_up` if the draft of the time `taken_up` was saved as `is_it` says. The browser writes its storage later
/// than the database, so a kill just after a save leaves the draft behind.
#[hook]
pub(crate) fn use_saved_draft(
    taken_up: Option<UnixMillis>,
    is_it: impl Fn(&Action) -> bool + 'static,
    give_up: Callback<()>,
) {
    let book = use_book();
    use_effect_with(taken_up, move |at| {
        if let Some(at) = *at {
            spawn_local(async move {
                if book.has_saved(|one| one.captured_at >= at && is_it(&one.action)).await {
                    give_up.emit(());
                }
            });
        }
    });
}

/// The notice of a draft.
#[derive(Properties, PartialEq)]
pub(crate) struct DraftNoticeProps {
    /// The time of the draft that the page took up; `None` shows nothing.
    pub(crate) at: Option<UnixMillis>,
    /// Empties the form.
    pub(crate) on_clear: Callback<()>,
}

/// Says that the page shows a draft, with a button to begin afresh.
#[component]
pub(crate) fn DraftNotice(props: &DraftNoticeProps) -> Html {
    let now = use_now();
    let Some(at) = props.at else { return Html::default() };
    let clear = props.on_clear.reform(|_: MouseEvent| ());
    html! {
        <div class="banner tone-info" role="status" data-test="draft">
            <p>{ tf("Unfinished entry restored, {when}.", &[("when", &format::ago(at, now))]) }</p>
            { button("button", t("Start over").into(), clear, "draft-clear") }
        </div>
    }
}
