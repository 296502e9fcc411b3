//! Something read asynchronously, read again when its inputs change, never two readings at once.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use yew::prelude::*;

/// Something that is being read, was read, or could not be.
#[derive(Debug)]
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
    let loaded = use_state(|| (subject.clone(), Loaded::<T>::Loading));
    let latest = use_mut_ref(|| Rc::new(Cell::new(0_u64)));
    {
        let setter = loaded.setter();
        let latest = latest.borrow().clone();
        let current = (*loaded).clone();
        use_effect_with((subject.clone(), deps), move |(subject, _)| {
            let subject = subject.clone();
            latest.set(latest.get() + 1);
            let turn = latest.get();
            wasm_bindgen_futures::spawn_local(async move {
                let read = read(subject.clone()).await;
                // A newer reading has begun, or the component is gone.
                if latest.get() != turn {
                    return;
                }
                let unchanged = matches!((&current, &read), ((of, Loaded::Ready(old)), Ok(new)) if *of == subject && **old == *new);
                if !unchanged {
                    setter.set((
                        subject,
                        read.map_or_else(Loaded::Failed, |value| Loaded::Ready(Rc::new(value))),
                    ));
                }
            });
        });
    }
    {
        let latest = latest.borrow().clone();
        use_effect_with((), move |()| move || latest.set(u64::MAX));
    }
    if loaded.0 == subject { loaded.1.clone() } else { Loaded::Loading }
}
