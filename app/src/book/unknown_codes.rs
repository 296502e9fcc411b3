//! Unknown scanned codes: rows of the site. Codes that the server has no table for, or that it refuses, stay on this
//! device.

use browser::WebLock;
use client::{Change, RecordError};
use domain::{
    Action, CodeSighting, MAX_NAME_CHARS, MAX_SCANS_PER_REPORT, NAMES, PRODUCTS, Row, UNKNOWN_CODES,
    UnknownCode, Warehouse, unknown_code_key,
};
use sync::{Model as _, Read, RowKey, Store, StoreError, Turn as _, server_has_tables, set_of, sort_by};

use super::Book;

const SETTING: &str = "unknown_codes";
/// Maximum codes kept on this device alone; the oldest is dropped.
const MAX_LOCAL_CODES: usize = 200;
/// Maximum unknown codes shown.
const MAX_SHOWN_CODES: usize = 1_000;
/// Names the Web Lock that a window holds while it reports codes of this device.
const LOCK: &str = "report-codes";

impl Book {
    /// The unknown codes, last scanned first: the site's, with pending reports, and this device's own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn unknown_codes(&self) -> Result<Vec<UnknownCode>, StoreError> {
        let mut codes = self.codes_of_site().await?;
        let author = self.device_name().unwrap_or_default();
        for kept in self.local_codes().await? {
            let key = unknown_code_key(&kept.code).key;
            match codes.iter_mut().find(|code| code.code == key) {
                Some(code) => code.add(&author, &kept),
                None => {
                    let mut code = UnknownCode::new(&kept.code);
                    code.add(&author, &kept);
                    codes.push(code);
                }
            }
        }
        sort_by(&mut codes, |a, b| b.last_at().cmp(&a.last_at()));
        Ok(codes)
    }

    async fn codes_of_site(&self) -> Result<Vec<UnknownCode>, StoreError> {
        // A pending new barcode removes its code from the view, but only if the product's row is read, too.
        let worked_on =
            set_of(self.pending().iter().flat_map(|record| Warehouse::touches(&record.mutation.action)));
        let products = worked_on.into_iter().filter(|key| key.table == PRODUCTS).map(Read::Row);
        let all = Read::Prefix { table: UNKNOWN_CODES, prefix: String::new(), limit: MAX_SHOWN_CODES };
        let reads: Vec<Read> = [all].into_iter().chain(products).collect();
        let view = self.client().view(&reads, |key| key.table == UNKNOWN_CODES).await?.view;
        let rows = view.rows.into_values().filter_map(|row| match row {
            Row::UnknownCode(code) => Some(code),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Reports a code that was scanned on the page `place` to the site, or keeps it on this device.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn keep_unknown(&self, code: &str, place: String) -> Result<(), StoreError> {
        let place = place.chars().take(MAX_NAME_CHARS).collect();
        let sighting = CodeSighting { code: code.to_owned(), place, at: browser::now(), times: 1 };
        if server_has_tables(self.store()).await? && self.report(&sighting).await? {
            return Ok(());
        }
        let mut codes = self.local_codes().await?;
        let before = codes.iter().position(|known| known.code == code).map(|at| codes.remove(at));
        let times = before.map_or(0, |known| known.times).saturating_add(1);
        codes.insert(0, CodeSighting { times, ..sighting });
        codes.truncate(MAX_LOCAL_CODES);
        self.put_local(&codes).await
    }

    /// Reports the codes of this device, once the server has a table for them.
    ///
    /// # Errors
    /// [`StoreError`]; codes that were not reported stay.
    pub(crate) async fn report_local_codes(&self) -> Result<(), StoreError> {
        if self.local_codes().await?.is_empty() || !server_has_tables(self.store()).await? {
            return Ok(());
        }
        // Without it, two windows would report the same scans.
        let Some(_held) = WebLock::of_part(&NAMES, LOCK).take(false).await else { return Ok(()) };
        self.client().reload_queue().await?;
        for kept in self.local_codes().await? {
            let was_reported = self
                .has_saved(|mutation| match &mutation.action {
                    Action::ReportCode(sent) => sent.code == kept.code && sent.at == kept.at,
                    _ => false,
                })
                .await;
            let scans = CodeSighting { times: kept.times.clamp(1, MAX_SCANS_PER_REPORT), ..kept };
            if was_reported || self.report(&scans).await? {
                self.forget_local(&scans.code).await?;
            }
        }
        Ok(())
    }

    /// Settles a code for all devices.
    ///
    /// # Errors
    /// [`RecordError`]; the code stays in the list.
    pub(crate) async fn settle_code(&self, code: &str) -> Result<(), RecordError> {
        let key = unknown_code_key(code);
        if self.has_row(&key).await? {
            self.record(Action::SettleCode { code: code.to_owned() }, 0).await?;
        }
        Ok(self.forget_local(code).await?)
    }

    /// Whether a row exists, with pending mutations.
    async fn has_row(&self, key: &RowKey) -> Result<bool, StoreError> {
        let view = self.client().view(&[Read::Row(key.clone())], |wanted| wanted == key).await?.view;
        Ok(view.rows.contains_key(key))
    }

    /// Removes a code that only this device has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn forget_local(&self, code: &str) -> Result<(), StoreError> {
        let (mut codes, key) = (self.local_codes().await?, unknown_code_key(code));
        let count = codes.len();
        codes.retain(|known| unknown_code_key(&known.code) != key);
        if codes.len() == count { Ok(()) } else { self.put_local(&codes).await }
    }

    /// Reports scans to the site; `false` if the code cannot be reported.
    async fn report(&self, sighting: &CodeSighting) -> Result<bool, StoreError> {
        match self.record_unasked(Action::ReportCode(sighting.clone())).await {
            Ok(()) => Ok(true),
            Err(RecordError::Refused(_)) => Ok(false),
            Err(RecordError::Store(error)) => Err(error),
        }
    }

    async fn local_codes(&self) -> Result<Vec<CodeSighting>, StoreError> {
        let text = self.store().setting(SETTING).await?;
        // A list of another format is discarded: a scan is not stock.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    async fn put_local(&self, codes: &[CodeSighting]) -> Result<(), StoreError> {
        let text = serde_json::to_string(codes).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        self.store().put_setting(SETTING, Some(&text)).await?;
        self.emit_changed(Change { settings: true, ..Change::default() });
        Ok(())
    }
}
