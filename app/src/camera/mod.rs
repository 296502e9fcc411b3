//! The camera as a scanner: its picture, what reads codes in it, and which of them is meant.

mod choice;
mod decoder;
mod frame;
mod javascript;
mod native;
pub(crate) mod reader;
pub(crate) mod stream;
pub(crate) mod watch;
