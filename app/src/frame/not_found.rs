//! The page for unknown addresses.

use yew::prelude::*;

use crate::route::Route;
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, to_stock};
use crate::words::language::t;

/// The page for it.
pub(crate) fn not_found_page() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Search,
        title: t("Page not found"),
        text: t("It may be mistyped, or from a newer version of Lotbook."),
        test: "not-found",
    };
    html! {
        <div class="page">
            <PageHead title={t("Page not found")} back={Route::Stock} />
            { placeholder.view(to_stock("button primary")) }
        </div>
    }
}
