//! Faults of PostgreSQL, and what they mean for the transaction that had them.

use std::error::Error as _;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use super::super::StoreFault;

/// The state after a fault; the gravest one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aftermath {
    /// A failed statement: what was done since the last savepoint is undone.
    Failed,
    /// A transaction that was ended for the sake of another one: run again, it may succeed.
    Retry,
    /// A connection that is of no more use.
    Lost,
}

/// Ended for the sake of other transactions.
const RETRIED: [SqlState; 3] =
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
/// Of a server that stops, starts, or has become a standby.
const LOST: [SqlState; 6] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::TOO_MANY_CONNECTIONS,
    SqlState::READ_ONLY_SQL_TRANSACTION,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
];
/// The class of faults of connections, PgBouncer's own among them.
const CONNECTION_CLASS: &str = "08";

/// The state after a failed statement.
pub(super) fn aftermath(error: &Error) -> Aftermath {
    match error.code() {
        // The server did not answer.
        None => Aftermath::Lost,
        Some(code) if RETRIED.contains(code) => Aftermath::Retry,
        Some(code) if LOST.contains(code) || code.code().starts_with(CONNECTION_CLASS) => Aftermath::Lost,
        Some(_) => Aftermath::Failed,
    }
}

/// The fault for the caller.
pub(super) fn fault(error: &Error) -> StoreFault {
    match error.code() {
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            StoreFault::Failed(format!("it accepts no writes: {}", described(error)))
        }
        // It took longer than a statement may.
        Some(code) if *code == SqlState::QUERY_CANCELED => StoreFault::Busy,
        _ => match aftermath(error) {
            Aftermath::Retry | Aftermath::Lost => {
                tracing::debug!(error = described(error), "a transaction was given up");
                StoreFault::Busy
            }
            Aftermath::Failed => StoreFault::Failed(described(error)),
        },
    }
}

/// The error with its reason, which it does not show itself.
pub(super) fn described(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => words(db),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

/// The server's message, with its code and place. It names no values.
fn words(db: &DbError) -> String {
    let place = [db.table(), db.constraint()].into_iter().flatten().collect::<Vec<_>>().join(".");
    let place = if place.is_empty() { place } else { format!(" at {place}") };
    format!("{} (SQLSTATE {}{place})", db.message(), db.code().code())
}
