//! Figures of a store's writes.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::sql::queued::MAX_GROUP_WRITES;

/// The writes that wait, and those that shared a transaction. Clones count together.
#[derive(Clone, Debug)]
pub struct WriteMeter {
    /// Writes that wait for a transaction.
    pub(crate) waiting: Gauge,
    /// Writes in each transaction.
    pub(crate) batch_writes: Histogram,
}

impl Default for WriteMeter {
    fn default() -> Self {
        // 1, 2, 4, ... as far as a transaction may go.
        let buckets = u16::try_from(MAX_GROUP_WRITES.ilog2() + 1).unwrap_or(u16::MAX);
        Self {
            waiting: Gauge::default(),
            batch_writes: Histogram::new(exponential_buckets(1.0, 2.0, buckets)),
        }
    }
}

impl WriteMeter {
    /// Counts the writes of a transaction that has ended.
    pub(crate) fn ended(&self, writes: usize) {
        self.batch_writes.observe(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
    }
}
