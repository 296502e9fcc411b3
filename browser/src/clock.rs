//! The browser's clock and randomness, for callers that pass them on as parameters.

use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, Uint8Array};
use sync::{Timer, UnixMillis};
use uuid::{Builder, Uuid};
use wasm_bindgen::prelude::wasm_bindgen;

/// The longest delay of a browser timer: about 24 days.
const MAX_SLEEP_MILLIS: u32 = 2_147_000_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(array: &Uint8Array);

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The device's clock, right or wrong.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 are whole and far below 2^53")]
pub fn now() -> UnixMillis {
    UnixMillis(Date::now() as i64)
}

/// The browser's clock and timers as the engine's [`Timer`]. A sleep that exceeds the longest delay of a
/// browser timer ends early.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrowserTimer;

impl Timer for BrowserTimer {
    fn now(&self) -> UnixMillis {
        now()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since the page was opened are enough"
    )]
    fn running_millis(&self) -> u64 {
        performance_now() as u64
    }

    async fn sleep(&self, millis: u64) {
        let millis = u32::try_from(millis).unwrap_or(MAX_SLEEP_MILLIS).min(MAX_SLEEP_MILLIS);
        TimeoutFuture::new(millis).await;
    }
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
