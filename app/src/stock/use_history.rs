//! A product's history: the server's ledger page by page, and the changes that this device knows.

use std::rc::Rc;

use domain::{HistoryAnswer, HistoryEdit, HistoryEntry, HistoryNote};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::book::past::Past;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_offline_sync::use_sync;
use crate::words::faults_in_words::{store_fault, transport_fault};

/// Maximum number of entries kept.
const MAX_ENTRIES: usize = 5_000;

/// The fetched part of the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ledger {
    /// Newest first.
    pub(crate) entries: Vec<HistoryEntry>,
    /// Decisions without effect on stock, newest first.
    pub(crate) notes: Vec<HistoryNote>,
    /// Edits of the product's fields, newest first.
    pub(crate) edits: Vec<HistoryEdit>,
    /// Whether there are older entries.
    pub(crate) more: bool,
    /// Whether the server has ever answered.
    pub(crate) is_known: bool,
    /// Whether a request is running.
    pub(crate) is_asking: bool,
    /// The error of the last request.
    pub(crate) failure: Option<String>,
}

impl Ledger {
    /// Replaces the newest entries by a new answer, and keeps the older ones.
    fn begun_with(&self, newest: HistoryAnswer) -> Self {
        let oldest = newest.oldest_rev();
        let is_older = |rev: u64| oldest.is_some_and(|oldest| rev < oldest);
        let entries = self.entries.iter().filter(|entry| is_older(entry.rev));
        let notes = self.notes.iter().filter(|note| is_older(note.rev));
        let edits = self.edits.iter().filter(|edit| is_older(edit.rev));
        let (entries, notes): (Vec<_>, Vec<_>) = (entries.cloned().collect(), notes.cloned().collect());
        let edits: Vec<_> = edits.cloned().collect();
        let is_new = entries.is_empty() && notes.is_empty() && edits.is_empty();
        let more = if is_new { newest.more } else { self.more };
        let (entries, notes) = ([newest.entries, entries].concat(), [newest.notes, notes].concat());
        let edits = [newest.edits, edits].concat();
        Self { entries, notes, edits, more, is_known: true, ..Self::default() }
    }

    /// Appends older entries.
    fn continued_with(&self, older: HistoryAnswer) -> Self {
        let entries = [self.entries.clone(), older.entries].concat();
        let notes = [self.notes.clone(), older.notes].concat();
        let edits = [self.edits.clone(), older.edits].concat();
        let most = entries.len().max(notes.len()).max(edits.len());
        let more = older.more && most < MAX_ENTRIES;
        Self { entries, notes, edits, more, is_known: true, ..Self::default() }
    }

    /// The revision before which older entries are.
    fn oldest_rev(&self) -> Option<u64> {
        let last = [
            self.entries.last().map(|entry| entry.rev),
            self.notes.last().map(|note| note.rev),
            self.edits.last().map(|edit| edit.rev),
        ];
        last.into_iter().flatten().min()
    }
}

/// A history.
pub(crate) struct History {
    pub(crate) ledger: Ledger,
    pub(crate) past: Loaded<Past>,
    /// Fetches older entries.
    pub(crate) load_older: Callback<()>,
}

/// The history of a product, or of one lot of it.
#[hook]
pub(crate) fn use_history(product: Uuid, lot: Option<Uuid>) -> History {
    let book = use_book();
    let version = use_book_version();
    let sync = use_sync();
    let subject = (product, lot);
    // The state that the next answer is merged with, shared by all renders.
    let held = use_mut_ref(|| (subject, Ledger::default()));
    let shown = use_state_eq(|| Rc::new(Ledger::default()));
    if held.borrow().0 != subject {
        held.replace((subject, Ledger::default()));
    }
    let ask = {
        let (book, held, setter) = (book.clone(), held.clone(), shown.setter());
        Callback::from(move |before: Option<u64>| {
            if std::mem::replace(&mut held.borrow_mut().1.is_asking, true) {
                return;
            }
            setter.set(Rc::new(held.borrow().1.clone()));
            let (book, held, setter) = (book.clone(), held.clone(), setter.clone());
            spawn_local(async move {
                let answer = book.history(subject.0, subject.1, before).await;
                let (of, ledger) = held.borrow().clone();
                // The subject has changed since the request.
                if of != subject {
                    return;
                }
                let next = match (answer, before) {
                    (Ok(answer), None) => ledger.begun_with(answer),
                    (Ok(answer), Some(_)) => ledger.continued_with(answer),
                    (Err(error), _) => {
                        Ledger { is_asking: false, failure: Some(transport_fault(&error)), ..ledger }
                    }
                };
                held.replace((subject, next.clone()));
                setter.set(Rc::new(next));
            });
        })
    };
    use_effect_with((subject, sync.is_online, sync.status.last_sync_at), {
        let ask = ask.clone();
        move |_| ask.emit(None)
    });
    let past = use_loaded(subject, version, move |(product, lot)| async move {
        book.past(product, lot).await.map_err(|error| store_fault(&error))
    });
    let load_older = {
        let last = shown.oldest_rev();
        ask.reform(move |()| last)
    };
    History { ledger: (**shown).clone(), past, load_older }
}

#[cfg(test)]
mod tests {
    use domain::{ExceptionKind, Movement, NoteTopic, ProductEdit, ProductPatch, Quantity};
    use sync::UnixMillis;

    use super::*;

    fn entries(revs: &[u64]) -> Vec<HistoryEntry> {
        let entry = |rev: &u64| HistoryEntry {
            rev: *rev,
            movement: Movement::Pick,
            delta: Quantity::ZERO,
            lot_code: String::new(),
            location: String::new(),
            note: String::new(),
            author: String::new(),
            approved_by: String::new(),
            device: String::new(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(0),
        };
        revs.iter().map(entry).collect()
    }

    fn page(revs: &[u64], more: bool) -> HistoryAnswer {
        HistoryAnswer { entries: entries(revs), more, ..HistoryAnswer::default() }
    }

    fn note(rev: u64) -> HistoryNote {
        let (kind, lot_code, location) = (ExceptionKind::BelowZero, String::new(), String::new());
        HistoryNote {
            rev,
            topic: NoteTopic::Resolved { kind, lot_code, location },
            reason: String::new(),
            author: String::new(),
            approved_by: String::new(),
            device: String::new(),
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(0),
        }
    }

    fn edit(rev: u64) -> HistoryEdit {
        let edit = ProductEdit { before: ProductPatch::default(), after: ProductPatch::default() };
        let (author, device) = (String::new(), String::new());
        HistoryEdit {
            rev,
            edit,
            author,
            approved_by: String::new(),
            device,
            captured_at: UnixMillis(0),
            booked_at: UnixMillis(0),
        }
    }

    #[test]
    fn an_edit_comes_once_on_the_page_of_its_time() {
        let with = |page: HistoryAnswer, revs: &[u64]| HistoryAnswer {
            edits: revs.iter().map(|rev| edit(*rev)).collect(),
            ..page
        };
        let first = Ledger::default().begun_with(with(page(&[9], true), &[10, 7]));
        assert_eq!(first.oldest_rev(), Some(7));
        let later =
            first.continued_with(with(page(&[5], false), &[6])).begun_with(with(page(&[9], true), &[11, 10]));
        let edits: Vec<u64> = later.edits.iter().map(|edit| edit.rev).collect();
        assert_eq!((revs(&later), edits), (vec![9, 5], vec![11, 10, 7, 6]));
    }

    fn revs(ledger: &Ledger) -> Vec<u64> {
        ledger.entries.iter().map(|entry| entry.rev).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gaps_or_repeats() {
        let first = Ledger::default().begun_with(page(&[9, 8, 8, 7], true));
        let all = first.continued_with(page(&[6, 5], false));
        assert_eq!((revs(&all), all.more), (vec![9, 8, 8, 7, 6, 5], false));
        let later = all.begun_with(page(&[11, 10, 9, 8, 8], true));
        assert_eq!((revs(&later), later.more), (vec![11, 10, 9, 8, 8, 7, 6, 5], false));
        let emptied = Ledger::default().begun_with(page(&[], false));
        assert!(emptied.is_known && emptied.entries.is_empty());
    }

    #[test]
    fn a_decision_comes_once_on_the_page_of_its_time() {
        let with = |page: HistoryAnswer, revs: &[u64]| HistoryAnswer {
            notes: revs.iter().map(|rev| note(*rev)).collect(),
            ..page
        };
        let first = Ledger::default().begun_with(with(page(&[9, 8], true), &[10, 7]));
        assert_eq!(first.oldest_rev(), Some(7), "the next page begins below the lowest of both");
        let all = first.continued_with(with(page(&[5], false), &[6]));
        let later = all.begun_with(with(page(&[11, 9, 8], true), &[10]));
        let notes: Vec<u64> = later.notes.iter().map(|note| note.rev).collect();
        assert_eq!((revs(&later), notes), (vec![11, 9, 8, 5], vec![10, 7, 6]));
    }

    #[test]
    fn a_history_without_common_entries_is_loaded_again() {
        let all = Ledger::default().begun_with(page(&[9, 8], false));
        let restarted = all.begun_with(page(&[3, 2], true));
        assert_eq!((revs(&restarted), restarted.more), (vec![3, 2], true));
    }
}
