//! The port to the server, with the failures that a device must distinguish.

use std::future::Future;

use crate::audit::{AuditRequest, AuditResponse};
use crate::model::Records;
use crate::protocol::{OtherSite, SyncRequest, SyncResponse};

/// The reason why an exchange failed. None of these tells whether the server booked the mutations: the queue
/// stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it was interrupted.
    #[error("server unreachable")]
    Unreachable,
    /// No answer before the timeout.
    #[error("no answer from the server in time")]
    TimedOut,
    /// 408, 425, 429 or 5xx: try again later.
    #[error("server busy")]
    Busy {
        /// The server's requested delay, in milliseconds from now.
        retry_after_millis: Option<u64>,
    },
    /// 401 or 403: the queue waits for a sign-in, and this does not count as a retry.
    #[error("sign-in needed")]
    SignInNeeded,
    /// 426: this build is too old for the server; the queue waits for the update.
    #[error("app too old for the server")]
    UpgradeNeeded,
    /// A sign-in page stands between this device and the server: a proxy's, or a captive portal's. The queue waits until
    /// somebody has signed in there.
    #[error("a sign-in page in front of the server")]
    SignInPage,
    /// 409: the device holds the data of another site than its token is of. Queue and rows wait until it is enrolled at
    /// its own site again.
    #[error("the device holds site {}, its token is of site {}", .0.held, .0.asked)]
    OtherSite(OtherSite),
    /// An answer that is not the server's own, or not all of it: a truncated body.
    #[error("malformed answer, not the server's own")]
    Garbled,
    /// Any other refusal of the whole request. A retry of the same request will not succeed.
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
    /// One exchange, within the transport's timeout.
    ///
    /// # Errors
    /// [`TransportError`] for everything that is not a well-formed answer of the server.
    fn exchange(
        &self,
        request: &SyncRequest<M::Action>,
    ) -> impl Future<Output = Result<SyncResponse<M::Row>, TransportError>>;

    /// Compares ranges of rows, within the transport's timeout.
    ///
    /// # Errors
    /// As [`Transport::exchange`].
    fn audit(
        &self,
        request: &AuditRequest,
    ) -> impl Future<Output = Result<AuditResponse<M::Row>, TransportError>>;
}
