//! The Lotbook PWA: opens the device's data and shows the app.

mod book;
mod camera;
mod desk;
mod device;
mod frame;
mod goods;
mod inbox;
mod people;
mod reports;
mod rest;
mod route;
mod selling;
mod sending;
mod settings;
mod stock;
mod ui;
mod use_book;
mod use_offline_sync;
mod use_today;
mod words;
mod work;

fn main() {
    client::init_offline_sync();
    device::install::listen();
    // Started now, so that it is loaded by the first paint. A failure is reported by the first page that
    // needs it.
    wasm_bindgen_futures::spawn_local(async { rest::load().await.unwrap_or_default() });
    wasm_bindgen_futures::spawn_local(async {
        words::language::load().await;
        yew::Renderer::<frame::root::Root>::new().render();
    });
}
