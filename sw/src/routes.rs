//! Registers static routes, so that the browser answers from the build's cache without waking the worker: a
//! cold start is faster by the worker's own start. In browsers without static routes, or after the cache was
//! evicted, `fetch` events are fired as before, or the request goes to the network.

use crate::policy;
use crate::precache::Build;
use crate::shell::Shell;
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Adds a route for each of the build's files, and for the page at the app's root, to the `install` event.
pub async fn add(shell: &Shell, install: &JsValue, build: &Build) {
    // Routes are only an optimisation.
    drop(try_add(shell, install, build).await);
}

async fn try_add(shell: &Shell, install: &JsValue, build: &Build) -> Result<(), JsValue> {
    let add_routes: Function = Reflect::get(install, &"addRoutes".into())?.dyn_into()?;
    let source = object(&[("cacheName", policy::cache_name(shell, &build.id).into())])?;
    let routes = Array::new();
    for path in build.files.iter().map(|file| file.path.as_str()).chain([policy::ROOT_PATH]) {
        let condition = object(&[("urlPattern", path.into()), ("requestMethod", "GET".into())])?;
        routes.push(&object(&[("condition", condition), ("source", source.clone())])?);
    }
    let added: Promise = add_routes.call1(install, &routes)?.dyn_into()?;
    JsFuture::from(added).await.map(drop)
}

fn object(fields: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object.into())
}
