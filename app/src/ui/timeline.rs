//! A list of changes by day, newest first.

use domain::CalendarDate;
use yew::prelude::*;

use super::chip::{Tone, chip, pending_chip};
use super::icon::{Glyph, icon};
use super::unbroken::unbroken;
use crate::words::format;
use crate::words::language::{t, tf};

/// An entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Done {
    /// The day of its group.
    pub(crate) day: CalendarDate,
    pub(crate) what: &'static str,
    /// The lot and its place.
    pub(crate) place: String,
    /// Author, time and note.
    pub(crate) details: String,
    pub(crate) change: String,
    /// The quantity afterwards, if it is known.
    pub(crate) after: Option<String>,
    pub(crate) look: (Tone, Glyph),
    pub(crate) is_pending: bool,
    pub(crate) is_reversal: bool,
}

/// Groups of one day.
fn days(all: &[Done]) -> impl Iterator<Item = &[Done]> {
    all.chunk_by(|a, b| a.day == b.day)
}

/// The list.
pub(crate) fn timeline(all: &[Done], today: CalendarDate) -> Html {
    html! {
        <div class="timeline" data-test="timeline">
            { for days(all).map(|done| html! {
                <section>
                    <h2 class="section-title">{ done.first().map(|first| day_words(first.day, today)) }</h2>
                    <ul class="entries">{ for done.iter().map(row) }</ul>
                </section>
            }) }
        </div>
    }
}

fn day_words(day: CalendarDate, today: CalendarDate) -> String {
    match day.days_until(today) {
        0 => tf("Today, {date}", &[("date", &format::date(day))]),
        1 => tf("Yesterday, {date}", &[("date", &format::date(day))]),
        _ => format::date(day),
    }
}

fn row(done: &Done) -> Html {
    let (tone, glyph) = if done.is_pending { (Tone::Waiting, Glyph::Clock) } else { done.look };
    html! {
        <li class={classes!("entry", "timeline-row", done.is_pending.then_some("is-pending"))} data-test="timeline-row"
            data-pending={done.is_pending.to_string()}>
            <span class={classes!("entry-glyph", tone.class())}>{ icon(glyph) }</span>
            <span class="row-text">
                <span class="timeline-what">
                    <b>{ done.what }</b>
                    <span translate="no">{ unbroken(&done.place) }</span>
                </span>
                <span class="row-sub" translate="no">{ unbroken(&done.details) }</span>
                if done.is_pending {
                    { pending_chip() }
                }
                if done.is_reversal {
                    { chip(Tone::Info, Some(Glyph::Undo), t("Undone"), "reversal-chip") }
                }
            </span>
            <span class="row-quantity" translate="no">
                <b data-test="timeline-change">{ done.change.clone() }</b>
                if let Some(after) = &done.after {
                    <span class="unit" data-test="timeline-after">{ format!("= {after}") }</span>
                }
            </span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(day: &str) -> Done {
        Done {
            day: day.parse().expect("a date"),
            what: "Picked",
            place: String::new(),
            details: String::new(),
            change: String::new(),
            after: None,
            look: (Tone::Quiet, Glyph::Pick),
            is_pending: false,
            is_reversal: false,
        }
    }

    #[test]
    fn entries_of_one_day_are_grouped() {
        let all = [done("2026-11-21"), done("2026-11-21"), done("2026-11-20")];
        assert_eq!(days(&all).map(<[Done]>::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(days(&[]).count(), 0);
        let day = |text: &str| text.parse().expect("a date");
        assert_eq!(day_words(day("2026-11-21"), day("2026-11-21")), "Today, 21 Nov 2026");
        assert_eq!(day_words(day("2026-11-20"), day("2026-11-21")), "Yesterday, 20 Nov 2026");
        assert_eq!(day_words(day("2026-11-01"), day("2026-11-21")), "1 Nov 2026");
    }
}
