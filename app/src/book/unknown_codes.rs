//! Unknown scanned codes. They stay on this device until a person resolves them.

use client::Change;
use serde::{Deserialize, Serialize};
use sync::{Store, StoreError, UnixMillis};

use super::Book;

const SETTING: &str = "unknown_codes";
/// Maximum codes kept; the oldest is dropped.
const MAX_CODES: usize = 200;

/// An unknown code and its last scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnknownCode {
    pub(crate) code: String,
    /// Time of the last scan.
    pub(crate) at: UnixMillis,
    pub(crate) times: u32,
    /// Address of the page it was scanned on.
    pub(crate) place: String,
}

impl Book {
    /// The unresolved codes, the latest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn unknown_codes(&self) -> Result<Vec<UnknownCode>, StoreError> {
        let text = self.store().setting(SETTING).await?;
        // A list of another format is discarded: a scan is not stock.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Stores a code that was scanned on the page `place`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn keep_unknown(&self, code: &str, place: String) -> Result<(), StoreError> {
        let mut codes = self.unknown_codes().await?;
        let before = codes.iter().position(|known| known.code == code).map(|at| codes.remove(at));
        let times = before.map_or(0, |known| known.times).saturating_add(1);
        codes.insert(0, UnknownCode { code: code.to_owned(), at: browser::now(), times, place });
        codes.truncate(MAX_CODES);
        self.put_unknown(&codes).await
    }

    /// Removes a code.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn forget_unknown(&self, code: &str) -> Result<(), StoreError> {
        let mut codes = self.unknown_codes().await?;
        codes.retain(|known| known.code != code);
        self.put_unknown(&codes).await
    }

    async fn put_unknown(&self, codes: &[UnknownCode]) -> Result<(), StoreError> {
        let text = serde_json::to_string(codes).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store().put_setting(SETTING, Some(&text)).await?;
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }
}
