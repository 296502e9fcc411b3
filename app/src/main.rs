//! The Lotbook PWA: opens the device's book and shows it.

mod book;
mod camera;
mod components;
mod desk;
mod device;
mod engine;
mod goods;
mod hooks;
mod pages;
mod rest;
mod root;
mod route;
mod service_worker;
mod shell;
mod ui;
mod words;

fn main() {
    service_worker::init_offline_sync();
    device::install::listen();
    // Begun now, it is there when the first picture is. Whoever needs it says what is wrong.
    wasm_bindgen_futures::spawn_local(async { drop(rest::load().await) });
    wasm_bindgen_futures::spawn_local(async {
        words::language::load().await;
        yew::Renderer::<root::Root>::new().render();
    });
}
