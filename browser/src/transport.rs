//! The engine's `Transport` port over `fetch`.

use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use sync::{
    AppNames, AuditRequest, AuditResponse, Records, SyncRequest, SyncResponse, Transport, TransportError,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::http::{answer, json_post, post_json, unsendable};

/// Timeout of one exchange, body included; a warehouse's Wi-Fi may be slow.
const TIMEOUT_MILLIS: u32 = 30_000;
/// Shorter bodies are not worth compressing.
const MIN_COMPRESSED_BYTES: usize = 1_024;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Response)]
    type BodyHolder;

    #[wasm_bindgen(constructor, js_class = "Response", catch)]
    fn new(body: &JsValue) -> Result<BodyHolder, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn body(this: &BodyHolder) -> JsValue;

    #[wasm_bindgen(method, js_name = arrayBuffer, catch)]
    fn array_buffer(this: &BodyHolder) -> Result<Promise, JsValue>;
}

/// Sends exchanges to the origin that served this page.
#[derive(Clone, Copy, Debug)]
pub struct FetchTransport {
    names: AppNames,
}

impl FetchTransport {
    /// A transport to the paths of `names`, on the origin that served this page or worker.
    pub fn new(names: &AppNames) -> Self {
        Self { names: *names }
    }
}

impl<M: Records> Transport<M> for FetchTransport {
    async fn exchange(
        &self,
        request: &SyncRequest<M::Action>,
    ) -> Result<SyncResponse<M::Row>, TransportError> {
        let text = serde_json::to_string(request).map_err(|_| TransportError::Garbled)?;
        let post = json_post(self.names.header, self.names.sync_path, TIMEOUT_MILLIS);
        let compressed = if text.len() < MIN_COMPRESSED_BYTES { None } else { gzip(&text).await };
        let post = match compressed {
            Some(bytes) => post.header("content-encoding", "gzip").body(bytes),
            None => post.body(text),
        };
        answer(post.map_err(unsendable)?).await
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<M::Row>, TransportError> {
        post_json(self.names.header, self.names.audit_path, request, TIMEOUT_MILLIS).await
    }
}

/// The compressed text, if the browser supports it.
async fn gzip(text: &str) -> Option<Uint8Array> {
    let constructor = Reflect::get(&js_sys::global(), &"CompressionStream".into()).ok()?;
    let constructor: Function = constructor.dyn_into().ok()?;
    let stream = Reflect::construct(&constructor, &[JsValue::from_str("gzip")].iter().collect()).ok()?;
    let body = BodyHolder::new(&JsValue::from_str(text)).ok()?.body();
    let pipe: Function = Reflect::get(&body, &"pipeThrough".into()).ok()?.dyn_into().ok()?;
    let piped = pipe.call1(&body, stream.unchecked_ref::<Object>()).ok()?;
    let buffer = JsFuture::from(BodyHolder::new(&piped).ok()?.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer))
}
