//! Operations on lots: receive, pick, move, put away, adjust, count; deliveries and transfers.

pub(crate) mod delivery;
pub(crate) mod start;
pub(crate) mod transfer;
pub(crate) mod transfer_list;
pub(crate) mod work_address;
pub(crate) mod work_form;
pub(crate) mod work_page;
pub(crate) mod work_scan;
pub(crate) mod work_view;
