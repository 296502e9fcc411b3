//! The open event streams of each device, so that they end when its token is revoked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// A sender for each device with open streams; its receivers are the streams.
#[derive(Debug, Default)]
pub struct Streams {
    devices: Mutex<HashMap<Uuid, watch::Sender<bool>>>,
}

impl Streams {
    /// Registers a stream of a device. The value becomes true when the stream has to end.
    pub(super) fn open(&self, device: Uuid) -> watch::Receiver<bool> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.retain(|known, sender| *known == device || sender.receiver_count() > 0);
        devices.entry(device).or_insert_with(|| watch::Sender::new(false)).subscribe()
    }

    /// The devices with open streams.
    pub fn devices(&self) -> Vec<Uuid> {
        let devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|(device, _)| *device).collect()
    }

    /// Ends the streams of a device.
    pub fn end(&self, device: Uuid) {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = devices.remove(&device) {
            sender.send_replace(true);
        }
    }
}
