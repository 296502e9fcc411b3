//! The stock list of wide windows: a table to compare products in, to sort, and to mark several.

use std::rc::Rc;

use domain::{CalendarDate, Money, Quantity};
use futures::FutureExt;
use uuid::Uuid;
use wasm_split_helpers::wasm_split;
use yew::prelude::*;
use yew_router::Routable;

use crate::book::Book;
use crate::book::product_order::ProductOrder;
use crate::book::stock_filter::StockSearch;
use crate::book::views::{CardDetail, ProductCard};
use crate::book::worth::worth_minor;
use crate::goods::product_list::{name_and_variant, soon_chip};
use crate::goods::product_rows::{ProductRows, use_product_rows};
use crate::goods::survey_gate::survey_gate;
use crate::goods::use_catalogue::card_of;
use crate::goods::use_survey::use_survey_if;
use crate::rest::NotLoaded;
use crate::route::Route;
use crate::ui::button::button;
use crate::ui::chip::pending_chip;
use crate::ui::later::use_later;
use crate::ui::placeholder::page_failure;
use crate::ui::save_table::{Table, use_save_table};
use crate::ui::table::{Column, Grid, Markable, Sorting, table_head, use_marks};
use crate::use_book::{use_book, use_book_version};
use crate::use_offline_sync::use_sync;
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{key, t};

/// The columns after the marks.
const COLUMNS: [Column<ProductOrder>; 6] = [
    Column { word: key("Product"), order: Some(ProductOrder::Name), class: "name-cell" },
    Column { word: key("SKU"), order: Some(ProductOrder::Sku), class: "" },
    Column { word: key("On hand"), order: Some(ProductOrder::OnHand), class: "number-cell" },
    Column { word: key("Next expiry"), order: Some(ProductOrder::Expiry), class: "" },
    Column { word: key("Price"), order: Some(ProductOrder::Price), class: "number-cell extra-cell" },
    Column { word: key("Value"), order: Some(ProductOrder::Worth), class: "number-cell" },
];

/// The products to list.
#[derive(Clone, Properties, PartialEq)]
pub(crate) struct ProductTableProps {
    /// In list order.
    pub(crate) ids: Rc<Vec<Uuid>>,
    /// The product whose page is open.
    pub(crate) current: Option<Uuid>,
    /// Has the order of the rows.
    pub(crate) search: UseStateHandle<StockSearch>,
}

/// The table, once its code is loaded.
#[component]
pub(crate) fn ProductTable(props: &ProductTableProps) -> Html {
    use_later(
        || load_table().boxed_local(),
        draw_table(props.clone()),
        |message| page_failure(message, Html::default()),
    )
}

#[wasm_split(rest, fallible, preload(load_table))]
fn draw_table(props: ProductTableProps) -> Result<Html, NotLoaded> {
    let ProductTableProps { ids, current, search } = props;
    Ok(html! { <LoadedTable {ids} {current} {search} /> })
}

#[component]
fn LoadedTable(props: &ProductTableProps) -> Html {
    let StockSearch { order, is_reversed, .. } = *props.search;
    let (book, today, sync) = (use_book(), use_today(), use_sync());
    let book_version = use_book_version();
    let state = use_survey_if(order.needs_survey());
    let version = order.needs_survey().then(|| book.survey_state().version);
    let sku_version = (order == ProductOrder::Sku).then_some(book_version);
    let ids = use_memo((props.ids.clone(), order, is_reversed, version.or(sku_version), today), {
        let book = book.clone();
        move |(ids, order, is_reversed, _, today)| match (*order, *is_reversed) {
            (ProductOrder::Name, false) => ids.clone(),
            (order, is_reversed) => Rc::new(book.sorted_products(ids, order, is_reversed, *today)),
        }
    });
    let ids = (*ids).clone();
    let on_sort = {
        let search = props.search.clone();
        Callback::from(move |Sorting { by, is_reversed }| {
            search.set(StockSearch { order: by, is_reversed, ..(*search).clone() });
        })
    };
    let all = ids.clone();
    let markable = use_marks(ids.len(), ids.clone(), move |row| all.get(row).copied());
    let on_save = use_saving_marked(&ids, &markable);
    let gate = order.needs_survey().then(|| survey_gate(&state, &sync)).flatten();
    let viewport = use_node_ref();
    let rows = use_product_rows(&viewport, &ids, (*props.search).clone());
    let on_key = markable.on_key(&rows.list.focus.on_key);
    let head = table_head(&COLUMNS, Sorting { by: order, is_reversed }, &on_sort, markable.all());
    let grid = Grid {
        label: t("Products"),
        class: "product-table",
        test: "product-list",
        count: ids.len(),
        list: &rows.list,
    };
    html! {
        <>
            { markable.bar(button("button", t("Save as CSV").into(), on_save, "marked-csv")) }
            { for gate }
            { grid.view(head, on_key, table_rows(&rows, props.current, &markable, today)) }
        </>
    }
}

/// Saves the marked products as a table.
#[hook]
fn use_saving_marked(ids: &Rc<Vec<Uuid>>, markable: &Markable) -> Callback<MouseEvent> {
    let (book, save, today) = (use_book(), use_save_table(), use_today());
    let (ids, markable) = (ids.clone(), markable.clone());
    save.reform(move |_: MouseEvent| {
        let marked: Vec<Uuid> =
            markable.marked_rows().into_iter().filter_map(|row| ids.get(row).copied()).collect();
        table_of(&book, marked, today)
    })
}

fn table_of(book: &Book, products: Vec<Uuid>, today: CalendarDate) -> Table {
    let name = format!("lotbook-products-{}-{today}.csv", book.device_prefix());
    let book = book.clone();
    let text =
        Box::pin(async move { book.products_csv_of(&products).await.map_err(|error| store_fault(&error)) });
    Table { name, text }
}

fn table_rows(rows: &ProductRows, current: Option<Uuid>, markable: &Markable, today: CalendarDate) -> Html {
    let row = |(id, row): (&Uuid, usize)| {
        let card = card_of(&rows.cards, *id);
        let name = card.map(|card| name_and_variant(&card.product.name, &card.product.variant));
        let name = name.unwrap_or_default();
        let is_marked = markable.has(*id);
        let is_pending = card.is_some_and(|card| card.pending);
        let tab_stop = if row == rows.list.focus.tab_stop { "0" } else { "-1" };
        let class = classes!("row", "table-row", is_pending.then_some("is-pending"));
        html! {
            <div {class} role="row" key={id.to_string()} aria-rowindex={(row + 1).to_string()}
                aria-selected={is_marked.to_string()} data-test="product-row" data-id={id.to_string()}>
                <div role="gridcell" class="cell mark-cell">{ markable.one(row, is_marked, &name) }</div>
                <div role="gridcell" class="cell name-cell">
                    <a class="row-link" href={Route::Product { id: *id }.to_path()} tabindex={tab_stop}
                        aria-current={(current == Some(*id)).then_some("true")}>
                        <span class="cell-text" translate="no" data-test="row-name">{ name }</span>
                        if is_pending {
                            { pending_chip() }
                        }
                    </a>
                </div>
                { for card.map(|card| cells(card, today)) }
            </div>
        }
    };
    rows.shown.iter().zip(rows.list.visible.clone()).map(row).collect()
}

fn cells(card: &ProductCard, today: CalendarDate) -> Html {
    html! {
        <>
            <div role="gridcell" class="cell" translate="no">{ &card.product.sku }</div>
            { card.detail.as_ref().map_or_else(Html::default, |detail| figures(detail, today)) }
        </>
    }
}

fn figures(detail: &CardDetail, today: CalendarDate) -> Html {
    let CardDetail { price_minor, currency, unit, on_hand, .. } = detail;
    let is_below = *on_hand < Quantity::ZERO;
    let money = |minor| format::money(&Money { minor, currency: currency.clone() });
    let worth = worth_minor(*on_hand, *price_minor);
    html! {
        <>
            <div role="gridcell" class="cell number-cell" translate="no">
                <b class={is_below.then_some("is-negative")} data-test="row-on-hand" data-value={on_hand.0.to_string()}>
                    { format::quantity(*on_hand) }
                </b>
                <span class="unit">{ format!(" {unit}") }</span>
            </div>
            <div role="gridcell" class="cell expiry-cell">
                { next_expiry(detail, today) }
            </div>
            <div role="gridcell" class="cell number-cell extra-cell" translate="no">{ money(*price_minor) }</div>
            <div role="gridcell" class="cell number-cell" translate="no">{ money(worth) }</div>
        </>
    }
}

/// The date, or the days that are left if these are few.
fn next_expiry(detail: &CardDetail, today: CalendarDate) -> Html {
    let chip = soon_chip(detail, today);
    match detail.soonest_expiry {
        Some(date) if chip == Html::default() => format::date(date).into(),
        _ => chip,
    }
}
