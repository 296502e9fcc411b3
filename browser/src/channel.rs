//! What tabs and worker tell each other, over a `BroadcastChannel`. A message may be lost: it only saves waiting.

use std::fmt;

use gloo_events::EventListener;
use serde::{Deserialize, Serialize};
use sync::{Changed, Progress, RoundProgress, RowKey};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

const NAME: &str = "lotbook";

/// Something the others may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The queue changed.
    QueueChanged,
    /// The user chose to work offline, or to end that.
    WorkOffline {
        /// Which.
        chosen: bool,
    },
    /// A round made an exchange.
    RoundProgress {
        /// Mutations decided.
        sent: usize,
        /// Mutations to send, those decided included.
        to_send: usize,
        /// The snapshot, while there is one.
        snapshot: Option<Progress>,
        /// The rows it changed; none for more than can be named.
        changed: Option<Vec<RowKey>>,
    },
    /// A round ended; `ok` if nothing failed.
    RoundEnded {
        /// Whether it reached the server and back.
        ok: bool,
    },
}

impl From<RoundProgress> for Notice {
    fn from(progress: RoundProgress) -> Self {
        let RoundProgress { sent, to_send, snapshot, changed } = progress;
        let changed = match changed {
            Changed::Nothing => Some(Vec::new()),
            Changed::Rows(keys) => Some(keys),
            Changed::Many => None,
        };
        Self::RoundProgress { sent, to_send, snapshot, changed }
    }
}

/// An end of the channel. It does not hear itself.
pub struct Channel {
    channel: Option<BroadcastChannel>,
    _listener: Option<EventListener>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("open", &self.channel.is_some()).finish()
    }
}

impl Channel {
    /// Opens an end that hands what it hears to `on_notice`. Where the browser has no channels, it hears nothing.
    pub fn open(mut on_notice: impl FnMut(Notice) + 'static) -> Self {
        let channel = BroadcastChannel::new(NAME).ok();
        let listener = channel.as_ref().map(|channel| {
            EventListener::new(channel, "message", move |event| {
                let data = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
                // Another build may say things this one does not know.
                if let Some(notice) = data.and_then(|text| serde_json::from_str(&text).ok()) {
                    on_notice(notice);
                }
            })
        });
        Self { channel, _listener: listener }
    }

    /// Opens an end that only tells.
    pub fn to_tell() -> Self {
        Self { channel: BroadcastChannel::new(NAME).ok(), _listener: None }
    }

    /// Tells all others.
    pub fn tell(&self, notice: &Notice) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(notice)) {
            // Fails only once the channel is closed.
            drop(channel.post_message(&JsValue::from_str(&text)));
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}
