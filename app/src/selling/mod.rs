//! The checkout and its cart.

pub(crate) mod cart;
pub(crate) mod cart_line;
pub(crate) mod cart_store;
pub(crate) mod checkout;
mod destination;
pub(crate) mod placing;
pub(crate) mod use_cart;
