//! The built app in a real Chromium against the real server. Run it with `cargo xtask test --only e2e`.

mod device;
mod goods;
mod network;
mod server;
mod story;
