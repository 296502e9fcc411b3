//! The browser's clock and randomness, for those who pass them on as parameters.

use js_sys::{Date, Uint8Array};
use sync::UnixMillis;
use uuid::{Builder, Uuid};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(array: &Uint8Array);
}

/// The device's clock, right or wrong.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are whole and far below 2^53")]
pub fn now() -> UnixMillis {
    UnixMillis(Date::now() as i64)
}

fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let array = Uint8Array::new_with_length(u32::try_from(N).unwrap_or_default());
    get_random_values(&array);
    array.copy_to(&mut bytes);
    bytes
}

/// A random number.
pub fn random_u64() -> u64 {
    u64::from_le_bytes(random_bytes())
}

/// A new UUIDv7.
pub fn new_uuid_v7() -> Uuid {
    let millis = u64::try_from(now().0).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random_bytes()).into_uuid()
}
