//! The stock list, with a product, a form or the latest changes beside it on wide screens.

use yew::prelude::*;
use yew_router::Routable;

use super::stock_pane::StockPane;
use crate::book::stock_filter::StockSearch;
use crate::goods::recent_list::RecentList;
use crate::route::Route;
use crate::ui::page_head::use_window_title;
use crate::words::language::t;

/// Rows of the latest changes beside the list.
const MAX_RECENT_ROWS: usize = 12;

/// The list with its search, and beside it `detail`, the page of `route`; without one, the latest changes.
pub(crate) fn stock_page(route: &Route, detail: Option<Html>, search: &UseStateHandle<StockSearch>) -> Html {
    let current = route.product();
    let detail = detail.unwrap_or_else(|| html! { <JustNow /> });
    let has_detail = route.is_task();
    html! {
        <div class={classes!("split", has_detail.then_some("has-detail"))}>
            <StockPane {current} search={search.clone()} />
            <section class="detail" aria-label={t("Details")}>{ detail }</section>
        </div>
    }
}

/// The latest changes, beside the list on wide screens.
#[component]
fn JustNow() -> Html {
    use_window_title(&t("Stock").into());
    html! {
        <div class="page just-now">
            <header class="section-head">
                <h2>{ t("Recent activity") }</h2>
                <a href={Route::Sync.to_path()}>{ t("View all") }</a>
            </header>
            <RecentList max_rows={MAX_RECENT_ROWS} />
        </div>
    }
}
