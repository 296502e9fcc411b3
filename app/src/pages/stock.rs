//! The stock list, with a product, a form or the latest work beside it where there is room.

use yew::prelude::*;
use yew_router::Routable;

use super::product::ProductPage;
use super::product_edit::{EditProductPage, NewProductPage};
use super::work::WorkPage;
use crate::components::recent_list::RecentList;
use crate::components::stock_pane::StockPane;
use crate::route::Route;

/// Rows of the latest work shown beside the list.
const MAX_RECENT_ROWS: usize = 12;

/// What stands beside the list.
#[derive(Properties, PartialEq)]
pub(crate) struct StockPageProps {
    pub(crate) route: Route,
}

/// List and detail.
#[component]
pub(crate) fn StockPage(props: &StockPageProps) -> Html {
    let (current, detail) = match props.route.clone() {
        Route::NewProduct => (None, html! { <NewProductPage /> }),
        Route::Product { id } => (Some(id), html! { <ProductPage key={id.to_string()} {id} /> }),
        Route::EditProduct { id } => (Some(id), html! { <EditProductPage key={id.to_string()} {id} /> }),
        Route::Work { id, operation } => {
            (Some(id), html! { <WorkPage key={format!("{operation}{id}")} {id} {operation} /> })
        }
        _ => (None, just_now()),
    };
    let has_detail = props.route.is_task();
    html! {
        <div class={classes!("split", has_detail.then_some("has-detail"))}>
            <StockPane {current} />
            <section class="detail" aria-label="Details">{ detail }</section>
        </div>
    }
}

/// The latest work, beside the list on wide screens.
fn just_now() -> Html {
    html! {
        <div class="page just-now">
            <header class="section-head">
                <h2>{ "Just now" }</h2>
                <a href={Route::Sync.to_path()}>{ "Everything" }</a>
            </header>
            <RecentList max_rows={MAX_RECENT_ROWS} />
        </div>
    }
}
