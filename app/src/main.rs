//! The Lotbook PWA: opens the device's book and shows it.

mod book;
mod camera;
mod desk;
mod device;
mod engine;
mod frame;
mod goods;
mod inbox;
mod reports;
mod rest;
mod route;
mod selling;
mod sending;
mod service_worker;
mod settings;
mod stock;
mod ui;
mod use_book;
mod use_offline_sync;
mod use_provided;
mod use_update_ready;
mod words;
mod work;

fn main() {
    service_worker::init_offline_sync();
    device::install::listen();
    // Begun now, it is there when the first picture is. Whoever needs it says what is wrong.
    wasm_bindgen_futures::spawn_local(async { rest::load().await.unwrap_or_default() });
    wasm_bindgen_futures::spawn_local(async {
        words::language::load().await;
        yew::Renderer::<frame::root::Root>::new().render();
    });
}
