//! A product's lots, soonest to expire first; a tap opens what can be done with one.

use domain::{CalendarDate, InventoryLot, LotStatus, Quantity};
use sync::UnixMillis;
use uuid::Uuid;
use yew::prelude::*;

use crate::book::{Elsewhere, LotView, ProductView};
use crate::components::icon::{Glyph, Icon};
use crate::components::lot_row::LotRow;
use crate::components::placeholder::Placeholder;
use crate::format;
use crate::hooks::use_now;
use crate::route::{LotWork, Route};

/// The lot to take from first: the soonest to expire that may be used and is there, else the first there is.
pub(crate) fn primary_lot(lots: &[InventoryLot], today: CalendarDate) -> Option<&InventoryLot> {
    let usable = |lot: &&InventoryLot| {
        lot.status == LotStatus::Available && !lot.is_expired(today) && lot.quantity > Quantity::ZERO
    };
    lots.iter().find(usable).or_else(|| lots.first())
}

/// The lots and which of them is open.
#[derive(Properties, PartialEq)]
pub(crate) struct LotListProps {
    pub(crate) view: ProductView,
    pub(crate) chosen: Option<Uuid>,
    pub(crate) on_choose: Callback<Uuid>,
    pub(crate) today: CalendarDate,
}

/// The list.
#[component]
pub(crate) fn LotList(props: &LotListProps) -> Html {
    let LotListProps { view, chosen, on_choose, today } = props;
    let now = use_now();
    html! {
        <section aria-label="Lots">
            <h2 class="section-title">{ "Lots, first to expire first" }</h2>
            if view.lots.is_empty() {
                <Placeholder glyph={Glyph::Box} title="No lots here" test="no-lots"
                    text="Receive goods, and their lot appears at once." />
            } else {
                <ul class="lots" data-test="lots">
                    for lot in &view.lots {
                        { lot_row(lot, *chosen, on_choose, *today) }
                    }
                </ul>
            }
            { elsewhere(&view.elsewhere, *today, now) }
        </section>
    }
}

fn lot_row(lot: &LotView, chosen: Option<Uuid>, on_choose: &Callback<Uuid>, today: CalendarDate) -> Html {
    let id = lot.row.lot.id();
    let is_chosen = chosen == Some(id);
    html! {
        <LotRow key={id.to_string()} lot={lot.row.clone()} {today} pending={lot.pending} {is_chosen}
            on_choose={on_choose.clone()}>
            if is_chosen {
                { works(lot.row.lot.product_id, id) }
            }
        </LotRow>
    }
}

fn works(product: Uuid, lot: Uuid) -> Html {
    html! {
        <div class="works" data-test="lot-works">
            for work in LotWork::ALL {
                <a class="work" href={Route::work_on(product, work, Some(lot))} data-test={format!("lot-{work}")}>
                    <Icon glyph={work.glyph()} />{ work.verb() }
                </a>
            }
        </div>
    }
}

/// What the server has beyond this device, or as of when this is.
fn elsewhere(elsewhere: &Elsewhere, today: CalendarDate, now: UnixMillis) -> Html {
    match elsewhere {
        Elsewhere::Asking => Html::default(),
        Elsewhere::Live { lots } if lots.is_empty() => Html::default(),
        Elsewhere::Live { lots } => html! {
            <>
                <h2 class="section-title">{ "Not for use" }</h2>
                <ul class="lots is-elsewhere" data-test="lots-elsewhere">
                    for lot in lots {
                        <LotRow key={lot.lot.id().to_string()} lot={lot.clone()} {today} />
                    }
                </ul>
            </>
        },
        Elsewhere::AsOf(at) => {
            let when = at.map_or_else(|| "before".to_owned(), |at| format::ago(at, now));
            html! {
                <p class="as-of muted" data-test="as-of">
                    <Icon glyph={Glyph::Clock} />{ format!("Shown as this device last knew it, {when}.") }
                </p>
            }
        }
    }
}
