//! Codes that nobody knew when they were scanned. They are kept on this device until somebody says what they are.

use client::Change;
use serde::{Deserialize, Serialize};
use sync::{Store, StoreError, UnixMillis};

use super::Book;

const SETTING: &str = "unknown_codes";
/// The oldest makes way.
const MAX_CODES: usize = 200;

/// A code and when it was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnknownCode {
    pub(crate) code: String,
    /// When it was scanned last.
    pub(crate) at: UnixMillis,
    pub(crate) times: u32,
    /// The page it was scanned on, as its address.
    pub(crate) place: String,
}

impl Book {
    /// Those that still wait, the latest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn unknown_codes(&self) -> Result<Vec<UnknownCode>, StoreError> {
        let text = self.store().setting(SETTING).await?;
        // What an earlier build kept otherwise is begun anew: a scan is not stock.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Keeps a code that was scanned at `place`.
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

    /// Forgets a code: it is known now, or was nothing.
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
