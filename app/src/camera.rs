//! The camera as a scanner: its picture, what reads codes in it, and which of them is meant.

mod choice;
mod decoder;
mod frame;
mod javascript;
mod native;
mod reader;
mod stream;
mod watch;

pub(crate) use reader::prepare;
pub(crate) use stream::{CameraFault, is_present};
pub(crate) use watch::{Sight, Trouble, Watch};
