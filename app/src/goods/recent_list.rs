//! The latest changes of this device, and their states.

use std::rc::Rc;

use domain::reversal_of;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::queue_row::sub_line;
use super::use_catalogue::{card_of, use_cards};
use super::use_queue::{Recent, RecentState, use_recent};
use crate::book::Book;
use crate::desk::undo::{reverse, undo};
use crate::route::Route;
use crate::ui::button::icon_button;
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::row_text::row_text;
use crate::ui::toasts::{Toasts, use_toasts};
use crate::ui::use_clock::use_now;
use crate::ui::use_loaded::Loaded;
use crate::use_book::use_book;
use crate::words::action_words::in_words;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::reasons::reason;

/// The options of the list.
#[derive(Properties, PartialEq)]
pub(crate) struct RecentListProps {
    pub(crate) max_rows: usize,
    /// Leaves out pending changes, for pages that list them elsewhere.
    #[prop_or_default]
    pub(crate) only_decided: bool,
}

/// The latest changes, newest first.
#[component]
pub(crate) fn RecentList(props: &RecentListProps) -> Html {
    let recent = use_recent();
    let shown: Vec<Recent> = match &recent {
        Loaded::Ready(all) => {
            let wanted = |one: &&Recent| !props.only_decided || matches!(one.state, RecentState::Sent { .. });
            all.iter().filter(wanted).take(props.max_rows).cloned().collect()
        }
        Loaded::Loading | Loaded::Failed(_) => Vec::new(),
    };
    let ids: Rc<[Uuid]> = shown.iter().filter_map(|one| in_words(&one.mutation.action).product).collect();
    let cards = use_cards(ids);
    let (now, book, toasts) = (use_now(), use_book(), use_toasts());
    match recent {
        Loaded::Loading => skeleton(),
        Loaded::Failed(message) => read_failure(&message),
        Loaded::Ready(_) if shown.is_empty() => Placeholder {
            glyph: Glyph::Clock,
            title: t("Nothing yet"),
            text: t("Your receipts, picks, moves, counts and sales appear here."),
            test: "empty-recent",
        }
        .view(Html::default()),
        Loaded::Ready(all) => html! {
            <ul class="entries" data-test="recent-list">
                for one in shown {
                    { recent_row(&one, &|id| card_of(&cards, id).map(|card| card.product.name.clone()), now, undo_button(&one, &all, &book, &toasts)) }
                }
            </ul>
        },
    }
}

/// The undo button of an entry, or the note that it was undone.
fn undo_button(one: &Recent, all: &[Recent], book: &Book, toasts: &Toasts) -> Html {
    let id = one.mutation.id;
    let title = in_words(&one.mutation.action).what;
    if all.iter().any(|other| other.mutation.replaces == Some(id)) {
        return chip(Tone::Quiet, Some(Glyph::Undo), t("Reversed"), "reversed");
    }
    match one.state {
        RecentState::Pending => {
            let onclick = undo(book, toasts, vec![id]).reform(|_: MouseEvent| ());
            icon_button(
                "icon-button",
                Glyph::Undo,
                tf("Undo: {what}", &[("what", &title)]),
                onclick,
                "recent-undo",
            )
        }
        RecentState::Sent { .. } if reversal_of(&one.mutation.action).is_some() => {
            let onclick = reverse(book, toasts, one.mutation.clone()).reform(|_: MouseEvent| ());
            icon_button(
                "icon-button",
                Glyph::Undo,
                tf("Reverse: {what}", &[("what", &title)]),
                onclick,
                "recent-reverse",
            )
        }
        RecentState::Sent { .. } | RecentState::Attention(_) => Html::default(),
    }
}

fn recent_row(
    one: &Recent,
    name_of: &dyn Fn(Uuid) -> Option<String>,
    now: sync::UnixMillis,
    undo_button: Html,
) -> Html {
    let words = in_words(&one.mutation.action);
    let name = words.product.and_then(name_of);
    let (tone, glyph, code, state, at) = match &one.state {
        RecentState::Pending => (
            Tone::Waiting,
            Glyph::Clock,
            "pending",
            t("saved on this device").to_owned(),
            one.mutation.captured_at,
        ),
        RecentState::Sent { at } => (Tone::Good, Glyph::Tick, "sent", t("confirmed").to_owned(), *at),
        RecentState::Attention(outcome) => {
            let why = match reason(&one.mutation.action, &outcome.code, &outcome.message) {
                unsaid if unsaid.is_empty() => t("needs attention").to_owned(),
                why => why,
            };
            (Tone::Attention, Glyph::Attention, "attention", why, one.mutation.captured_at)
        }
    };
    let href = match (&one.state, words.product) {
        (RecentState::Attention(_), _) => Route::Inbox.to_path(),
        (_, None) => Route::Sync.to_path(),
        (_, Some(id)) => Route::Product { id }.to_path(),
    };
    html! {
        <li class="entry" key={one.mutation.id.to_string()} data-test="recent-row" data-state={code}>
            <a class="entry-link" {href}>
                <span class={classes!("entry-glyph", tone.class())}>{ icon(glyph) }</span>
                { row_text(words.title(name.as_deref()), sub_line(&words.place, &state, &format::ago(at, now)), None) }
                if let Some(change) = words.change {
                    <b class="row-quantity">{ change }</b>
                }
            </a>
            { undo_button }
        </li>
    }
}
