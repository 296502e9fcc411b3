//! The port to the server, and the ways it fails that a device must tell apart.

use std::future::Future;

use crate::audit::{AuditRequest, AuditResponse};
use crate::model::Records;
use crate::protocol::{SyncRequest, SyncResponse};

/// Why an exchange did not happen. None of these says whether the server booked what was sent: the queue stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("server unreachable")]
    Unreachable,
    /// No answer in time.
    #[error("no answer from the server in time")]
    TimedOut,
    /// 408, 425, 429 or 5xx: try again later.
    #[error("server busy")]
    Busy {
        /// The server's own wish, in milliseconds from now.
        retry_after_millis: Option<u64>,
    },
    /// 401 or 403: the queue waits for a sign-in and no retry is spent.
    #[error("sign-in needed")]
    SignInNeeded,
    /// 426: this build is too old for the server; the queue waits for the update.
    #[error("app too old for the server")]
    UpgradeNeeded,
    /// An answer that is not the server's: a captive portal's page, a cut-off body.
    #[error("malformed answer, not the server's own")]
    Garbled,
    /// Any other refusal of the whole request. Trying again as it is will not help.
    #[error("request refused by the server (status {status}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's sentence.
        message: String,
    },
}

/// Reaches the server.
pub trait Transport<M: Records> {
    /// One exchange, within the transport's own time limit.
    ///
    /// # Errors
    /// [`TransportError`] for everything that is not a well-formed answer of the server.
    fn exchange(
        &self,
        request: &SyncRequest<M::Action>,
    ) -> impl Future<Output = Result<SyncResponse<M::Row>, TransportError>>;

    /// Compares ranges of rows, within the transport's own time limit.
    ///
    /// # Errors
    /// As [`Transport::exchange`].
    fn audit(
        &self,
        request: &AuditRequest,
    ) -> impl Future<Output = Result<AuditResponse<M::Row>, TransportError>>;
}
