//! Loads the second half of the app's wasm, the rest: most pages, and background work. The build splits it
//! off (`xtask/src/split.rs`); it is fetched while the first page is drawn.
//!
//! A function with `#[wasm_split(rest, fallible)]` is in the rest, with all code that only such functions
//! reach. It stays in the module of its subject; a call loads the rest first. Other references to the same
//! code move it back into the first half.

use thiserror::Error;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

/// The rest could not be loaded. The call had no effect, and the next call tries again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the second half of the app could not be loaded")]
pub(crate) struct NotLoaded;

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// Loads the rest by a call of an empty function in it.
///
/// # Errors
/// [`NotLoaded`].
#[wasm_split(rest, fallible)]
pub(crate) fn load() -> Result<(), NotLoaded> {
    Ok(())
}
