//! The function that `public/decoder.js` calls with every frame.

use decoder::Frame;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::console;

/// A panic traps the instance. The next frame gets a fresh one.
fn main() {
    std::panic::set_hook(Box::new(|info| {
        console::error_1(&info.to_string().into());
        wasm_bindgen::handler::schedule_reinit();
    }));
}

/// What a scanner would send for the code nearest to the middle of a canvas's pixels, if there is one.
///
/// The pixels are copied here: the glue would write a slice into the instance that a trap has just condemned.
///
/// # Errors
/// When these are not the pixels of a frame.
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "the glue hands it over")]
pub fn decode(width: u32, height: u32, rgba: Uint8Array) -> Result<Option<String>, JsValue> {
    let frame = Frame::from_rgba(width, height, &rgba.to_vec())
        .map_err(|fault| JsValue::from(js_sys::Error::new(&fault.to_string())))?;
    Ok(decoder::decode(&frame).map(|code| code.scan()))
}
