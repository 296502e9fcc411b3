//! The wasm entry point that `public/decoder.js` calls with every frame.

use decoder::Frame;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::console;

/// Logs a panic, which traps the instance, and schedules a new instance for the next frame.
fn main() {
    std::panic::set_hook(Box::new(|info| {
        console::error_1(&info.to_string().into());
        wasm_bindgen::handler::schedule_reinit();
    }));
}

/// Reads the code nearest to the centre of canvas pixels. Returns the text a scanner would send, if a code
/// was found.
///
/// Takes a `Uint8Array` and copies it here: the glue would write a slice into the old instance even after a
/// trap.
///
/// # Errors
/// If the pixels do not match `width` and `height`; see [`decoder::FrameFault`].
#[wasm_bindgen]
#[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen passes it by value")]
pub fn decode(width: u32, height: u32, rgba: Uint8Array) -> Result<Option<String>, JsValue> {
    let frame = Frame::from_rgba(width, height, &rgba.to_vec())
        .map_err(|fault| JsValue::from(js_sys::Error::new(&fault.to_string())))?;
    Ok(decoder::decode(&frame).map(|code| code.scan()))
}
