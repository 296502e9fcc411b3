//! The browser APIs that the app and the service worker share. Everything here works in a window and in a
//! worker.

mod background_sync;
mod channel;
mod clock;
mod http;
mod lock;
mod pin;
mod transport;

pub use background_sync::{SYNC_TAG, has_background_sync, register_background_sync};
pub use channel::{BroadcastEnd, Received};
pub use clock::{BrowserTimer, new_uuid_v7, now, random_u64};
pub use http::{get_json, post_empty, post_json};
pub use lock::{LockGuard, WebLock};
pub use pin::{NoKey, has_subtle_crypto, pbkdf2_sha256};
pub use transport::FetchTransport;
