//! The changes of a product: the server's ledger, or offline the changes that this device knows.

use std::collections::HashMap;

use domain::{CalendarDate, HistoryEdit, HistoryEntry, HistoryNote, LotRef, NoteTopic, Quantity};
use sync::{UnixMillis, sort_by};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::use_history::{History, Ledger, use_history};
use crate::book::Book;
use crate::book::history_csv::history_csv;
use crate::book::past::{OwnMove, Past, quantities_after};
use crate::goods::looks::{exception_look, movement_look};
use crate::route::Route;
use crate::ui::button::{button, link_button, resting_button};
use crate::ui::chip::Tone;
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::save_table::{Table, use_save_table};
use crate::ui::timeline::{Done, timeline};
use crate::ui::use_clock::offset_minutes;
use crate::ui::use_loaded::Loaded;
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::edit_words::edit_words;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::movement_words::{exception_word, is_reversal, movement_word, note_words};

/// If the delay between recording and booking exceeds this, both times are shown.
const MIN_SHOWN_DELAY_MILLIS: u64 = 5 * 60_000;

/// The subject of the history.
#[derive(Properties, PartialEq)]
pub(crate) struct HistoryPageProps {
    pub(crate) id: Uuid,
    /// Limits the history to this lot.
    pub(crate) lot: Option<Uuid>,
}

/// The page.
#[component]
pub(crate) fn HistoryPage(props: &HistoryPageProps) -> Html {
    let HistoryPageProps { id, lot } = *props;
    let (book, today) = (use_book(), use_today());
    // The name appears as the catalogue loads.
    use_book_version();
    let History { ledger, past, load_older } = use_history(id, lot);
    let save = use_save_table();
    let name = book.label(id).map(|label| label.name).unwrap_or_default();
    let body = match &past {
        Loaded::Failed(message) => read_failure(message),
        Loaded::Loading => skeleton(),
        Loaded::Ready(past) => {
            let all = timeline_entries(id, &ledger, past);
            html! {
                <>
                    if all.is_empty() && ledger.is_asking {
                        { skeleton() }
                    } else if all.is_empty() {
                        { nothing() }
                    } else {
                        { timeline(&all, today) }
                    }
                    if ledger.more {
                        { resting_button(ledger.is_asking, "button", t("Older").into(), load_older.reform(|_: MouseEvent| ()), "history-older") }
                    }
                </>
            }
        }
    };
    let on_save = {
        let (book, ledger) = (book.clone(), ledger.clone());
        save.reform(move |_: MouseEvent| table_of(&book, id, &ledger, today))
    };
    let title = if lot.is_some() { t("History of the lot") } else { t("History") };
    html! {
        <div class="page history-page" data-test="history-page">
            <PageHead {title} eyebrow={name} back={Route::Product { id }}>
                if !ledger.entries.is_empty() || !ledger.edits.is_empty() {
                    { button("button", html! { <>{ icon(Glyph::Receive) }{ t("Save as CSV") }</> }, on_save, "history-csv") }
                }
            </PageHead>
            if lot.is_some() {
                <div>
                    { link_button("button", Route::History { id }.to_path(), t("The whole product").into(), "history-all") }
                </div>
            }
            <div role="status">{ state_line(&ledger) }</div>
            { body }
        </div>
    }
}

/// Unsent changes first, then the server's ledger, or without it the sent changes of this device.
fn timeline_entries(product: Uuid, ledger: &Ledger, past: &Past) -> Vec<Done> {
    let after = quantities_after(product, &ledger.entries, &past.booked);
    let mut newest = newest_quantities(product, &ledger.entries, &after, past);
    // The oldest pending change is applied first, on top of the booked quantity.
    let mut pending: Vec<Done> = past.pending.iter().rev().map(|one| own(one, &mut newest)).collect();
    pending.reverse();
    if !ledger.is_known {
        let sent: Vec<Done> = past.sent.iter().map(|one| own(one, &mut HashMap::new())).collect();
        return [pending, sent].concat();
    }
    let entries = ledger.entries.iter().zip(after).map(|(entry, after)| (entry.rev, booked(entry, after)));
    let notes = ledger.notes.iter().map(|note| (note.rev, decided(note)));
    let edits = ledger.edits.iter().map(|edit| (edit.rev, edited(edit)));
    let mut known: Vec<(u64, Done)> = entries.chain(notes).chain(edits).collect();
    sort_by(&mut known, |(a, _), (b, _)| b.cmp(a));
    pending.into_iter().chain(known.into_iter().map(|(_, done)| done)).collect()
}

/// The booked quantity of each lot.
fn newest_quantities(
    product: Uuid,
    entries: &[HistoryEntry],
    after: &[Option<Quantity>],
    past: &Past,
) -> HashMap<Uuid, Quantity> {
    let mut newest: HashMap<Uuid, Quantity> =
        past.booked.iter().map(|(lot, (_, quantity))| (*lot, *quantity)).collect();
    // Reversed, so that the newest entry of each lot wins.
    for (entry, after) in entries.iter().zip(after).rev() {
        if let Some(after) = after {
            newest.insert(LotRef::new(product, &entry.lot_code, &entry.location).id(), *after);
        }
    }
    newest
}

fn day_of(at: UnixMillis) -> CalendarDate {
    CalendarDate::of(at, offset_minutes(at))
}

fn place_of(lot_code: &str, location: &str) -> String {
    format!("{lot_code} · {location}")
}

/// The non-empty parts, in one line.
fn line(parts: [String; 4]) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

fn booked(entry: &HistoryEntry, after: Option<Quantity>) -> Done {
    let HistoryEntry { movement, delta, lot_code, location, note, author, approved_by, device, .. } = entry;
    let (who, when) = (who(author, approved_by, device), when(entry.captured_at, entry.booked_at));
    Done {
        day: day_of(entry.booked_at),
        what: movement_word(*movement),
        place: place_of(lot_code, location),
        details: line([who, when, note_words(*movement, note), String::new()]),
        change: format::signed(*delta),
        after: after.map(format::quantity),
        look: movement_look(*movement),
        is_pending: false,
        is_reversal: is_reversal(note),
    }
}

/// The author, the device if it adds information, and who approved it.
fn who(author: &str, approved_by: &str, device: &str) -> String {
    let who = match device {
        "" => author.to_owned(),
        device if device == author => author.to_owned(),
        device => tf("{who} on {device}", &[("who", &author), ("device", &device)]),
    };
    match approved_by {
        "" => who,
        name => tf("{who}, approved by {name}", &[("who", &who), ("name", &name)]),
    }
}

fn when(recorded: UnixMillis, booked: UnixMillis) -> String {
    let moment = |at| format::moment(at, offset_minutes(at));
    match booked.since(recorded) > MIN_SHOWN_DELAY_MILLIS {
        true => {
            tf("{recorded}, booked {booked}", &[("recorded", &moment(recorded)), ("booked", &moment(booked))])
        }
        false => moment(recorded),
    }
}

/// A change without effect on stock: an exception was reviewed, or a delivery was closed short.
fn decided(note: &HistoryNote) -> Done {
    let (what, place, look, about) = match &note.topic {
        NoteTopic::Resolved { kind, lot_code, location } => {
            let place = if lot_code.is_empty() { String::new() } else { place_of(lot_code, location) };
            let (tone, _) = exception_look(*kind);
            (t("Resolved"), place, (tone, Glyph::Tick), exception_word(*kind).to_owned())
        }
        NoteTopic::Short { number, expected, received } => {
            let missing = format::quantity(*expected - *received);
            let values: [(&str, &dyn std::fmt::Display); 2] =
                [("missing", &missing), ("expected", &format::quantity(*expected))];
            let place = tf("Delivery {number}", &[("number", number)]);
            let look = (Tone::Waiting, Glyph::Receive);
            (t("Nothing more is expected"), place, look, tf("{missing} of {expected} missing", &values))
        }
    };
    let (who, when) =
        (who(&note.author, &note.approved_by, &note.device), when(note.captured_at, note.booked_at));
    Done {
        day: day_of(note.booked_at),
        what,
        place,
        details: line([who, when, about, note.reason.clone()]),
        change: String::new(),
        after: None,
        look,
        is_pending: false,
        is_reversal: false,
    }
}

/// An edit of the product's fields.
fn edited(edit: &HistoryEdit) -> Done {
    let (who, when) =
        (who(&edit.author, &edit.approved_by, &edit.device), when(edit.captured_at, edit.booked_at));
    Done {
        day: day_of(edit.booked_at),
        what: t("Edited"),
        place: edit_words(&edit.edit),
        details: line([who, when, String::new(), String::new()]),
        change: String::new(),
        after: None,
        look: (Tone::Info, Glyph::Edit),
        is_pending: false,
        is_reversal: false,
    }
}

fn own(one: &OwnMove, quantities: &mut HashMap<Uuid, Quantity>) -> Done {
    let after = quantities.get_mut(&one.lot.id()).map(|quantity| {
        *quantity += one.delta;
        *quantity
    });
    let when = format::moment(one.at, offset_minutes(one.at));
    Done {
        day: day_of(one.at),
        what: movement_word(one.movement),
        place: place_of(&one.lot.lot_code, &one.lot.location),
        details: line([one.author.clone(), when, note_words(one.movement, &one.note), String::new()]),
        change: format::signed(one.delta),
        after: after.map(format::quantity),
        look: movement_look(one.movement),
        is_pending: one.is_pending,
        is_reversal: is_reversal(&one.note),
    }
}

/// The source of the list.
fn state_line(ledger: &Ledger) -> Html {
    let Some(failure) = &ledger.failure else { return Html::default() };
    let words = match ledger.is_known {
        true => t("This may be out of date."),
        false => t("Until the server answers, this shows only this device's entries."),
    };
    html! {
        <p class="banner tone-info" data-test="history-offline">
            { icon(Glyph::DotOpen) }<span>{ failure.clone() }{ " " }{ words }</span>
        </p>
    }
}

fn nothing() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Clock,
        title: t("No activity yet"),
        text: t("Receipts, picks, moves, counts and sales appear here."),
        test: "history-empty",
    };
    placeholder.view(Html::default())
}

fn table_of(book: &Book, id: Uuid, ledger: &Ledger, today: CalendarDate) -> Table {
    let sku: String = book.label(id).map(|label| label.sku).unwrap_or_default();
    let sku: String = sku.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-').collect();
    let name = format!("lotbook-history-{sku}-{}-{today}.csv", book.device_prefix());
    let text = history_csv(&ledger.entries, &ledger.edits, offset_minutes);
    Table { name, text: Box::pin(async move { Ok(text) }) }
}
