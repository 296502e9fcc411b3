//! The Lotbook PWA: opens the device's book and shows it.

mod book;
mod camera;
mod command;
mod components;
mod csv;
mod download;
mod engine;
mod feedback;
mod format;
mod hooks;
mod install;
mod language;
mod local_storage;
mod pages;
mod preferences;
mod rest;
mod root;
mod route;
mod scan;
mod service_worker;
mod shell;
mod storage;
mod wake_lock;

fn main() {
    service_worker::init_offline_sync();
    install::listen();
    wasm_bindgen_futures::spawn_local(async {
        language::load().await;
        yew::Renderer::<root::Root>::new().render();
    });
}
