//! The camera as a scanner: its picture, the decoding, and the selection of a code.

mod choice;
mod decoder;
mod frame;
mod javascript;
mod native;
pub(crate) mod reader;
pub(crate) mod stream;
pub(crate) mod watch;
