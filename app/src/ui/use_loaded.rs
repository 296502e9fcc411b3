//! Something read asynchronously, and read again when its inputs change: the newest reading counts.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use yew::prelude::*;

/// Something that is being read, was read, or could not be.
#[derive(Debug, PartialEq)]
pub(crate) enum Loaded<T> {
    /// The first reading is under way.
    Loading,
    /// As last read.
    Ready(Rc<T>),
    /// Why it could not be read, in a sentence.
    Failed(String),
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Loading => Self::Loading,
            Self::Ready(value) => Self::Ready(value.clone()),
            Self::Failed(error) => Self::Failed(error.clone()),
        }
    }
}

/// Reads with `read` now and whenever `deps` change. What was read before stays until the new reading is there; with
/// another `subject` it goes at once.
#[hook]
pub(crate) fn use_loaded<T, S, D, F, R>(subject: S, deps: D, read: F) -> Loaded<T>
where
    T: PartialEq + 'static,
    S: PartialEq + Clone + 'static,
    D: PartialEq + 'static,
    F: FnOnce(S) -> R + 'static,
    R: Future<Output = Result<T, String>> + 'static,
{
    let loaded = use_state_eq(|| (subject.clone(), Loaded::<T>::Loading));
    let setter = loaded.setter();
    use_effect_with((subject.clone(), deps), move |(subject, _)| {
        let subject = subject.clone();
        let is_wanted = Rc::new(Cell::new(true));
        let still_wanted = is_wanted.clone();
        wasm_bindgen_futures::spawn_local(async move {
            // Superseded before it began, as where a list's first look at its size changes its rows.
            if !still_wanted.get() {
                return;
            }
            let read = read(subject.clone()).await;
            if still_wanted.get() {
                setter
                    .set((subject, read.map_or_else(Loaded::Failed, |value| Loaded::Ready(Rc::new(value)))));
            }
        });
        // A newer reading begins, or the component goes.
        move || is_wanted.set(false)
    });
    if loaded.0 == subject { loaded.1.clone() } else { Loaded::Loading }
}
