//! Properties and methods that the bindings do not have, or that a browser may lack.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A property, unless it is missing.
pub(super) fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(of, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// What a method returns, unless it is missing or fails.
pub(super) fn call(of: &JsValue, name: &str, arguments: &Array) -> Option<JsValue> {
    let method: Function = get(of, name)?.dyn_into().ok()?;
    method.apply(of, arguments).ok()
}

/// An object with these properties.
pub(super) fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // It fails only for frozen objects.
        drop(Reflect::set(&object, &(*name).into(), value));
    }
    object.into()
}
