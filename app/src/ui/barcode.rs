//! A barcode to scan from the screen or from paper: Code 128, always black on white.

use yew::prelude::*;

use super::code128::{Bars, bars};

/// Higher than it has to be: the beam may cross it at a slant.
const HEIGHT_MODULES: u32 = 48;

/// A barcode with its text below; `data` becomes the bars, `text` is for people. Nothing for data that has no bars.
pub(crate) fn barcode(data: &str, text: &str) -> Html {
    let Some(Bars { bars, modules }) = bars(data) else { return Html::default() };
    let path: String =
        bars.iter().map(|(at, width)| format!("M{at} 0h{width}v{HEIGHT_MODULES}h-{width}z")).collect();
    // The colours are not the theme's: scanners want them so.
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
