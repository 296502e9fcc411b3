//! The stock list, one product with its lots and history, and bins.

mod after_new;
pub(crate) mod bin;
pub(crate) mod history;
pub(crate) mod lot_panel;
pub(crate) mod lot_sheet;
mod numbered;
pub(crate) mod product;
pub(crate) mod product_edit;
pub(crate) mod product_facts;
pub(crate) mod product_form;
pub(crate) mod product_route;
mod product_table;
pub(crate) mod stock_page;
pub(crate) mod stock_pane;
pub(crate) mod use_history;
