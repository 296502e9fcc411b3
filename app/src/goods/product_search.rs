//! Finds products by name or code, for any operation.

use std::rc::Rc;

use domain::Money;
use uuid::Uuid;
use yew::prelude::*;

use super::product_list::name_and_variant;
use super::use_catalogue::{card_of, use_cards, use_catalogue};
use crate::book::views::ProductCard;
use crate::desk::scan_field::ScanField;
use crate::desk::use_desk::use_scans;
use crate::ui::icon::{Glyph, icon};
use crate::ui::row_text::named_text;
use crate::words::format;
use crate::words::language::{key, t, tf, tn};

/// Matches shown; a narrower search finds the rest.
const MAX_SHOWN_MATCHES: usize = 6;

const NOTHING: &str = key("Nothing on this device matches. Press Enter to look it up as a code.");

/// A number of products, in words.
pub(crate) fn products(count: usize) -> String {
    tn(count, "{n} product", "{n} products")
}

/// The callback for the result.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductSearchProps {
    pub(crate) on_found: Callback<Uuid>,
    /// The label of the field.
    pub(crate) label: &'static str,
    /// The field's test hook.
    pub(crate) test: &'static str,
}

/// The search field with its first matches.
#[component]
pub(crate) fn ProductSearch(props: &ProductSearchProps) -> Html {
    let scans = use_scans();
    let query = use_state(String::new);
    let view = use_catalogue(&query);
    let is_searching = !query.trim().is_empty();
    let matches: Rc<[Uuid]> = match is_searching {
        true => view.hits.iter().take(MAX_SHOWN_MATCHES).copied().collect(),
        false => Rc::default(),
    };
    let cards = use_cards(matches.clone());
    let on_change = {
        let query = query.clone();
        Callback::from(move |text| query.set(text))
    };
    let take = {
        let (query, on_found) = (query.clone(), props.on_found.clone());
        Callback::from(move |id: Uuid| {
            on_found.emit(id);
            query.set(String::new());
        })
    };
    let on_enter = {
        let (take, query) = (take.clone(), query.clone());
        let only = matches.first().copied().filter(|_| view.hits.len() == 1);
        Callback::from(move |_: String| match only {
            Some(id) => {
                take.emit(id);
                true
            }
            None => {
                query.set(String::new());
                false
            }
        })
    };
    let search = ScanField {
        label: props.label,
        text: (*query).clone().into(),
        on_change,
        on_enter: Some(on_enter),
        scans: &scans,
        test: props.test,
    };
    html! {
        <div class="order-search">
            { search.view() }
            <p class="visually-hidden" role="status">
                if is_searching && view.hits.is_empty() {
                    { t(NOTHING) }
                } else if is_searching {
                    { products(view.hits.len()) }
                }
            </p>
            if is_searching {
                <ul class="matches" data-test="matches">
                    for id in matches.iter().copied() {
                        { match_row(id, card_of(&cards, id), &take) }
                    }
                    if view.hits.len() > MAX_SHOWN_MATCHES {
                        <li class="matches-more">{ tn(view.hits.len() - MAX_SHOWN_MATCHES, "{n} more. Type more of the name.", "{n} more. Type more of the name.") }</li>
                    } else if view.hits.is_empty() {
                        <li class="matches-more">{ t(NOTHING) }</li>
                    }
                </ul>
            }
        </div>
    }
}

fn match_row(id: Uuid, card: Option<&ProductCard>, take: &Callback<Uuid>) -> Html {
    let onclick = take.reform(move |_: MouseEvent| id);
    let face = card.map(|card| {
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
        named_text(name, detail.unwrap_or_else(|| card.product.sku.clone()), None)
    });
    html! {
        <li key={id.to_string()}>
            <button class="match" type="button" {onclick} data-test="match" data-id={id.to_string()}>
                { face.unwrap_or_default() }
                { icon(Glyph::Plus) }
            </button>
        </li>
    }
}
