//! SQLite's errors as the port's.

use rusqlite::ErrorCode;
use sync::StoreError;

use crate::database::MAX_BUSY_MILLIS;

/// An error inside a transaction. The foreign types on both sides allow no conversion between them.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) StoreError);

pub(crate) type Kept<T> = Result<T, Fault>;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        corrupt(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        Self(match error.sqlite_error_code() {
            // The index of the log could not be made larger.
            _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::NoAnswer(MAX_BUSY_MILLIS)
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                StoreError::Corrupt(error.to_string())
            }
            Some(_) => StoreError::Unavailable(error.to_string()),
            // A value of another type than the column's.
            None => StoreError::Corrupt(error.to_string()),
        })
    }
}

pub(crate) fn corrupt(error: impl ToString) -> Fault {
    Fault(StoreError::Corrupt(error.to_string()))
}
