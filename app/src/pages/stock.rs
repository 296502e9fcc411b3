//! The stock list, with a product, a form or the latest work beside it where there is room.

use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::history::HistoryPage;
use super::product_edit::ProductFormPage;
use super::product_route::{ProductRoute, Purpose};
use crate::book::StockSearch;
use crate::components::page_head::use_window_title;
use crate::components::recent_list::RecentList;
use crate::components::stock_pane::StockPane;
use crate::language::t;
use crate::route::Route;

/// Rows of the latest work shown beside the list.
const MAX_RECENT_ROWS: usize = 12;

/// The list with what it is searched for, and what stands beside it.
pub(crate) fn stock_page(route: &Route, lot: Option<Uuid>, search: &UseStateHandle<StockSearch>) -> Html {
    let about = |id: Uuid, purpose: Purpose| {
        // Another product, or another purpose, is a page of its own with nothing left over.
        (Some(id), html! { <ProductRoute key={format!("{id}{purpose:?}")} {id} {purpose} /> })
    };
    let (current, detail) = match route {
        Route::NewProduct => (None, html! { <ProductFormPage key="new" /> }),
        Route::Product { id } => about(*id, Purpose::Show),
        Route::EditProduct { id } => about(*id, Purpose::Edit),
        Route::History { id } => (Some(*id), html! { <HistoryPage key={id.to_string()} id={*id} {lot} /> }),
        Route::Work { id, operation } => about(*id, Purpose::Work(*operation)),
        _ => (None, html! { <JustNow /> }),
    };
    let has_detail = route.is_task();
    html! {
        <div class={classes!("split", has_detail.then_some("has-detail"))}>
            <StockPane {current} search={search.clone()} />
            <section class="detail" aria-label={t("Details")}>{ detail }</section>
        </div>
    }
}

/// The latest work, beside the list on wide screens.
#[component]
fn JustNow() -> Html {
    use_window_title(&t("Stock").into());
    html! {
        <div class="page just-now">
            <header class="section-head">
                <h2>{ t("Just now") }</h2>
                <a href={Route::Sync.to_path()}>{ t("Everything") }</a>
            </header>
            <RecentList max_rows={MAX_RECENT_ROWS} />
        </div>
    }
}
