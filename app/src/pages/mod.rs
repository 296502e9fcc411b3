//! One module a page, and the forms behind them.

pub(crate) mod checkout;
pub(crate) mod enrol;
pub(crate) mod lot_panel;
pub(crate) mod not_found;
pub(crate) mod product;
pub(crate) mod product_edit;
pub(crate) mod product_facts;
pub(crate) mod product_form;
pub(crate) mod product_route;
pub(crate) mod stock;
pub(crate) mod sync_check;
pub(crate) mod sync_device;
pub(crate) mod sync_page;
pub(crate) mod sync_queue;
pub(crate) mod take_in;
pub(crate) mod work;
pub(crate) mod work_form;
pub(crate) mod work_view;
