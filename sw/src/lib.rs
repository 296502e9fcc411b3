//! The service worker: keeps the app's own files for offline use and drains the mutation queue when no window
//! is open.
//!
//! The listeners live in `public/sw.js`, because a browser accepts listeners only while the script is first
//! evaluated, and wasm starts later. An app's worker is a program that calls [`run`] with the app's rows and
//! names; this library exports the functions that the script calls.
//!
//! A failure rejects its event: after a failed install the old build stays active, a failed sync event is
//! fired again by the browser, and a failed request goes to the network as if there were no worker.

pub mod drain;
pub mod events;
pub mod lifecycle;
pub mod policy;
pub mod precache;
pub mod respond;
pub mod routes;
pub mod scope;
mod shell;

pub use events::run;
pub use shell::Shell;
