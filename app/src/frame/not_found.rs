//! An address that leads nowhere.

use yew::prelude::*;
use yew_router::Routable;

use crate::route::Route;
use crate::ui::button::link_button;
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::Placeholder;
use crate::words::language::t;

/// The way to the stock list.
pub(crate) fn to_stock(class: &'static str) -> Html {
    link_button(class, Route::Stock.to_path(), t("Back to the stock").into(), "back-to-stock")
}

/// The page for it.
pub(crate) fn not_found_page() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Search,
        title: t("This address leads nowhere"),
        text: t("It may be mistyped, or from a newer version of Lotbook."),
        test: "not-found",
    };
    html! {
        <div class="page">
            <PageHead title={t("There is no such page")} back={Route::Stock} />
            { placeholder.view(to_stock("button primary")) }
        </div>
    }
}
