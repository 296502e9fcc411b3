//! The results of a search, in the list of a combobox: products, and lots, deliveries and orders by their numbers.

use std::rc::Rc;

use domain::Money;
use futures::FutureExt;
use uuid::Uuid;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;
use yew_router::Routable;

use super::product_list::name_and_variant;
use super::use_catalogue::{CatalogueView, card_of, use_cards};
use super::use_survey::use_survey_if;
use crate::book::lots_found::LotFound;
use crate::book::numbered::{NumberedLot, Paper, Subject, is_like_a_number};
use crate::book::views::ProductCard;
use crate::rest::NotLoaded;
use crate::route::Route;
use crate::ui::icon::{Glyph, icon};
use crate::ui::later::use_later;
use crate::ui::placeholder::page_failure;
use crate::ui::row_text::{data_text, named_text, row_text};
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{key, t, tf, tn};

/// Products shown; a narrower search finds the rest.
const MAX_SHOWN_PRODUCTS: usize = 6;

const NOTHING: &str = key("Nothing on this device matches. Press Enter to look it up as a code.");

/// A number of products, in words.
pub(crate) fn products(count: usize) -> String {
    tn(count, "{n} product", "{n} products")
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    Product(Uuid),
    /// A lot.
    Lot(Rc<LotFound>),
    /// The page of a delivery or of an order's goods.
    Page(String),
}

/// What is listed, and the sentence about it for screen readers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    pub(crate) hits: Rc<[Hit]>,
    pub(crate) said: AttrValue,
}

/// The search, and what its results do.
#[derive(Clone, Properties, PartialEq)]
pub(crate) struct ResultsProps {
    /// The list's id; its entries are numbered after it.
    pub(crate) list: AttrValue,
    pub(crate) query: String,
    pub(crate) view: CatalogueView,
    /// The entry that Enter takes.
    pub(crate) active: Option<usize>,
    /// Whether deliveries and orders are searched as well.
    pub(crate) has_papers: bool,
    /// Whether the page itself says that nothing matches.
    #[prop_or_default]
    pub(crate) is_extra: bool,
    pub(crate) on_listed: Callback<Listed>,
    pub(crate) on_take: Callback<Hit>,
}

/// The id of an entry of the list.
pub(crate) fn entry_id(list: &str, at: usize) -> String {
    format!("{list}-{at}")
}

/// The results, once their code is loaded.
#[component]
pub(crate) fn Results(props: &ResultsProps) -> Html {
    use_later(
        || load_results().boxed_local(),
        draw_results(props.clone()),
        |message| page_failure(message, Html::default()),
    )
}

#[wasm_split(rest, fallible, preload(load_results))]
fn draw_results(props: ResultsProps) -> Result<Html, NotLoaded> {
    Ok(html! { <ResultList ..props /> })
}

/// Lots, deliveries and orders with the number that is searched.
#[hook]
fn use_numbered(query: &str, has_papers: bool) -> (Vec<NumberedLot>, Vec<Paper>) {
    let (book, version) = (use_book(), use_book_version());
    let is_number = is_like_a_number(query);
    let survey = use_survey_if(is_number);
    let lots = use_memo((query.to_owned(), survey.version, is_number && survey.is_ready), {
        let book = book.clone();
        move |(query, _, is_ready)| if *is_ready { book.lots_numbered(query) } else { Vec::new() }
    });
    let asked = (is_number && has_papers).then(|| query.to_owned());
    let papers = use_loaded(asked, version, move |asked| async move {
        match asked {
            Some(query) => book.papers_with(&query).await.map_err(|error| store_fault(&error)),
            None => Ok(Vec::new()),
        }
    });
    let papers = match papers {
        Loaded::Ready(papers) => (*papers).clone(),
        // A store that cannot be read is told of by every other page.
        Loaded::Loading | Loaded::Failed(_) => Vec::new(),
    };
    ((*lots).clone(), papers)
}

#[component]
fn ResultList(props: &ResultsProps) -> Html {
    let shown: Rc<[Uuid]> = props.view.hits.iter().take(MAX_SHOWN_PRODUCTS).copied().collect();
    let cards = use_cards(shown.clone());
    let (lots, papers) = use_numbered(&props.query, props.has_papers);
    let mut rows: Vec<(Hit, Html)> =
        shown.iter().map(|id| (Hit::Product(*id), product_face(card_of(&cards, *id)))).collect();
    rows.extend(lots.into_iter().map(|NumberedLot { lot, place }| {
        let face = data_text(lot.lot_code().to_owned(), format!("{} · {place}", lot.name), None);
        (Hit::Lot(lot), face)
    }));
    rows.extend(papers.into_iter().map(paper_row));
    let hits = rows.iter().map(|(hit, _)| hit.clone()).collect();
    let said = sentence(&props.view, rows.len()).into();
    use_effect_with(Listed { hits, said }, {
        let on_listed = props.on_listed.clone();
        move |listed| on_listed.emit(listed.clone())
    });
    use_shown_entry(&props.list, props.active);
    let found = props.view.hits.len();
    let is_empty = rows.is_empty();
    if is_empty && props.is_extra {
        return Html::default();
    }
    html! {
        <div class="matches" data-test="matches">
            if props.view.is_similar {
                <p class="matches-more" data-test="matches-similar">{ t("No exact match. Similar:") }</p>
            }
            <ul id={&props.list} role="listbox" aria-label={t("Results")} hidden={is_empty}>
                for (at, (hit, face)) in rows.into_iter().enumerate() {
                    { entry(props, at, hit, face) }
                }
            </ul>
            if found > MAX_SHOWN_PRODUCTS {
                <p class="matches-more">{ tn(found - MAX_SHOWN_PRODUCTS, "{n} more. Type more of the name.", "{n} more. Type more of the name.") }</p>
            } else if is_empty {
                <p class="matches-more">{ nothing(&props.view) }</p>
            }
        </div>
    }
}

/// Nothing was found, or nothing could be searched.
fn nothing(view: &CatalogueView) -> &str {
    view.fault.as_deref().unwrap_or_else(|| t(NOTHING))
}

fn sentence(view: &CatalogueView, rows: usize) -> String {
    match view.hits.len() {
        0 if rows == 0 => nothing(view).to_owned(),
        0 => tn(rows, "{n} result", "{n} results"),
        found if view.is_similar => tf("No exact match. Similar: {found}", &[("found", &products(found))]),
        found => products(found),
    }
}

/// Scrolls to the entry that Enter takes.
#[hook]
fn use_shown_entry(list: &str, active: Option<usize>) {
    use_effect_with(active.map(|at| entry_id(list, at)), |id| {
        let document = web_sys::window().and_then(|window| window.document());
        let entry = id.as_deref().and_then(|id| document?.get_element_by_id(id));
        if let Some(entry) = entry {
            entry.scroll_into_view_with_bool(false);
        }
    });
}

fn entry(props: &ResultsProps, at: usize, hit: Hit, face: Html) -> Html {
    let (glyph, test) = match &hit {
        Hit::Product(_) => (Glyph::Plus, "match"),
        Hit::Lot(..) => (Glyph::Box, "match-lot"),
        Hit::Page(_) => (Glyph::Receive, "match-paper"),
    };
    let id = match &hit {
        Hit::Product(id) => Some(id.to_string()),
        Hit::Lot(lot) => Some(lot.product.to_string()),
        Hit::Page(_) => None,
    };
    let is_active = props.active == Some(at);
    let onclick = props.on_take.reform(move |_: MouseEvent| hit.clone());
    html! {
        <li key={at} role="presentation">
            <button id={entry_id(&props.list, at)} class={classes!("match", is_active.then_some("is-active"))} type="button"
                role="option" aria-selected={is_active.to_string()} {onclick} data-test={test} data-id={id}>
                { face }
                { icon(glyph) }
            </button>
        </li>
    }
}

fn product_face(card: Option<&ProductCard>) -> Html {
    let Some(card) = card else { return Html::default() };
    let detail = card.detail.as_ref().map(|detail| {
        let price = Money { minor: detail.price_minor, currency: detail.currency.clone() };
        tf(
            "{sku} · {price} · {quantity} {unit} on hand",
            &[
                ("sku", &card.product.sku),
                ("price", &format::money(&price)),
                ("quantity", &format::quantity(detail.on_hand)),
                ("unit", &detail.unit),
            ],
        )
    });
    let name = name_and_variant(&card.product.name, &card.product.variant);
    match detail {
        Some(words) => named_text(name, words, None),
        None => data_text(name, card.product.sku.clone(), None),
    }
}

fn paper_row(paper: Paper) -> (Hit, Html) {
    let number: [(&str, &dyn std::fmt::Display); 1] = [("number", &paper.number)];
    let (title, path) = match paper.subject {
        Subject::Delivery(id) => (tf("Delivery {number}", &number), Route::Delivery { id }.to_path()),
        Subject::Order(id) => (tf("Order {number}", &number), Route::History { id }.to_path()),
    };
    (Hit::Page(path), row_text(title, tn(paper.lines, "{n} line", "{n} lines"), None))
}
