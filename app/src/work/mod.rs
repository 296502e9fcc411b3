//! Operations on lots: receive, pick, move, put away, adjust, count; deliveries and transfers.

mod asked_code;
mod asked_scan;
pub(crate) mod delivery;
mod due;
mod due_scan;
mod lot_scan;
mod reason_code;
pub(crate) mod start;
pub(crate) mod task;
pub(crate) mod transfer;
mod transfer_draft;
mod transfer_given;
pub(crate) mod transfer_list;
pub(crate) mod work_address;
pub(crate) mod work_draft;
pub(crate) mod work_form;
pub(crate) mod work_page;
pub(crate) mod work_scan;
pub(crate) mod work_view;
