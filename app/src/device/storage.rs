//! The browser's information on this device's storage: usage, and whether the data is persistent.

use domain::Quantity;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{StorageEstimate, StorageManager};

use crate::words::format;
use crate::words::language::tf;

/// Less free space than this shows a warning.
const MIN_LEFT_BYTES: u64 = 50_000_000;
/// A smaller free share than this shows a warning, too.
const MIN_LEFT_PERCENT: u64 = 10;
const MEGABYTE_BYTES: u64 = 1_000_000;

/// The storage estimate of the browser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Storage {
    /// Whether the browser has granted persistent storage.
    pub(crate) is_kept: bool,
    used_bytes: u64,
    quota_bytes: u64,
}

impl Storage {
    /// Asks the browser; `None` if it does not tell.
    pub(crate) async fn ask() -> Option<Self> {
        let manager = manager()?;
        let kept = JsFuture::from(manager.persisted().ok()?).await.ok()?;
        let estimate: StorageEstimate = JsFuture::from(manager.estimate().ok()?).await.ok()?.into();
        let (used_bytes, quota_bytes) = (whole(estimate.get_usage()?), whole(estimate.get_quota()?));
        Some(Self { is_kept: kept == JsValue::TRUE, used_bytes, quota_bytes })
    }

    /// Whether so little space is left that mutations may soon not be saved.
    pub(crate) fn is_short(&self) -> bool {
        let left = self.left_bytes();
        left < MIN_LEFT_BYTES || left < self.quota_bytes / 100 * MIN_LEFT_PERCENT
    }

    /// `12 MB used of 10.7 GB`.
    pub(crate) fn words(&self) -> String {
        tf("{used} of {quota}", &[("used", &size(self.used_bytes)), ("quota", &size(self.quota_bytes))])
    }

    /// `45 MB`.
    pub(crate) fn left(&self) -> String {
        size(self.left_bytes())
    }

    fn left_bytes(&self) -> u64 {
        self.quota_bytes.saturating_sub(self.used_bytes)
    }
}

fn manager() -> Option<StorageManager> {
    let manager = web_sys::window()?.navigator().storage();
    // `undefined` outside secure contexts, although the bindings promise a value.
    let manager: JsValue = manager.into();
    manager.is_object().then(|| manager.into())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "browsers count whole bytes")]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

fn size(bytes: u64) -> String {
    match bytes / MEGABYTE_BYTES {
        megabytes @ ..1_000 => format!("{megabytes} MB"),
        megabytes => {
            // A quantity has three decimals; one is enough here.
            let tenths = i64::try_from(megabytes / 100).unwrap_or(i64::MAX / 100);
            format!("{} GB", format::quantity(Quantity(tenths * 100)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(used_bytes: u64, quota_bytes: u64) -> Storage {
        Storage { is_kept: true, used_bytes, quota_bytes }
    }

    #[test]
    fn warns_about_little_free_space() {
        assert!(!storage(100_000_000, 10_000_000_000).is_short());
        assert!(storage(9_100_000_000, 10_000_000_000).is_short(), "less than a tenth");
        assert!(storage(60_000_000, 100_000_000).is_short(), "less than 50 MB");
        assert!(storage(2, 1).is_short());
        assert_eq!(storage(12_400_000, 10_740_000_000).words(), "12 MB of 10.7 GB");
        assert_eq!(storage(955_000_000, 1_000_000_000).left(), "45 MB");
    }
}
