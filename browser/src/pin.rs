//! WebCrypto's PBKDF2. It runs on a thread of the browser, and exists only on pages that came over HTTPS or from localhost.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use thiserror::Error;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

const HASH: &str = "SHA-256";
/// Bits of a derived key.
const KEY_BITS: u32 = 256;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &str,
        is_extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = deriveBits)]
    fn derive_bits(algorithm: &Object, key: &JsValue, bits: u32) -> Result<Promise, JsValue>;
}

/// No key was derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoKey {
    /// The page is in no secure context, which has no WebCrypto.
    #[error("this page has no secure connection")]
    Insecure,
    /// The browser refuses.
    #[error("the browser derives no keys")]
    Refused,
}

/// Derives 32 bytes from a secret, with HMAC-SHA-256.
///
/// # Errors
/// [`NoKey`].
pub async fn pbkdf2_sha256(secret: &[u8], salt: &[u8], rounds: u32) -> Result<Vec<u8>, NoKey> {
    if !has_subtle_crypto() {
        return Err(NoKey::Insecure);
    }
    derive(secret, salt, rounds).await.map_err(|_| NoKey::Refused)
}

/// Whether keys can be derived on this page.
pub fn has_subtle_crypto() -> bool {
    let part = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
    let subtle = part(&js_sys::global(), "crypto").and_then(|crypto| part(&crypto, "subtle"));
    subtle.is_some_and(|subtle| subtle.is_object())
}

async fn derive(secret: &[u8], salt: &[u8], rounds: u32) -> Result<Vec<u8>, JsValue> {
    let usages = Array::of1(&"deriveBits".into());
    let key = import_key("raw", &Uint8Array::from(secret), "PBKDF2", false, &usages)?;
    let key = JsFuture::from(key).await?;
    let algorithm = Object::new();
    let parts: [(&str, JsValue); 4] = [
        ("name", "PBKDF2".into()),
        ("hash", HASH.into()),
        ("salt", Uint8Array::from(salt).into()),
        ("iterations", rounds.into()),
    ];
    for (name, value) in parts {
        Reflect::set(&algorithm, &name.into(), &value)?;
    }
    let bits = JsFuture::from(derive_bits(&algorithm, &key, KEY_BITS)?).await?;
    Ok(Uint8Array::new(&bits).to_vec())
}
