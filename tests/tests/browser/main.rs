//! The built app in a real Chromium against the real server. Run it with `cargo xtask test --only browser`.

mod axe;
mod breaking;
mod camera;
mod catalogue;
mod courses;
mod device;
mod every_page;
mod floor;
mod for_use;
mod goods;
mod hands;
mod keeping;
mod keyboard;
mod looks;
mod network;
mod scanner;
mod server;
mod site;
mod spoken;
mod start;
mod story;
mod supervisor;
mod targets;
mod touch;
mod wishes;
mod words;
