//! The start of an operation: scan or find the goods, or select from those that are due.

use domain::{CalendarDate, Delivery, Quantity};
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::work_address::WorkAddress;
use crate::book::lots_found::LotFound;
use crate::desk::answers::Answers;
use crate::desk::scan::Scanned;
use crate::desk::scan_target::use_scan_target;
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::feedback::{self, Feedback};
use crate::device::preferences::Preferences;
use crate::goods::bin_lots::{BinLots, use_bin};
use crate::goods::product_search::{Chosen, ProductSearch};
use crate::route::{LotWork, Route};
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::row_text::data_text;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::use_today::use_today;
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{grouped, t, tf, tn};

/// The operation.
#[derive(Properties, PartialEq)]
pub(crate) struct StartPageProps {
    pub(crate) work: LotWork,
}

/// Whether the operation must not be on a lot; then it is said why.
fn is_refused(work: LotWork, lot: &LotFound, answers: &Answers, today: CalendarDate) -> bool {
    // A lot that is only elsewhere cannot be worked on, except by receiving more of it.
    let is_asked = work == LotWork::Pick || (!lot.is_here && work != LotWork::Receive);
    is_asked && answers.refuses(lot, today)
}

/// The page.
#[component]
pub(crate) fn StartPage(props: &StartPageProps) -> Html {
    let work = props.work;
    let navigator = use_navigator();
    let here = Route::Start { operation: work }.to_path();
    let go = {
        let navigator = navigator.clone();
        use_callback((), move |path: String, ()| {
            if let Some(navigator) = &navigator {
                navigator.push(&AnyRoute::new(path));
            }
        })
    };
    let (answers, today) = (use_answers(), use_today());
    let context = (go.clone(), here.clone(), work, answers.clone(), today);
    let on_scan = use_callback(context, |found, (go, here, work, answers, today)| {
        let path = match found {
            Found::Lot(lot, _) => return is_refused(*work, &lot, answers, *today),
            Found::Product(id, scanned) => Route::begun_by(*work, id, Some(&scanned), here),
            Found::Bin(location, _) if *work != LotWork::Receive => {
                format!("{}?work={work}", Route::Bin { location }.to_path())
            }
            _ => return false,
        };
        feedback::give(Feedback::Right);
        go.emit(path);
        true
    });
    use_scan_target(ScanTarget { on_scan });
    let on_found = Callback::from(move |(id, lot): Chosen| {
        if !lot.as_ref().is_some_and(|lot| is_refused(work, lot, &answers, today)) {
            let label = lot.map(|lot| Scanned::chosen(Some(&lot)));
            go.emit(Route::begun_by(work, id, label.as_ref(), &here));
        }
    });
    html! {
        <div class="page start" data-test="start" data-work={work.code()}>
            <PageHead title={t(work.verb())} back={Route::Home} />
            <p class="lead">{ lead(work) }</p>
            <ProductSearch {on_found} label={t("Scan or search products")} test="start-search" />
            if work == LotWork::Receive {
                <Deliveries />
            } else if work == LotWork::PutAway {
                <ToPutAway />
            }
        </div>
    }
}

fn lead(work: LotWork) -> &'static str {
    match work {
        LotWork::Receive => t("Scan the received goods, or choose their delivery."),
        LotWork::PutAway => t("Scan the goods to put away, or choose them below."),
        LotWork::Pick => t("Scan the goods. The lot that expires first is offered."),
        LotWork::Move => t("Scan the goods, or the bin they are in."),
        LotWork::Count => t("Scan a bin to count all of it, or an item to count only that."),
        LotWork::Adjust => t("Scan the goods to adjust."),
    }
}

#[component]
fn Deliveries() -> Html {
    let (book, version) = (use_book(), use_book_version());
    let open = use_loaded((), version, move |()| async move {
        book.deliveries().await.map_err(|error| store_fault(&error))
    });
    let list = match open {
        Loaded::Loading => skeleton(),
        Loaded::Failed(message) => read_failure(&message),
        Loaded::Ready(open) if open.is_empty() => Placeholder {
            glyph: Glyph::Receive,
            title: t("No delivery is expected"),
            text: t("Scan the goods to receive them anyway."),
            test: "no-deliveries",
        }
        .view(Html::default()),
        Loaded::Ready(open) => html! {
            <ul class="entries" data-test="deliveries">{ for open.iter().map(delivery_row) }</ul>
        },
    };
    html! {
        <section>
            <h2 class="section-title">{ t("Expected deliveries") }</h2>
            { list }
        </section>
    }
}

fn delivery_row(delivery: &Delivery) -> Html {
    let done = delivery.lines.iter().filter(|line| line.received >= line.expected).count();
    let when = delivery.expected_on.map(format::date).unwrap_or_default();
    let sub = [delivery.supplier.clone(), when].into_iter().filter(|part| !part.is_empty());
    let lines = delivery.lines.len();
    html! {
        <li class="entry" key={delivery.id.to_string()} data-test="delivery" data-number={delivery.number.clone()}>
            <a class="entry-link" href={Route::Delivery { id: delivery.id }.to_path()}>
                <span class="entry-glyph tone-info">{ icon(Glyph::Receive) }</span>
                { data_text(delivery.number.clone(), sub.collect::<Vec<_>>().join(" · "), None) }
                <span class="row-note">{ tf("{done} of {lines}", &[("done", &grouped(done)), ("lines", &tn(lines, "{n} line", "{n} lines"))]) }</span>
            </a>
        </li>
    }
}

#[component]
fn ToPutAway() -> Html {
    let bin = (*use_memo((), |()| Preferences::load().receiving_bin)).clone();
    let lots = use_bin(bin.clone());
    let then = Route::Start { operation: LotWork::PutAway }.to_path();
    let list = match lots {
        Loaded::Loading => skeleton(),
        Loaded::Failed(message) => read_failure(&message),
        Loaded::Ready(lots) => {
            let waiting: Vec<_> =
                lots.iter().filter(|lot| lot.row.quantity > Quantity::ZERO).cloned().collect();
            if waiting.is_empty() {
                Placeholder {
                    glyph: Glyph::PutAway,
                    title: t("Nothing to put away"),
                    text: t("Received goods appear here."),
                    test: "nothing-to-put-away",
                }
                .view(Html::default())
            } else {
                let path = Callback::from(move |lot: domain::InventoryLot| {
                    let (product, lot) = (lot.lot.product_id, Some(lot.lot.id()));
                    let work = LotWork::PutAway;
                    WorkAddress { work, product, lot, scanned: None, bin: None, delivery: None, then: &then }
                        .path()
                });
                html! { <BinLots lots={waiting} {path} is_blind={false} /> }
            }
        }
    };
    html! {
        <section>
            <h2 class="section-title">{ tf("In {bin}", &[("bin", &bin)]) }</h2>
            { list }
        </section>
    }
}
