//! An unknown code: the time of its scan, and its possible uses.

use sync::UnixMillis;
use yew::prelude::*;
use yew_router::Routable;

use crate::book::unknown_codes::UnknownCode;
use crate::route::Route;
use crate::ui::button::{button, link_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::Glyph;
use crate::words::format;
use crate::words::language::{t, tf, tn};

/// The card.
pub(crate) fn unknown_code_card(
    unknown: &UnknownCode,
    now: UnixMillis,
    on_assign: &Callback<String>,
    on_forget: &Callback<String>,
) -> Html {
    let UnknownCode { code, at, times, .. } = unknown;
    let with_code = |callback: &Callback<String>| {
        let code = code.clone();
        callback.reform(move |_: MouseEvent| code.clone())
    };
    let scanned = tn(usize::try_from(*times).unwrap_or(usize::MAX), "Scanned once", "Scanned {n} times");
    let when = tf("{scanned}, last {when}", &[("scanned", &scanned), ("when", &format::ago(*at, now))]);
    let encoded = String::from(js_sys::encode_uri_component(code));
    let new = format!("{}?barcode={encoded}", Route::NewProduct.to_path());
    html! {
        <article class="card attention tone-info" key={code.clone()} data-test="unknown-code-card" data-code={code.clone()}>
            { chip(Tone::Info, Some(Glyph::Scan), t("Unknown code"), "unknown-code-kind") }
            <h3 translate="no">{ code }</h3>
            <p class="muted">{ when }</p>
            <p>{ t("Nobody knew this code when it was scanned. Say which product it belongs to.") }</p>
            <div class="ways">
                { button("button", t("Forget").into(), with_code(on_forget), "unknown-forget") }
                { link_button("button", new, t("New product").into(), "unknown-new") }
                { button("button strong", t("Assign to a product").into(), with_code(on_assign), "unknown-assign") }
            </div>
        </article>
    }
}
