//! The built app in a real Chromium against the real server. Run it with `cargo xtask test --only browser`.

mod catalogue;
mod device;
mod goods;
mod keeping;
mod network;
mod pages;
mod server;
mod story;
