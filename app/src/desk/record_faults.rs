//! The reasons why an action was not saved, in the language of the screens.

use domain::Action;

use crate::words::faults_in_words::store_fault;
use crate::words::reasons::reason;
use client::RecordError;

/// The reason why an action was not saved; `action` is the action, if the caller has it.
pub(crate) fn not_recorded(error: &RecordError, action: Option<&Action>) -> String {
    match (error, action) {
        (RecordError::Store(error), _) => store_fault(error),
        (RecordError::Refused(refusal), Some(action)) => reason(action, refusal.code, &refusal.message),
        (RecordError::Refused(refusal), None) => refusal.message.clone(),
    }
}
