//! The browser's turn to draw.

use gloo_timers::future::TimeoutFuture;

/// A frame of 60 Hz, and some. A page out of sight draws nothing, so this is no wait for a frame itself.
const FRAME_MILLIS: u32 = 20;

/// Lets the browser draw what was changed, before something is done that would keep it from that.
pub(crate) async fn drawn() {
    TimeoutFuture::new(FRAME_MILLIS).await;
}
