//! The pages of one product: loads it, shows loading and errors, and passes it on.

use uuid::Uuid;
use yew::prelude::*;

use super::product::KnownProduct;
use super::product_edit::ProductFormPage;
use crate::book::views::ProductView;
use crate::desk::saving::{use_before_save, use_saving};
use crate::desk::scan_target::HearsNoScans;
use crate::goods::use_product::use_product;
use crate::route::{LotWork, Route};
use crate::ui::button::link_button;
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton, to_stock};
use crate::ui::use_loaded::Loaded;
use crate::words::language::t;
use crate::work::work_page::WorkOnLot;

/// The purpose of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Shows it.
    Show,
    /// Edits it.
    Edit,
    /// An operation on one of its lots.
    Work(LotWork),
}

/// The product and the purpose.
#[derive(Properties, PartialEq)]
pub(crate) struct ProductRouteProps {
    pub(crate) id: Uuid,
    pub(crate) purpose: Purpose,
}

/// The page.
#[component]
pub(crate) fn ProductRoute(props: &ProductRouteProps) -> Html {
    let ProductRouteProps { id, purpose } = *props;
    let (product, saving) = (use_product(id), use_saving());
    // Until the page is left, its warnings ignore the mutation that it has just saved.
    let product = use_before_save(product, &saving);
    let waiting = |body: Html| {
        let (title, back) = match purpose {
            Purpose::Show => (t("Product"), Route::Stock),
            Purpose::Edit => (t("Edit product"), Route::Product { id }),
            Purpose::Work(work) => (t(work.verb()), Route::Product { id }),
        };
        html! { <div class="page"><PageHead {title} {back} back_to_list={purpose == Purpose::Show} />{ body }</div> }
    };
    let view = match product {
        Loaded::Loading => return waiting(skeleton()),
        Loaded::Failed(message) => {
            return waiting(html! { <>{ read_failure(&message) }<HearsNoScans /></> });
        }
        Loaded::Ready(view) => view,
    };
    let Some(view) = view.as_ref().clone() else { return unknown_product() };
    match purpose {
        Purpose::Show => html! { <KnownProduct {view} {saving} /> },
        Purpose::Edit => html! { <ProductFormPage known={(view.product, view.rev)} /> },
        Purpose::Work(work) if view.lots.is_empty() && !matches!(work, LotWork::Receive | LotWork::Count) => {
            no_lots(&view, work)
        }
        Purpose::Work(work) => html! { <WorkOnLot {view} {work} {saving} /> },
    }
}

fn unknown_product() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Search,
        title: t("Product not found"),
        text: t("It may have been deleted, or isn't on this device yet."),
        test: "unknown-product",
    };
    html! {
        <div class="page">
            <PageHead title={t("Unknown product")} back={Route::Stock} back_to_list={true} />
            { placeholder.view(to_stock("button primary")) }
            <HearsNoScans />
        </div>
    }
}

fn no_lots(view: &ProductView, work: LotWork) -> Html {
    let id = view.product.id;
    let placeholder = Placeholder {
        glyph: Glyph::Box,
        title: t("No lots here"),
        text: t("No stock of it on this device. Receive goods first."),
        test: "no-lots",
    };
    html! {
        <div class="page">
            <PageHead title={t(work.verb())} eyebrow={view.product.name.clone()} back={Route::Product { id }} />
            { placeholder.view(link_button("button primary", Route::work_on(id, LotWork::Receive, None), t("Receive").into(), "receive-first")) }
            <HearsNoScans />
        </div>
    }
}
