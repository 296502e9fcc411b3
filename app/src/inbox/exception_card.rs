//! A stock exception: its cause, its numbers, and the next step.

use domain::{ExceptionKind, LotRef, StockException};
use sync::UnixMillis;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use crate::goods::looks::exception_look;
use crate::route::{LotWork, Route};
use crate::ui::button::{button, link_button};
use crate::ui::chip::chip;
use crate::ui::use_clock::offset_minutes;
use crate::words::format;
use crate::words::language::{t, tf};
use crate::words::movement_words::exception_word;

/// The data of a card.
pub(crate) struct ExceptionCard<'a> {
    pub(crate) exception: &'a StockException,
    /// A product's name, if it is known.
    pub(crate) name_of: &'a dyn Fn(Uuid) -> Option<String>,
    /// Whether a change of this device caused it.
    pub(crate) is_mine: bool,
    /// Called when it was reviewed.
    pub(crate) on_seen: Callback<()>,
}

impl ExceptionCard<'_> {
    /// Renders it.
    pub(crate) fn view(&self, now: UnixMillis) -> Html {
        let StockException { kind, product_id, lot, author, at, .. } = self.exception;
        let ((tone, glyph), word) = (exception_look(*kind), exception_word(*kind));
        let name = (self.name_of)(*product_id).unwrap_or_else(|| t("Unknown product").to_owned());
        let place = lot.as_ref().map(place_of).unwrap_or_default();
        let moment = format::moment(*at, offset_minutes(*at));
        html! {
            <article class={classes!("card", "attention", tone.class())} key={self.exception.key().key}
                data-test="exception-card" data-kind={kind.code()} data-product={product_id.to_string()}>
                { chip(tone, Some(glyph), word, "exception-kind") }
                <h3 translate="no">{ name.clone() }</h3>
                <p class="muted" title={moment}>
                    if !place.is_empty() {
                        { &place }{ " · " }
                    }
                    <span translate="no">{ author }</span>{ " · " }{ format::ago(*at, now) }
                </p>
                <p data-test="exception-words">{ self.sentence(&name) }</p>
                { self.numbers() }
                <div class="ways">{ self.ways() }</div>
            </article>
        }
    }

    fn sentence(&self, name: &str) -> String {
        let StockException { kind, before, after, basis, author, lot, other, .. } = self.exception;
        let bin = lot.as_ref().map(|lot| lot.location.clone()).unwrap_or_default();
        let quantity = |quantity| format::quantity(quantity);
        let change = format::signed(*after - *before);
        let (taken, before, after) = (quantity(*before - *after), quantity(*before), quantity(*after));
        let values: [(&str, &dyn std::fmt::Display); 7] = [
            ("who", author),
            ("name", &name),
            ("taken", &taken),
            ("change", &change),
            ("bin", &bin),
            ("before", &before),
            ("after", &after),
        ];
        match kind {
            ExceptionKind::BelowZero if self.is_mine => tf(
                "You took {taken} × {name} from {bin} but only {before} was recorded. Stock is now {after}. Please count it.",
                &values,
            ),
            ExceptionKind::BelowZero => tf(
                "{who} took {taken} × {name} from {bin} but only {before} was recorded. Stock is now {after}. Please count it.",
                &values,
            ),
            ExceptionKind::MovedWhileCounted if basis.is_none() => tf(
                "{who} booked {change} in {bin} before their device had the last count, which may already include it. Stock is now {after}. Please count it again.",
                &values,
            ),
            ExceptionKind::MovedWhileCounted => {
                let shown = format::quantity(basis.unwrap_or_default());
                tf(
                    "{who} counted {bin} against {shown}, but stock had changed to {before} in the meantime. Stock is now {after}.",
                    &[
                        ("who", author),
                        ("bin", &bin),
                        ("shown", &shown),
                        ("before", &before),
                        ("after", &after),
                    ],
                )
            }
            ExceptionKind::DuplicateBarcode => {
                let other = other
                    .and_then(|id| (self.name_of)(id))
                    .unwrap_or_else(|| t("another product").to_owned());
                tf(
                    "{name} and {other} have the same barcode, so a scan finds only one of them. Correct one.",
                    &[("name", &name), ("other", &other)],
                )
            }
        }
    }

    /// The book quantity before and after; left out for exceptions about names.
    fn numbers(&self) -> Html {
        let StockException { kind, before, after, basis, .. } = self.exception;
        if *kind == ExceptionKind::DuplicateBarcode {
            return Html::default();
        }
        let number = |value| html! { <td translate="no">{ format::quantity(value) }</td> };
        html! {
            <table class="comparison" data-test="exception-numbers">
                <thead>
                    <tr>
                        if basis.is_some() {
                            <th scope="col">{ t("Screen showed") }</th>
                        }
                        <th scope="col">{ t("Stock before") }</th><th scope="col">{ t("Stock after") }</th>
                    </tr>
                </thead>
                <tbody>
                    <tr>
                        { for basis.map(number) }{ number(*before) }{ number(*after) }
                    </tr>
                </tbody>
            </table>
        }
    }

    fn ways(&self) -> Html {
        let StockException { kind, product_id, lot, other, .. } = self.exception;
        let count = Route::work_on(*product_id, LotWork::Count, lot.as_ref().map(LotRef::id));
        let edit = |id: Uuid, words: &'static str, class, test| {
            link_button(class, Route::EditProduct { id }.to_path(), words.into(), test)
        };
        match kind {
            ExceptionKind::BelowZero => html! {
                <>
                    { self.seen(t("Mark as resolved")) }
                    { link_button("button strong", count, t("Start count").into(), "exception-count") }
                </>
            },
            ExceptionKind::MovedWhileCounted => html! {
                <>
                    { self.seen(t("Accept")) }
                    { link_button("button strong", count, t("Count again").into(), "exception-count") }
                </>
            },
            ExceptionKind::DuplicateBarcode => html! {
                <>
                    { for other.map(|other| edit(other, t("Open the other"), "button", "exception-other")) }
                    { edit(*product_id, t("Open this one"), "button strong", "exception-open") }
                    { self.seen(t("Mark as resolved")) }
                </>
            },
        }
    }

    fn seen(&self, words: &'static str) -> Html {
        let onclick = self.on_seen.reform(|_: MouseEvent| ());
        let class = match self.exception.kind {
            ExceptionKind::DuplicateBarcode => "button quiet",
            ExceptionKind::BelowZero | ExceptionKind::MovedWhileCounted => "button",
        };
        button(class, words.into(), onclick, "exception-seen")
    }
}

fn place_of(lot: &LotRef) -> String {
    tf("Lot {lot} · {bin}", &[("lot", &lot.lot_code), ("bin", &lot.location)])
}
