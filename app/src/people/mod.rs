//! Who works on this device: signing in by badge or PIN, and approvals.

pub(crate) mod approval_sheet;
mod person_list;
mod pin_pad;
pub(crate) mod who_page;
