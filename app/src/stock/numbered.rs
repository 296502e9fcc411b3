//! Lots, deliveries and orders with a number that was searched in the stock list, where no product has it.

use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use crate::book::numbered::is_like_a_number;
use crate::desk::use_desk::use_answers;
use crate::goods::search_results::{Hit, Listed, Results};
use crate::goods::use_catalogue::CatalogueView;
use crate::route::Route;
use crate::use_today::use_today;

/// The search.
#[derive(Properties, PartialEq)]
pub(crate) struct NumberedProps {
    pub(crate) query: String,
    pub(crate) view: CatalogueView,
    /// Shown if there are none.
    pub(crate) children: Html,
}

/// The results, or the placeholder.
#[component]
pub(crate) fn Numbered(props: &NumberedProps) -> Html {
    let navigator = use_navigator();
    let listed = use_state_eq(Listed::default);
    let is_number = is_like_a_number(&props.query);
    let on_listed = {
        let listed = listed.setter();
        Callback::from(move |now| listed.set(now))
    };
    let (answers, today) = (use_answers(), use_today());
    let on_take = Callback::from(move |hit: Hit| {
        let path = match hit {
            Hit::Product(id) => Route::Product { id }.to_path(),
            Hit::Lot(lot) => {
                answers.refuses(&lot, today);
                Route::at_lot(lot.product, lot.first_id())
            }
            Hit::Page(path) => path,
        };
        if let Some(navigator) = &navigator {
            navigator.push(&AnyRoute::new(path));
        }
    });
    html! {
        <>
            if is_number {
                <div class="numbered">
                    <Results list="numbered-list" query={props.query.clone()} view={props.view.clone()} active={None::<usize>}
                        has_papers={true} is_extra={true} {on_listed} {on_take} />
                </div>
            }
            if !is_number || listed.hits.is_empty() {
                { props.children.clone() }
            }
        </>
    }
}
