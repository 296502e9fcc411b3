//! Offers a file as a download.

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use crate::words::language::t;

/// The browser may read the text this long after the click.
const KEEP_MILLIS: u32 = 60_000;

/// Downloads `text` as the file `name`. Works without a network.
///
/// # Errors
/// The sentence to show.
pub(crate) fn download(name: &str, kind: &str, text: &str) -> Result<(), String> {
    try_download(name, kind, text).map_err(|_| t("The browser couldn't save the file. Try again.").to_owned())
}

fn try_download(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options)?;
    let address = Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or("there is no page")?;
    let anchor: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    // `revoke` fails only for an invalid address.
    Timeout::new(KEEP_MILLIS, move || drop(Url::revoke_object_url(&address))).forget();
    Ok(())
}
