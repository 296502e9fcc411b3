//! A pending change, with undo.

use domain::Action;
use sync::{Mutation, UnixMillis};
use uuid::Uuid;
use yew::prelude::*;

use crate::ui::button::icon_button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::row_text::row_text;
use crate::words::action_words::in_words;
use crate::words::format;
use crate::words::language::{t, tf};

/// A pending change's row, with its product's name if it is known, and `who` did it at a site with people.
pub(crate) fn queue_row(
    mutation: &Mutation<Action>,
    name: Option<&str>,
    who: &str,
    now: UnixMillis,
    on_undo: &Callback<Uuid>,
) -> Html {
    let words = in_words(&mutation.action);
    let id = mutation.id;
    let undo = on_undo.reform(move |_: MouseEvent| id);
    let title = words.title(name);
    let state = match mutation.depends_on {
        Some(_) => t("waiting for an earlier change"),
        None => t("saved here"),
    };
    html! {
        <li class="entry is-pending" key={id.to_string()} data-test="queue-row" data-id={id.to_string()}
            data-kind={mutation.action.kind()}>
            <span class="entry-glyph tone-waiting">{ icon(Glyph::Clock) }</span>
            { row_text(title.clone(), sub_line(&sub_line(who, &words.place, ""), state, &format::ago(mutation.captured_at, now)), None) }
            if let Some(change) = words.change {
                <b class="row-quantity">{ change }</b>
            }
            { icon_button("icon-button", Glyph::Undo, tf("Undo: {what}", &[("what", &title)]), undo, "queue-undo") }
        </li>
    }
}

/// Joins the non-empty parts in one line.
pub(crate) fn sub_line(place: &str, state: &str, when: &str) -> String {
    let parts: Vec<&str> = [place, state, when].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}
