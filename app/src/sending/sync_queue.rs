//! The queue: pending changes, and a link to those that need attention.

use sync::UnixMillis;
use yew::prelude::*;
use yew_router::Routable;

use super::save_unsent::use_save_unsent;
use super::take_in::TakeInUnsent;
use crate::book::Queued;
use crate::desk::undo::undo;
use crate::goods::queue_row::queue_row;
use crate::goods::use_queue::use_queue;
use crate::route::Route;
use crate::ui::button::button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::toasts::use_toasts;
use crate::use_book::{use_book, use_book_version};
use crate::words::action_words::in_words;
use crate::words::language::{t, tn};

/// Maximum number of pending rows shown; the rest is counted.
const MAX_SHOWN_ROWS: usize = 100;

/// The queue at the time `now`.
#[hook]
pub(crate) fn use_sync_queue(now: UnixMillis) -> Html {
    let (book, toasts) = (use_book(), use_toasts());
    let save = use_save_unsent();
    let records = use_queue();
    // Names appear as the catalogue loads.
    use_book_version();
    let name_of = |record: &Queued| {
        let product = in_words(&record.mutation.action).product?;
        book.label(product).map(|label| label.name)
    };
    let on_undo = {
        let (book, toasts) = (book.clone(), toasts.clone());
        Callback::from(move |id| undo(&book, &toasts, vec![id]).emit(()))
    };
    let row = |record: &Queued| {
        let who = record.mutation.signed_by.map(|_| book.author_of(&record.mutation)).unwrap_or_default();
        queue_row(&record.mutation, name_of(record).as_deref(), &who, now, &on_undo)
    };
    let attention = records.iter().filter(|record| !record.is_pending()).count();
    let rows: Vec<Html> = records
        .iter()
        .filter(|record| record.is_pending())
        .take(MAX_SHOWN_ROWS)
        .map(|record| row(record))
        .collect();
    let unreadable = book.client().unreadable();
    let waiting = records.iter().filter(|record| record.is_pending()).count() + unreadable;
    let save_button = |test| {
        let onclick = save.open.reform(|_: MouseEvent| ());
        button("button", html! { <>{ icon(Glyph::Receive) }{ t("Back up unsent work") }</> }, onclick, test)
    };
    html! {
        <>
            if attention > 0 {
                { attention_link(attention) }
            }
            <section aria-label={t("Waiting to sync")}>
                { waiting_list(waiting, unreadable, rows) }
                <div class="section-ways">
                    if waiting > 0 {
                        { save_button("save-unsent") }
                    }
                    <TakeInUnsent />
                </div>
            </section>
            { save.sheet }
        </>
    }
}

/// Entries that need attention are in the inbox.
fn attention_link(attention: usize) -> Html {
    let words = tn(attention, "{n} change needs attention", "{n} changes need attention");
    html! {
        <a class="attention-link tone-attention" href={Route::Inbox.to_path()} data-test="attention-link">
            { icon(Glyph::Attention) }<span>{ words }</span><b>{ t("Open the inbox") }</b>
        </a>
    }
}

fn waiting_list(waiting: usize, unreadable: usize, rows: Vec<Html>) -> Html {
    let beyond = waiting - unreadable - rows.len();
    let title = match waiting {
        0 => t("Waiting to sync").to_owned(),
        waiting => tn(waiting, "Waiting to sync: {n}", "Waiting to sync: {n}"),
    };
    html! {
        <>
            <h2 class="section-title" data-test="queue-count" data-count={waiting.to_string()}>{ title }</h2>
            if waiting == 0 {
                <p class="all-sent tone-good" data-test="queue-empty">
                    { icon(Glyph::Tick) }{ t("Everything is synced.") }
                </p>
            } else if !rows.is_empty() {
                <ul class="entries" data-test="queue">{ for rows }</ul>
            }
            if beyond > 0 {
                <p class="muted">{ tn(beyond, "and {n} more", "and {n} more") }</p>
            }
            if unreadable > 0 {
                <p class="muted unreadable" data-test="unreadable">{ unreadable_words(unreadable) }</p>
            }
        </>
    }
}

fn unreadable_words(unreadable: usize) -> String {
    tn(
        unreadable,
        "{n} entry is from another version of the app. It is kept and will sync.",
        "{n} entries are from another version of the app. They are kept and will sync.",
    )
}
