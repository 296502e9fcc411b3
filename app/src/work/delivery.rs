//! One expected delivery: expected and received quantities, and receiving by scans.

use std::rc::Rc;

use domain::{Action, Delivery, DeliveryLine, Quantity};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::work_address::WorkAddress;
use crate::desk::reason_sheet::ReasonSheet;
use crate::desk::scan::Scanned;
use crate::desk::scan_target::{HearsNoScans, use_scan_target};
use crate::desk::scanner::{Found, ScanTarget};
use crate::desk::use_desk::use_answers;
use crate::device::feedback::{self, Feedback};
use crate::goods::use_catalogue::{card_of, use_cards};
use crate::route::{LotWork, Route};
use crate::ui::button::button;
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::row_text::data_text;
use crate::ui::use_loaded::{Loaded, use_loaded};
use crate::use_book::{use_book, use_book_version};
use crate::words::faults_in_words::store_fault;
use crate::words::format;
use crate::words::language::{t, tf};

/// The delivery.
#[derive(Properties, PartialEq)]
pub(crate) struct DeliveryPageProps {
    pub(crate) id: Uuid,
}

/// The page.
#[component]
pub(crate) fn DeliveryPage(props: &DeliveryPageProps) -> Html {
    let (book, version) = (use_book(), use_book_version());
    let found = use_loaded(props.id, version, move |id| async move {
        let open = book.deliveries().await.map_err(|error| store_fault(&error))?;
        Ok(open.into_iter().find(|delivery| delivery.id == id))
    });
    let back = Route::Start { operation: LotWork::Receive };
    let without = |body: Html| {
        html! { <div class="page"><PageHead title={t("Delivery")} back={back.clone()} />{ body }</div> }
    };
    match found {
        Loaded::Loading => without(skeleton()),
        Loaded::Failed(message) => without(html! { <>{ read_failure(&message) }<HearsNoScans /></> }),
        Loaded::Ready(found) => match &*found {
            Some(delivery) => html! { <OpenDelivery delivery={delivery.clone()} /> },
            None => without(
                Placeholder {
                    glyph: Glyph::Tick,
                    title: t("Nothing more is expected"),
                    text: t("It's fully received, closed, or not on this device yet."),
                    test: "delivery-done",
                }
                .view(html! { <HearsNoScans /> }),
            ),
        },
    }
}

#[derive(Properties, PartialEq)]
struct OpenDeliveryProps {
    delivery: Delivery,
}

fn receiving(delivery: &Delivery, product: Uuid, scanned: Option<&Scanned>) -> String {
    let then = Route::Delivery { id: delivery.id }.to_path();
    let work = LotWork::Receive;
    WorkAddress { work, product, lot: None, scanned, bin: None, delivery: Some(delivery.id), then: &then }
        .path()
}

#[component]
fn OpenDelivery(props: &OpenDeliveryProps) -> Html {
    let delivery = &props.delivery;
    let (answers, navigator) = (use_answers(), use_navigator());
    let is_closing = use_state(bool::default);
    let on_scan = use_callback((delivery.clone(), answers), move |found, (delivery, answers)| {
        let Found::Product(product, scanned) = found else { return false };
        if !delivery.lines.iter().any(|line| line.product_id == product) {
            answers.wrong(t("Not in this delivery"), t("If you continue, it's recorded as an extra."));
        } else {
            feedback::give(Feedback::Right);
        }
        if let Some(navigator) = &navigator {
            navigator.push(&AnyRoute::new(receiving(delivery, product, Some(&scanned))));
        }
        true
    });
    use_scan_target(ScanTarget { on_scan });
    let ids: Rc<[Uuid]> = delivery.lines.iter().map(|line| line.product_id).collect();
    let cards = use_cards(ids);
    let row = |line: &DeliveryLine| {
        let card = card_of(&cards, line.product_id);
        let name = card.map(|card| card.product.name.clone()).unwrap_or_default();
        let sku = card.map(|card| card.product.sku.clone()).unwrap_or_default();
        let left = line.expected - line.received;
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("received", &format::quantity(line.received)), ("expected", &format::quantity(line.expected))];
        html! {
            <li class="entry" key={line.product_id.to_string()} data-test="delivery-line" data-received={line.received.0.to_string()}>
                <a class="entry-link" href={receiving(delivery, line.product_id, None)}>
                    { data_text(name, sku, None) }
                    <span class="row-chips">
                        if left < Quantity::ZERO {
                            { chip(Tone::Waiting, None, tf("{over} more than expected", &[("over", &format::quantity(-left))]), "line-over") }
                        } else if left == Quantity::ZERO {
                            { chip(Tone::Good, Some(Glyph::Tick), t("Complete"), "line-complete") }
                        }
                    </span>
                    <b class="row-quantity">{ tf("{received} of {expected}", &values) }</b>
                </a>
            </li>
        }
    };
    let name_of = |id| {
        card_of(&cards, id).map_or_else(|| t("Unknown product").to_owned(), |card| card.product.name.clone())
    };
    let ask = is_closing.setter();
    let on_ask = Callback::from(move |_: MouseEvent| ask.set(true));
    let asked = is_closing.setter();
    let on_close = Callback::from(move |()| asked.set(false));
    html! {
        <div class="page delivery" data-test="delivery-page">
            <PageHead title={tf("Delivery {number}", &[("number", &delivery.number)])} eyebrow={delivery.supplier.clone()}
                back={Route::Start { operation: LotWork::Receive }} />
            <p class="lead">{ t("Scan the goods as they come, or choose a line.") }</p>
            <ul class="entries">{ for delivery.lines.iter().map(row) }</ul>
            <div class="section-ways">
                { button("button", t("Close delivery").into(), on_ask, "delivery-close") }
            </div>
            if *is_closing {
                { closing(delivery, &name_of, on_close) }
            }
        </div>
    }
}

/// Asks for a confirmation that nothing more of it will come, with a reason.
fn closing(delivery: &Delivery, name_of: &dyn Fn(Uuid) -> String, on_close: Callback<()>) -> Html {
    let missing = |line: &DeliveryLine| {
        let left = format::quantity(line.expected - line.received);
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("missing", &left), ("expected", &format::quantity(line.expected))];
        html! {
            <li data-test="delivery-missing">
                <span translate="no">{ name_of(line.product_id) }</span>{ ": " }
                <b>{ tf("{missing} of {expected} missing", &values) }</b>
            </li>
        }
    };
    let suggestions: Vec<AttrValue> =
        vec![t("Supplier has no more").into(), t("Coming with another delivery").into()];
    let id = delivery.id;
    let action = Callback::from(move |reason| Action::CloseDelivery { id, reason });
    html! {
        <ReasonSheet title={t("Close this delivery?")} label={t("Reason")} {suggestions} confirm={t("Close delivery")}
            saved={t("It closes for everyone once synced.")} {action} {on_close}>
            <ul>{ for delivery.missing().map(missing) }</ul>
            <p>{ t("The delivery leaves the list on every device. The shortfall is recorded in each product's history.") }</p>
        </ReasonSheet>
    }
}
