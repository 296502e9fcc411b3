//! The checkout and its cart.

pub(crate) mod cart;
pub(crate) mod cart_line;
pub(crate) mod cart_store;
pub(crate) mod checkout;
