//! A product's lots, soonest to expire first; a tap opens the operations on one.

use domain::CalendarDate;
use sync::UnixMillis;
use uuid::Uuid;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;
use yew_router::Routable;

use crate::book::views::{Elsewhere, LotView, ProductView};
use crate::goods::looks::work_glyph;
use crate::goods::lot_row::LotRow;
use crate::route::{LotWork, Route};
use crate::ui::button::button;
use crate::ui::icon::{Glyph, icon};
use crate::ui::placeholder::Placeholder;
use crate::ui::use_element::use_element;
use crate::words::format;
use crate::words::language::{t, tf};

/// The lots, with the open one.
pub(crate) struct LotList<'a> {
    pub(crate) view: &'a ProductView,
    pub(crate) chosen: Option<Uuid>,
    pub(crate) on_choose: Callback<Uuid>,
    /// Opens a lot's status and date.
    pub(crate) on_edit: Callback<LotView>,
    pub(crate) today: CalendarDate,
    pub(crate) now: UnixMillis,
}

impl LotList<'_> {
    /// Renders the list.
    pub(crate) fn view(self) -> Html {
        let none = Placeholder {
            glyph: Glyph::Box,
            title: t("No lots here"),
            text: t("Receive goods, and their lot appears at once."),
            test: "no-lots",
        };
        html! {
            <section aria-label={t("Lots")}>
                <h2 class="section-title">{ t("Lots, first to expire first") }</h2>
                if self.view.lots.is_empty() {
                    { none.view(Html::default()) }
                } else {
                    <ul class="lots" data-test="lots">
                        { for self.view.lots.iter().map(|lot| self.row(lot)) }
                    </ul>
                }
                { elsewhere(&self.view.elsewhere, self.today, self.now, &self.on_edit) }
            </section>
        }
    }

    fn row(&self, lot: &LotView) -> Html {
        let id = lot.row.lot.id();
        let is_chosen = self.chosen == Some(id);
        let below = html! {
            if is_chosen {
                <LotWorks lot={lot.clone()} on_edit={self.on_edit.clone()} />
            }
        };
        let choice = Some((is_chosen, &self.on_choose));
        LotRow { lot: &lot.row, today: self.today, pending: lot.pending, is_blind: false, choice }.view(below)
    }
}

#[derive(Properties, PartialEq)]
struct LotWorksProps {
    lot: LotView,
    on_edit: Callback<LotView>,
}

/// The operations on the open lot. A scan may open one that is out of sight.
#[component]
fn LotWorks(props: &LotWorksProps) -> Html {
    let LotWorksProps { lot: view, on_edit } = props;
    let node = use_node_ref();
    use_element(&node, true, show);
    let (product, lot) = (view.row.lot.product_id, view.row.lot.id());
    html! {
        <div class="works" ref={node} data-test="lot-works">
            for work in LotWork::ALL {
                <a class="work" href={Route::work_on(product, work, Some(lot))} data-test={format!("lot-{work}")}>
                    { icon(work_glyph(work)) }{ t(work.verb()) }
                </a>
            }
            { edit_button(view, on_edit) }
            <a class="work" href={format!("{}?lot={lot}", Route::History { id: product }.to_path())} data-test="lot-history">
                { icon(Glyph::Clock) }{ t("History") }
            </a>
        </div>
    }
}

/// Scrolls no further than needed, and not at all if the element is in view.
fn show(element: &HtmlElement) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

fn edit_button(view: &LotView, on_edit: &Callback<LotView>) -> Html {
    let lot = view.clone();
    let onclick = on_edit.reform(move |_: MouseEvent| lot.clone());
    button("work", html! { <>{ icon(Glyph::Edit) }{ t("Status and date") }</> }, onclick, "lot-edit")
}

/// Lots that only the server has, or the time of the data.
fn elsewhere(
    elsewhere: &Elsewhere,
    today: CalendarDate,
    now: UnixMillis,
    on_edit: &Callback<LotView>,
) -> Html {
    match elsewhere {
        Elsewhere::Asking => Html::default(),
        Elsewhere::Live { lots } if lots.is_empty() => Html::default(),
        Elsewhere::Live { lots } => html! {
            <>
                <h2 class="section-title">{ t("Not available") }</h2>
                <p class="muted">{ t("From the server: these lots aren't stored on this device.") }</p>
                <ul class="lots is-elsewhere" data-test="lots-elsewhere">
                    { for lots.iter().map(|lot| {
                        LotRow { lot: &lot.row, today, pending: false, is_blind: false, choice: None }
                            .view(html! { <div class="works">{ edit_button(lot, on_edit) }</div> })
                    }) }
                </ul>
            </>
        },
        Elsewhere::AsOf(at) => {
            let when = at.map_or_else(|| t("before").to_owned(), |at| format::ago(at, now));
            html! {
                <p class="as-of muted" data-test="as-of">
                    { icon(Glyph::Clock) }{ tf("As last synced to this device, {when}.", &[("when", &when)]) }
                </p>
            }
        }
    }
}
