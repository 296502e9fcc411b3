//! A value that is loaded asynchronously, and again when its inputs change: the result of the latest load
//! counts.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use yew::prelude::*;

/// The state of a value being loaded.
#[derive(Debug, PartialEq)]
pub(crate) enum Loaded<T> {
    /// The first load is in progress.
    Loading,
    /// The value of the last load.
    Ready(Rc<T>),
    /// The error, as a sentence.
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

/// Loads with `read` now and whenever `deps` change. The previous value stays until the new one is loaded; if
/// `subject` changes, it is dropped at once.
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
            // Superseded before it started, for example when a list's first measurement changes its rows.
            if !still_wanted.get() {
                return;
            }
            let read = read(subject.clone()).await;
            if still_wanted.get() {
                setter
                    .set((subject, read.map_or_else(Loaded::Failed, |value| Loaded::Ready(Rc::new(value)))));
            }
        });
        // A newer load starts, or the component is unmounted.
        move || is_wanted.set(false)
    });
    if loaded.0 == subject { loaded.1.clone() } else { Loaded::Loading }
}
