//! Loads the second half of the app's wasm, the rest: most pages, and the work behind the scenes. The build cuts it off
//! (`xtask/src/split.rs`); it is fetched while the first page is drawn.
//!
//! A function with `#[wasm_split(rest, fallible)]` is in the rest, with all that only such functions reach. It stands
//! beside what it begins; a call loads the rest first. Anything else that names the same code pulls it back into the
//! first half.

use thiserror::Error;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

/// The rest could not be loaded. Nothing that needs it was begun, and the next call tries again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the second half of the app could not be loaded")]
pub(crate) struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// Loads the rest: an empty function in it, called for that alone.
///
/// # Errors
/// [`NotLoaded`].
#[wasm_split(rest, fallible)]
pub(crate) fn load() -> Result<(), NotLoaded> {
    Ok(())
}
