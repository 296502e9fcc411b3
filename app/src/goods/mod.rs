//! Rows, lists and searches of products and lots that several features show, and the hooks that read them.

pub(crate) mod bin_lots;
pub(crate) mod looks;
pub(crate) mod lot_chip;
pub(crate) mod lot_row;
pub(crate) mod product_list;
pub(crate) mod product_names;
pub(crate) mod product_rows;
pub(crate) mod product_search;
pub(crate) mod queue_row;
pub(crate) mod recent_list;
pub(crate) mod search_results;
pub(crate) mod survey_gate;
pub(crate) mod use_catalogue;
pub(crate) mod use_product;
pub(crate) mod use_queue;
pub(crate) mod use_survey;
