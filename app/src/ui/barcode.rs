//! A barcode on the screen or on paper: Code 128, always black on white.

use yew::prelude::*;

use super::code128::{Bars, bars};

/// Higher than required, so that a slanted beam still crosses all bars.
const HEIGHT_MODULES: u32 = 48;

/// A barcode with its text below; `data` is encoded, `text` is for people. Empty if `data` cannot be encoded.
pub(crate) fn barcode(data: &str, text: &str) -> Html {
    let Some(Bars { bars, modules }) = bars(data) else { return Html::default() };
    let path: String =
        bars.iter().map(|(at, width)| format!("M{at} 0h{width}v{HEIGHT_MODULES}h-{width}z")).collect();
    // Not the theme's colours: scanners need black on white.
    html! {
        <figure class="barcode" data-test="barcode" dir="ltr" translate="no">
            <svg viewBox={format!("0 0 {modules} {HEIGHT_MODULES}")} preserveAspectRatio="none" role="img"
                aria-label={text.to_owned()} shape-rendering="crispEdges">
                <rect width={modules.to_string()} height={HEIGHT_MODULES.to_string()} fill="#fff" />
                <path d={path} fill="#000" />
            </svg>
            <figcaption translate="no">{ text.to_owned() }</figcaption>
        </figure>
    }
}
