//! Webhooks: tells other systems what is booked at a site, at least once and in order.
//!
//! Nothing is queued: a webhook has a position in the order of its site's revisions, and what comes after it is read from the
//! ledger and the rows ([`crate::store::webhooks`]). The position moves once the receiver has said that it has the events.

mod deliverer;
mod message;
mod progress;
mod receiver;
mod registration;
#[cfg(test)]
mod tests;

pub(crate) use deliverer::{Deliverer, run};
pub(crate) use receiver::{HttpReceiver, authorities};
pub use registration::{BadUrl, new_webhook};
