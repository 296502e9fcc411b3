//! Errors of the store.

/// A failed transaction, which was rolled back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreFault {
    /// Another process writes for longer than the busy timeout.
    #[error("The database is busy. Try again in a moment.")]
    Busy,
    /// Too many writes of devices wait.
    #[error(
        "The server is busy with the changes of many devices. Send these again in {retry_after_seconds} seconds."
    )]
    Overloaded {
        /// When this device is to come again.
        retry_after_seconds: u32,
    },
    /// An import is being written at the site.
    #[error("An import is being written at this site. Try again when it has ended.")]
    Importing,
    /// The request is invalid; a retry does not help.
    #[error("{message}")]
    Invalid {
        /// A stable code.
        code: &'static str,
        /// One sentence: the fault and its solution.
        message: String,
    },
    /// The database failed.
    #[error("The database failed: {0}")]
    Failed(String),
}

impl StoreFault {
    /// An invalid request, with its code and sentence.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match error.sqlite_error_code() {
            Some(DatabaseBusy | DatabaseLocked) => Self::Busy,
            _ => Self::Failed(error.to_string()),
        }
    }
}
