//! Why the store could not do it.

/// Nothing of the transaction was kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreFault {
    /// Another process is writing for longer than this one waits.
    #[error("The database is busy. Try again in a moment.")]
    Busy,
    /// What was asked cannot be right, and trying again will not help: a stable code and a sentence.
    #[error("{message}")]
    Invalid {
        /// A stable code.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// The database failed.
    #[error("The database failed: {0}")]
    Failed(String),
}

impl StoreFault {
    /// What was asked cannot be right.
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
