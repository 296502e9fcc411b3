//! The list of products, filtered while typing, and the data of its visible rows.

use std::rc::Rc;

use uuid::Uuid;
use yew::prelude::*;

use super::use_survey::use_survey_if;
use crate::book::stock_filter::{StockFilter, StockSearch};
use crate::book::surveyor::SurveyState;
use crate::book::views::ProductCard;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use client::Completeness;

/// The result of a search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CatalogueView {
    /// Whether there are products to show, or none are on this device.
    pub(crate) ready: bool,
    /// Why the catalogue, or the rest of it, could not be read, as a sentence.
    pub(crate) fault: Option<String>,
    /// Products in the catalogue.
    pub(crate) total: usize,
    /// The products found, in list order. An `Rc<Vec>` is compared by pointer first, which avoids comparing
    /// 100,000 ids; an `Rc<[Uuid]>` is not.
    pub(crate) hits: Rc<Vec<Uuid>>,
    /// Whether they are only similar, because nothing matches exactly.
    pub(crate) is_similar: bool,
}

/// The products whose label contains every word of `query`; all products for an empty query. If there are none, those
/// that have them but for a typing mistake.
#[hook]
pub(crate) fn use_catalogue(query: &str) -> CatalogueView {
    let book = use_book();
    let version = use_book_version();
    let exact = use_memo((query.to_owned(), version), {
        let book = book.clone();
        move |(query, _)| Rc::new(book.search(query))
    });
    let asked = exact.is_empty().then(|| query.to_owned());
    let similar = use_loaded(asked, version, {
        let book = book.clone();
        move |asked| async move {
            match asked {
                // Nothing is similar while the code for it cannot be loaded.
                Some(query) => Ok(book.search_similar(query).await.unwrap_or_default()),
                None => Ok(Vec::new()),
            }
        }
    });
    let (hits, is_similar) = match similar {
        Loaded::Ready(similar) if exact.is_empty() && !similar.is_empty() => (similar, true),
        _ => ((*exact).clone(), false),
    };
    let total = book.catalogue_len();
    let (is_read, fault) = match book.has_read_catalogue() {
        Ok(is_read) => (is_read, None),
        Err(error) => (false, Some(store_fault(&error))),
    };
    let ready = total > 0 || (is_read && book.client().completeness() == Completeness::Complete);
    CatalogueView { ready, fault, total, hits, is_similar }
}

/// Like [`use_catalogue`] for the stock list, filtered by stock as well; with the progress of reading the
/// stock.
#[hook]
pub(crate) fn use_stock(search: &StockSearch) -> (CatalogueView, SurveyState) {
    let (book, today) = (use_book(), use_today());
    let found = use_catalogue(&search.text);
    let is_narrow = search.filter != StockFilter::Any;
    let state = use_survey_if(is_narrow);
    // The survey may be newer than this component's state.
    let version = book.survey_state().version;
    let left =
        use_memo((found.hits.clone(), search.filter, version, today), move |(hits, filter, _, today)| {
            match *filter {
                StockFilter::Any => hits.clone(),
                filter => Rc::new(book.survey().stocked(hits, filter, *today)),
            }
        });
    (CatalogueView { hits: (*left).clone(), ..found }, state)
}

/// Cards for `ids`: labels at once, the other fields once they are read.
#[hook]
pub(crate) fn use_cards(ids: Rc<[Uuid]>) -> Rc<[(Uuid, ProductCard)]> {
    let book = use_book();
    let version = use_book_version();
    let today = use_today();
    let read = {
        let book = book.clone();
        let ids = ids.clone();
        use_loaded((), (ids.clone(), version, today), move |()| async move {
            book.cards(&ids, today).await.map_err(|error| store_fault(&error))
        })
    };
    let known = match &read {
        Loaded::Ready(cards) => Some(cards.clone()),
        Loaded::Loading | Loaded::Failed(_) => None,
    };
    let best_known = |id: &Uuid| {
        let card = known.as_ref().and_then(|cards| card_of(cards, *id).cloned());
        let label = || Some(ProductCard { product: book.label(*id)?, detail: None, pending: false });
        Some((*id, card.or_else(label)?))
    };
    ids.iter().filter_map(best_known).collect()
}

/// A product's card among the requested ones.
pub(crate) fn card_of(cards: &[(Uuid, ProductCard)], id: Uuid) -> Option<&ProductCard> {
    cards.iter().find(|(of, _)| *of == id).map(|(_, card)| card)
}
