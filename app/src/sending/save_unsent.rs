//! "Back up unsent work": exports the queue as a file for another device or as a table for people.

use domain::CalendarDate;
use sync::set_of;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::unsent_table::UnsentWork;
use crate::book::Book;
use crate::device::download::download;
use crate::ui::icon::{Glyph, icon};
use crate::ui::row_text::row_text;
use crate::ui::sheet::Sheet;
use crate::ui::use_clock::offset_minutes;
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::language::{t, tf};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Machine-readable.
    Json,
    /// Human-readable.
    Csv,
}

/// The button to save unsent changes, and its sheet while it is open.
pub(crate) struct SaveUnsent {
    pub(crate) open: Callback<()>,
    pub(crate) sheet: Html,
}

/// The result, as a sentence.
type Said = Option<Result<String, String>>;

/// Saves the queue of this device.
#[hook]
pub(crate) fn use_save_unsent() -> SaveUnsent {
    let (book, today) = (use_book(), use_today());
    let is_open = use_state(bool::default);
    let said = use_state(Said::default);
    let open = {
        let (is_open, said) = (is_open.setter(), said.setter());
        Callback::from(move |()| {
            said.set(None);
            is_open.set(true);
        })
    };
    let setter = is_open.setter();
    let on_close = Callback::from(move |()| setter.set(false));
    let has_pending = !book.pending().is_empty() || book.client().unreadable() > 0;
    let save = {
        let said = said.setter();
        Callback::from(move |kind| {
            let (book, said) = (book.clone(), said.clone());
            spawn_local(async move { said.set(Some(save_as(&book, kind, today).await)) });
        })
    };
    let sheet = if *is_open { sheet(&said, has_pending, on_close, &save) } else { Html::default() };
    SaveUnsent { open, sheet }
}

fn sheet(said: &Said, has_pending: bool, on_close: Callback<()>, save: &Callback<Kind>) -> Html {
    let way = |kind, title: &'static str, hint: &'static str, test| {
        let onclick = save.reform(move |_: MouseEvent| kind);
        html! {
            <button class="way" type="button" {onclick} data-test={test}>
                { icon(Glyph::Receive) }{ row_text(title, hint, None) }
            </button>
        }
    };
    html! {
        <Sheet title={t("Back up unsent work")} {on_close} test="save-unsent-sheet">
            <p>{ t("A copy goes to your downloads. The work stays on this device and still syncs; nothing is counted twice.") }</p>
            <div class="ways-out">
                if has_pending {
                    { way(Kind::Json, t("For another device"), t("Backup, to restore in Lotbook (JSON)"), "save-json") }
                }
                { way(Kind::Csv, t("To read or print"), t("Spreadsheet (CSV)"), "save-csv") }
            </div>
            <div role="status">
                if let Some(said) = said {
                    <p class={if said.is_ok() { "said tone-good" } else { "said tone-attention" }} data-test="unsent-saved">
                        { icon(if said.is_ok() { Glyph::Tick } else { Glyph::Attention }) }
                        <span>{ said.as_ref().map_or_else(Clone::clone, Clone::clone) }</span>
                    </p>
                }
            </div>
        </Sheet>
    }
}

async fn save_as(book: &Book, kind: Kind, today: CalendarDate) -> Result<String, String> {
    let unsent = book.unsent().await.map_err(|error| store_fault(&error))?;
    let (extension, mime, text) = match kind {
        Kind::Json => {
            let text = serde_json::to_string(&unsent).map_err(|error| error.to_string())?;
            ("json", "application/json", text)
        }
        Kind::Csv => {
            let records = book.client().queue();
            let known = set_of(records.iter().map(|record| record.mutation.id));
            let products = records.iter().flat_map(|record| record.mutation.action.products());
            let labels = book.labels(products).await.map_err(|error| store_fault(&error))?;
            let others = unsent.mutations.iter().filter(|one| !one.withdrawn && !known.contains(&one.id));
            let work = UnsentWork {
                records: &records,
                unreadable: others.collect(),
                labels: &labels,
                author_of: &|mutation| book.author_of(mutation),
                offset_minutes: &offset_minutes,
            };
            ("csv", "text/csv;charset=utf-8", work.csv())
        }
    };
    let name = format!("lotbook-unsent-{}-{today}.{extension}", book.device_prefix());
    download(&name, mime, &text)?;
    Ok(tf("Saved as {file}", &[("file", &name)]))
}
