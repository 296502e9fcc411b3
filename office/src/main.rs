//! The office's page. Unlike the app it works only online, keeps nothing in the browser, and is loaded by nobody else.

mod accounts;
mod acting;
mod ask;
mod devices;
mod dialog;
mod faults;
mod frame;
mod keys;
mod loaded;
mod log;
mod overview;
mod parts;
mod people;
mod qr;
mod route;
mod session;
mod sessions;
mod settings;
mod sign_in;
mod times;
mod transfers;
mod webhooks;
mod words;

fn main() {
    wasm_bindgen_futures::spawn_local(async {
        words::load().await;
        let Some(root) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("office"))
        else {
            return;
        };
        root.set_inner_html("");
        yew::Renderer::<frame::Root>::with_root(root).render();
    });
}
