//! Values from the context of a provider near the root.

use yew::prelude::*;

/// The value from the context.
///
/// # Panics
/// Outside its provider: a programming error that the first render shows, with nothing to return.
#[hook]
#[expect(clippy::expect_used, reason = "a component outside its provider cannot work at all")]
pub fn use_provided<T: Clone + PartialEq + 'static>() -> T {
    use_context::<T>().expect("its provider is above every component that uses it")
}
