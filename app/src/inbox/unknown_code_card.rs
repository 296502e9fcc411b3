//! An unknown code: the devices that scanned it, and its possible uses.

use domain::{DeviceSighting, UnknownCode};
use sync::UnixMillis;
use yew::prelude::*;
use yew_router::Routable;

use crate::route::Route;
use crate::ui::button::{button, link_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// Maximum devices that a card names.
const MAX_SHOWN_DEVICES: usize = 5;

/// The card.
pub(crate) fn unknown_code_card(
    unknown: &UnknownCode,
    now: UnixMillis,
    on_assign: &Callback<String>,
    on_forget: &Callback<String>,
) -> Html {
    let code = unknown.as_scanned();
    let with_code = |callback: &Callback<String>| {
        let code = code.to_owned();
        callback.reform(move |_: MouseEvent| code.clone())
    };
    let times = usize::try_from(unknown.times).unwrap_or(usize::MAX);
    let scanned = tn(times, "Scanned once", "Scanned {n} times");
    let ago = format::ago(unknown.last_at(), now);
    let when = tf("{scanned}, last {when}", &[("scanned", &scanned), ("when", &ago)]);
    let encoded = String::from(js_sys::encode_uri_component(code));
    let new = format!("{}?barcode={encoded}", Route::NewProduct.to_path());
    html! {
        <article class="card attention tone-info" key={unknown.code.clone()} data-test="unknown-code-card"
            data-code={code.to_owned()} data-times={times.to_string()}>
            { chip(Tone::Info, Some(Glyph::Scan), t("Unknown code"), "unknown-code-kind") }
            <h3 translate="no">{ code }</h3>
            <p class="muted">{ when }</p>
            <ul class="muted" data-test="unknown-devices">
                { for unknown.devices.iter().take(MAX_SHOWN_DEVICES).map(|device| device_line(device, now)) }
            </ul>
            <p>{ t("This code isn't in the catalogue. Assign it to a product.") }</p>
            <div class="ways">
                { button("button", t("Dismiss").into(), with_code(on_forget), "unknown-forget") }
                { link_button("button", new, t("New product").into(), "unknown-new") }
                { button("button strong", t("Assign to a product").into(), with_code(on_assign), "unknown-assign") }
            </div>
        </article>
    }
}

fn device_line(DeviceSighting { author, scans }: &DeviceSighting, now: UnixMillis) -> Html {
    html! {
        <li key={author.clone()}>
            <span translate="no">{ author }</span>
            if let Some(work) = work_word(&scans.place) {
                { " \u{b7} " }{ work }
            }
            { " \u{b7} " }{ format::ago(scans.at, now) }
        </li>
    }
}

/// The kind of work on the page at this address, if it is one.
fn work_word(place: &str) -> Option<&'static str> {
    match Route::recognize(place)? {
        Route::Start { operation } | Route::Work { operation, .. } => Some(t(operation.verb())),
        Route::Delivery { .. } => Some(t("Receive")),
        Route::Transfer => Some(t("Transfer")),
        Route::Checkout => Some(t("Sell")),
        _ => None,
    }
}
