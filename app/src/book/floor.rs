//! Expected deliveries, stock exceptions and the history of a product.

use std::fmt::Write as _;
use std::rc::Rc;

use domain::{
    DELIVERIES, Delivery, EXCEPTIONS, HistoryAnswer, LOTS, Row, SettingName, SiteRules, StockException,
    Warehouse, setting_key,
};
use sync::{Model, Read, Store, StoreError, TransportError, set_of, sort_by};
use uuid::Uuid;

use super::Book;

/// Maximum reads of a queue that keeps changing.
const MAX_READINGS: usize = 20;
/// Maximum deliveries shown.
const MAX_SHOWN_DELIVERIES: usize = 1_000;
/// Maximum exceptions shown.
const MAX_SHOWN_EXCEPTIONS: usize = 1_000;
/// Timeout while a person waits before an empty page.
const HISTORY_TIMEOUT_MILLIS: u32 = 10_000;

impl Book {
    /// Open deliveries, the earliest first, with goods received on this device included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.pause_catalogue();
        let reads = [Read::Prefix { table: DELIVERIES, prefix: String::new(), limit: MAX_SHOWN_DELIVERIES }];
        let view = self.client().view(&reads, |key| key.table == DELIVERIES).await?.view;
        let rows = view.rows.into_values().filter_map(|row| match row {
            Row::Delivery(delivery) if delivery.is_open() => Some(delivery),
            _ => None,
        });
        let mut deliveries: Vec<Delivery> = rows.collect();
        let undated_last = |delivery: &Delivery| (delivery.expected_on.is_none(), delivery.expected_on);
        sort_by(&mut deliveries, |a, b| {
            undated_last(a).cmp(&undated_last(b)).then_with(|| a.number.cmp(&b.number))
        });
        Ok(deliveries)
    }

    /// The sites that this one sends goods to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn send_to(&self) -> Result<Vec<String>, StoreError> {
        let held = self.store().get(&setting_key(SettingName::SendTo.code())).await?;
        Ok(SiteRules::of(held.as_ref().and_then(|held| held.row.setting())).send_to)
    }

    /// Open exceptions, the newest first, with work recorded on this device included.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn exceptions(&self) -> Result<Vec<StockException>, StoreError> {
        for _ in 0..MAX_READINGS {
            let queue = self.client().queue();
            let exceptions = self.exceptions_now().await?;
            // A mutation saved during the read may affect lots that were not read.
            if Rc::ptr_eq(&self.client().queue(), &queue) {
                return Ok(exceptions);
            }
        }
        Err(StoreError::Unavailable("the queue changed faster than it could be read".to_owned()))
    }

    async fn exceptions_now(&self) -> Result<Vec<StockException>, StoreError> {
        // A lot is below zero by its row: pending work is folded over it.
        let worked_on =
            set_of(self.pending().iter().flat_map(|record| Warehouse::touches(&record.mutation.action)));
        let lots = worked_on.into_iter().filter(|key| key.table == LOTS).map(Read::Row);
        let all = Read::Prefix { table: EXCEPTIONS, prefix: String::new(), limit: MAX_SHOWN_EXCEPTIONS };
        let reads: Vec<Read> = [all].into_iter().chain(lots).collect();
        let view = self.client().view(&reads, |key| key.table == EXCEPTIONS).await?.view;
        let rows = view.rows.into_values().filter_map(|row| match row {
            Row::Exception(exception) => Some(exception),
            _ => None,
        });
        let mut exceptions: Vec<StockException> = rows.collect();
        sort_by(&mut exceptions, |a, b| b.at.cmp(&a.at));
        Ok(exceptions)
    }

    /// Fetches a product's history, or that of one lot, from the server: the newest entries before the
    /// revision `before`, newest first. It is empty for a product that is unknown to the server.
    ///
    /// # Errors
    /// [`TransportError`]; the history is not on the device.
    pub(crate) async fn history(
        &self,
        product: Uuid,
        lot: Option<Uuid>,
        before: Option<u64>,
    ) -> Result<HistoryAnswer, TransportError> {
        let mut path = format!("/api/products/{product}/history?");
        // Writing to a string cannot fail.
        if let Some(lot) = lot {
            let _ = write!(path, "lot={lot}&");
        }
        if let Some(before) = before {
            let _ = write!(path, "before={before}");
        }
        let answer = browser::get_json::<HistoryAnswer>(&self.at_site(&path), HISTORY_TIMEOUT_MILLIS).await?;
        Ok(answer.unwrap_or_default())
    }
}
