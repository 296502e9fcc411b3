//! The browser's own decoder, if it has one: `BarcodeDetector` of Chromium on Android, macOS and ChromeOS.

use domain::expand_upc_e;
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlVideoElement;

use super::choice::Sighting;
use super::javascript::{call, get, object};

/// The symbologies on goods and bins. The native decoder is used only if it supports all of them; some
/// browsers report UPC-A as EAN-13.
const FORMATS: [&str; 8] =
    ["ean_13", "ean_8", "upc_e", "code_128", "code_39", "itf", "data_matrix", "qr_code"];
const UPC_A: &str = "upc_a";
const GROUP_SEPARATOR: char = '\u{1d}';

/// The browser's decoder.
pub(super) struct NativeReader(JsValue);

impl NativeReader {
    /// The decoder, if it supports all formats.
    pub(super) async fn find() -> Option<Self> {
        let class: Function = get(&js_sys::global(), "BarcodeDetector")?.dyn_into().ok()?;
        let asked: Promise = call(&class, "getSupportedFormats", &Array::new())?.dyn_into().ok()?;
        let supported = Array::from(&JsFuture::from(asked).await.ok()?);
        let has = |format: &str| supported.includes(&format.into(), 0);
        if !FORMATS.into_iter().all(has) {
            return None;
        }
        let formats = FORMATS.into_iter().chain(has(UPC_A).then_some(UPC_A)).map(JsValue::from_str);
        let formats = formats.collect::<Array>();
        let options = object(&[("formats", formats.into())]);
        Reflect::construct(&class, &Array::of1(&options)).ok().map(Self)
    }

    /// The codes in the video's current picture.
    pub(super) async fn read(&self, video: &HtmlVideoElement) -> Vec<Sighting> {
        let (width, height) = (f64::from(video.video_width()), f64::from(video.video_height()));
        let asked =
            call(&self.0, "detect", &Array::of1(video)).and_then(|asked| asked.dyn_into::<Promise>().ok());
        let Some(asked) = asked else { return Vec::new() };
        // `detect` fails before the first picture.
        let found = JsFuture::from(asked).await.map(|found| Array::from(&found)).unwrap_or_default();
        found.iter().filter_map(|code| sighting(&code, (width / 2.0, height / 2.0))).collect()
    }
}

fn sighting(code: &JsValue, (middle_x, middle_y): (f64, f64)) -> Option<Sighting> {
    let (format, text) = (get(code, "format")?.as_string()?, get(code, "rawValue")?.as_string()?);
    let place = get(code, "boundingBox")?;
    let number = |name: &str| get(&place, name)?.as_f64();
    let x = number("x")? + number("width")? / 2.0;
    let y = number("y")? + number("height")? / 2.0;
    Some(Sighting {
        scan: as_scanned(&format, &text)?,
        offset: (x - middle_x).hypot(y - middle_y),
        is_sure: matches!(format.as_str(), "data_matrix" | "qr_code"),
    })
}

/// The code in a scanner's format. The browser marks GS1 codes only by a leading separator; without it, no
/// symbology identifier is added, and the text has to be parsed by its content.
fn as_scanned(format: &str, text: &str) -> Option<String> {
    let gs1 = text.strip_prefix(GROUP_SEPARATOR);
    Some(match (format, gs1) {
        ("ean_13", _) => format!("]E0{text}"),
        ("upc_a", _) => format!("]E00{text}"),
        ("ean_8", _) => format!("]E4{text}"),
        ("code_39", _) => format!("]A0{text}"),
        ("code_128", Some(elements)) => format!("]C1{elements}"),
        ("data_matrix", Some(elements)) => format!("]d2{elements}"),
        ("qr_code", Some(elements)) => format!("]Q3{elements}"),
        // A partial read of an ITF code looks like a whole one, so only the length used on goods is accepted.
        ("itf", _) => (text.len() == 14).then(|| format!("]I1{text}"))?,
        ("upc_e", _) => format!("]E00{}", expand_upc_e(text)?),
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_symbology_becomes_an_identifier() {
        let scanned = |format, text| as_scanned(format, text).unwrap_or_default();
        assert_eq!(scanned("ean_13", "7622210449283"), "]E07622210449283");
        assert_eq!(scanned("upc_a", "036000291452"), "]E00036000291452");
        assert_eq!(scanned("code_128", "\u{1d}0107622210449283"), "]C10107622210449283");
        assert_eq!(scanned("data_matrix", "\u{1d}10A\u{1d}3705"), "]d210A\u{1d}3705");
        assert_eq!(scanned("code_128", "LOT-1"), "LOT-1", "it may be GS1's or not");
        assert_eq!(scanned("itf", "15400141288763"), "]I115400141288763");
        assert_eq!(as_scanned("itf", "154001"), None);
        assert_eq!(scanned("upc_e", "04252614"), "]E00042100005264");
        assert_eq!(as_scanned("upc_e", "0425261"), None);
    }
}
