//! Shared by every page: feedback for scans, the scan queue, saving with undo, and the camera.

pub(crate) mod answers;
pub(crate) mod badge;
pub(crate) mod camera_sheet;
pub(crate) mod command;
pub(crate) mod draft;
pub(crate) mod reason_sheet;
pub(crate) mod record_faults;
pub(crate) mod saving;
pub(crate) mod scan;
pub(crate) mod scan_burst;
pub(crate) mod scan_field;
pub(crate) mod scan_key;
pub(crate) mod scan_listener;
pub(crate) mod scan_place;
pub(crate) mod scan_question;
mod scan_run;
pub(crate) mod scan_target;
#[cfg(test)]
mod scan_torn;
pub(crate) mod scanner;
pub(crate) mod search_keys;
mod surroundings;
pub(crate) mod undo;
pub(crate) mod use_desk;
