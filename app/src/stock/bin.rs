//! One bin: its lots, and the operations on them. During a count, the book quantity is hidden.

use std::rc::Rc;

use domain::{Action, CalendarDate, InventoryLot, same_key};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use crate::book::views::LotView;
use crate::desk::command::Command;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::feedback::{self, Feedback};
use crate::goods::bin_lots::{BinLots, use_bin};
use crate::goods::looks::work_glyph;
use crate::goods::use_queue::use_recent;
use crate::route::{LotWork, Route, use_query};
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::use_clock::{offset_minutes, use_now};
use crate::ui::use_loaded::Loaded;
use crate::use_today::use_today;
use crate::words::language::{t, tf};
use crate::work::work_address::WorkAddress;

/// The bin.
#[derive(Properties, PartialEq)]
pub(crate) struct BinPageProps {
    pub(crate) location: String,
}

/// Operations that can start at a bin.
const WORKS: [LotWork; 4] = [LotWork::Count, LotWork::Move, LotWork::Pick, LotWork::Adjust];

/// The page.
#[component]
pub(crate) fn BinPage(props: &BinPageProps) -> Html {
    let location = props.location.clone();
    let work = use_query("work").and_then(|work| work.parse::<LotWork>().ok());
    let lots = use_bin(location.clone());
    let here = Route::Bin { location: location.clone() }.to_path();
    let then = work.map_or_else(|| here.clone(), |work| format!("{here}?work={work}"));
    use_scans_in(&lots, work, &location, then.clone());
    let counted = use_counted_today();
    let path = use_callback((work, then), |lot: InventoryLot, (work, then)| {
        let (product, id) = (lot.lot.product_id, lot.lot.id());
        match *work {
            Some(work) => {
                WorkAddress { work, product, lot: Some(id), scanned: None, bin: None, delivery: None, then }
                    .path()
            }
            None => Route::Product { id: product }.to_path(),
        }
    });
    let back = work.map_or(Route::Home, |operation| Route::Start { operation });
    let list = match lots {
        Loaded::Loading => skeleton(),
        Loaded::Failed(message) => read_failure(&message),
        Loaded::Ready(lots) if lots.is_empty() => Placeholder {
            glyph: Glyph::Box,
            title: t("This bin is empty"),
            text: t("Nothing is recorded here. Scan goods to receive or move them here."),
            test: "empty-bin",
        }
        .view(Html::default()),
        Loaded::Ready(lots) => {
            let counted = if work == Some(LotWork::Count) { counted } else { Rc::default() };
            html! { <BinLots lots={(*lots).clone()} {path} is_blind={work == Some(LotWork::Count)} {counted} /> }
        }
    };
    html! {
        <div class="page bin" data-test="bin-page" data-bin={location.clone()}>
            <PageHead title={tf("Bin {bin}", &[("bin", &location)])} eyebrow={work.map(|work| t(work.verb())).unwrap_or_default()} {back} />
            if work == Some(LotWork::Count) {
                <p class="lead">{ t("Blind count: expected quantities are hidden.") }</p>
            }
            { list }
            <nav class="choices" aria-label={t("Work in this bin")}>
                for other in WORKS {
                    <a class="choice" href={format!("{here}?work={other}")} aria-current={(work == Some(other)).then_some("page")}
                        data-test={format!("bin-{other}")}>{ icon(work_glyph(other)) }{ t(other.verb()) }</a>
                }
            </nav>
        </div>
    }
}

/// Scans on a bin's page: goods of the bin start the operation, a command selects it.
#[hook]
fn use_scans_in(lots: &Loaded<Vec<LotView>>, work: Option<LotWork>, location: &str, then: String) {
    let (answers, navigator, today) = (use_answers(), use_navigator(), use_today());
    let is_read = !matches!(lots, Loaded::Loading);
    let lots = match lots {
        Loaded::Ready(lots) => lots.clone(),
        Loaded::Loading | Loaded::Failed(_) => Rc::default(),
    };
    let location = location.to_owned();
    let on_scan = Callback::from(move |found: Found| {
        let Some(navigator) = &navigator else { return false };
        match found {
            Found::Command(Command::Start(work)) => {
                let bin = Route::Bin { location: location.clone() }.to_path();
                navigator.push(&AnyRoute::new(format!("{bin}?work={work}")));
            }
            Found::Lot(lot, _) if work == Some(LotWork::Pick) => return answers.refuses(&lot, today),
            Found::Product(product, scanned) => {
                let Some(work) = work else { return false };
                let of_product = || lots.iter().filter(|lot| lot.row.lot.product_id == product);
                let is_named = |lot: &&LotView| {
                    scanned.lot_code.as_ref().is_none_or(|code| same_key(&lot.row.lot.lot_code, code))
                };
                let lot = of_product().find(is_named).map(|lot| lot.row.lot.id());
                if lot.is_none() && work != LotWork::Count {
                    let detail = tf(
                        "Not recorded in {bin}. Count the bin, or scan another item.",
                        &[("bin", &location)],
                    );
                    answers.wrong(t("Not in this bin"), detail);
                    return true;
                }
                let (scanned, bin) = (Some(&scanned), Some(location.as_str()));
                let address = WorkAddress { work, product, lot, scanned, bin, delivery: None, then: &then };
                feedback::give(Feedback::Right);
                navigator.push(&AnyRoute::new(address.path()));
            }
            _ => return false,
        }
        true
    });
    use_scan_target(is_read.then_some(ScanTarget { on_scan }));
}

/// Lots that were counted on this device today.
#[hook]
fn use_counted_today() -> Rc<[Uuid]> {
    let (recent, now) = (use_recent(), use_now());
    let Loaded::Ready(recent) = recent else { return Rc::default() };
    // Both by the device's clock, right or wrong.
    let day = |at| CalendarDate::of(at, offset_minutes(at));
    let of_today = |at| day(at) == day(now);
    let counts = recent.iter().filter(|one| of_today(one.mutation.captured_at));
    counts
        .filter_map(|one| match &one.mutation.action {
            Action::CountLot { lot, .. } => Some(lot.id()),
            _ => None,
        })
        .collect()
}
