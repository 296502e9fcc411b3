//! Shared by the tests that run scripts in the browser.

use js_sys::Promise;
use schema::IdbStore;
use sync::conformance::Counters;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A device's database of this name.
pub(crate) async fn open(name: &str) -> IdbStore<Counters> {
    IdbStore::open(name, Uuid::from_u128(1), "all").await.expect("a database")
}

/// The value of the promise that a script returns.
pub(crate) async fn script(text: &str) -> JsValue {
    let run: Promise = js_sys::eval(text).expect("a script").unchecked_into();
    JsFuture::from(run).await.expect("the script does not fail")
}
