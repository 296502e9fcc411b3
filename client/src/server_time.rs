//! The server's time on the device: stored at the end of a round, read by screens at any time.

use std::cell::Cell;

use sync::{ClockReading, ServerClock, Store, StoreError, StoredTime, Timer as _, UnixMillis};

use crate::client::{Client, Signal};
use crate::host::Host;

/// The setting with the server's time as last heard: a [`StoredTime`] as text.
pub const HEARD_TIME_SETTING: &str = "heard_time";

/// A clock that is off by no more is right enough.
pub const MAX_CLOCK_ERROR_MINUTES: i64 = 5;

const MILLIS_A_MINUTE: i64 = 60_000;

/// A window's copy of the server's time.
#[derive(Debug, Default)]
pub(crate) struct KeptTime {
    /// The setting as last read or written.
    stored: Cell<Option<StoredTime>>,
    clock: Cell<Option<ServerClock>>,
}

impl<H: Host> Client<H> {
    /// The server's time: as last heard, plus the device's running time since. The device's own time before the first
    /// answer.
    pub fn server_now(&self) -> UnixMillis {
        let (now, kept) = (self.clock_reading(), &self.0.time);
        let Some(clock) = kept.clock.get() else { return now.device };
        let Some(after) = clock.after_jump(now) else { return clock.time(now) };
        kept.clock.set(Some(after));
        self.keep_time(after.stored());
        after.time(now)
    }

    /// Minutes by which the device's clock is ahead of the server's time, negative if it is behind; 0 up to
    /// [`MAX_CLOCK_ERROR_MINUTES`]. `None` before the first answer.
    pub fn clock_ahead_minutes(&self) -> Option<i64> {
        self.0.time.clock.get()?;
        let ahead = self.now().0.saturating_sub(self.server_now().0) / MILLIS_A_MINUTE;
        Some(if ahead.abs() > MAX_CLOCK_ERROR_MINUTES { ahead } else { 0 })
    }

    /// Takes over the time that a round has stored. Without news, the clock of this window is the better one.
    pub(crate) fn hear_time(&self, stored: StoredTime) {
        let kept = &self.0.time;
        if kept.stored.replace(Some(stored)) == Some(stored) {
            return;
        }
        let now = self.clock_reading();
        let clock = ServerClock::resume(stored, now);
        kept.clock.set(Some(clock));
        if stored.is_broken(now.device) {
            self.keep_time(clock.stored());
        }
        self.emit(&Signal::Status);
    }

    pub(crate) async fn reload_heard_time(&self) -> Result<(), StoreError> {
        // Another build's form is overwritten by the next round.
        if let Some(stored) = self.stored_time().await? {
            self.hear_time(stored);
        }
        Ok(())
    }

    async fn stored_time(&self) -> Result<Option<StoredTime>, StoreError> {
        let text = self.store().setting(HEARD_TIME_SETTING).await?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Stores a time after the device's clock was set, unless a round has stored one in the meantime.
    fn keep_time(&self, time: StoredTime) {
        let (client, before) = (self.clone(), self.0.time.stored.get());
        self.host().spawn(Box::pin(async move {
            match client.stored_time().await {
                Ok(stored) if stored == before => {
                    client.0.time.stored.set(Some(time));
                    // Without it, the next run judges by what was heard before.
                    drop(client.store().put_setting(HEARD_TIME_SETTING, Some(&time.to_string())).await);
                    client.emit(&Signal::Status);
                }
                Ok(Some(newer)) => client.hear_time(newer),
                Ok(None) | Err(_) => {}
            }
        }));
    }

    fn clock_reading(&self) -> ClockReading {
        let timer = self.host().timer();
        ClockReading { device: timer.now(), running_millis: timer.running_millis() }
    }
}
