//! A server that cannot be reached.

use std::cell::Cell;

use sync::{AuditRequest, AuditResponse, Records, SyncRequest, SyncResponse, Transport, TransportError};

#[derive(Default)]
pub(crate) struct Down {
    /// The exchanges that were tried.
    pub(crate) exchanges: Cell<usize>,
}

impl<M: Records> Transport<M> for Down {
    async fn exchange(&self, _: &SyncRequest<M::Action>) -> Result<SyncResponse<M::Row>, TransportError> {
        self.exchanges.set(self.exchanges.get() + 1);
        Err(TransportError::Unreachable)
    }

    async fn audit(&self, _: &AuditRequest) -> Result<AuditResponse<M::Row>, TransportError> {
        Err(TransportError::Unreachable)
    }
}
