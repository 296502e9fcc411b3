//! The service worker: keeps the app's own files for offline use and drains the mutation queue when no window
//! is open.
//!
//! The listeners live in `public/sw.js`, because a browser accepts listeners only while the script is first
//! evaluated, and wasm starts later. The binary `worker` exports one function for each of them; this library
//! implements them.
//!
//! A failure rejects its event: after a failed install the old build stays active, a failed sync event is
//! fired again by the browser, and a failed request goes to the network as if there were no worker.

pub mod drain;
pub mod lifecycle;
pub mod policy;
pub mod precache;
pub mod respond;
pub mod routes;
pub mod scope;
