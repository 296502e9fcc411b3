//! Work that event handlers start, and the sentence with which the last of it ended.

use std::fmt::Display;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Starts work and keeps the sentence with which the last of it ended. It derefs to that sentence, which is empty at first.
#[derive(Clone, Debug, PartialEq)]
pub struct Task(UseStateHandle<String>);

impl std::ops::Deref for Task {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Task {
    /// A callback that runs `work` to its end, also if its component is gone meanwhile. The sentence is then its value or its
    /// error.
    pub fn callback<E: 'static, T: Display, F: Display>(
        &self,
        work: impl AsyncFn(E) -> Result<T, F> + 'static,
    ) -> Callback<E> {
        let (setter, work) = (self.0.setter(), std::rc::Rc::new(work));
        Callback::from(move |event| {
            let (setter, work) = (setter.clone(), work.clone());
            spawn_local(async move {
                setter.set(match work(event).await {
                    Ok(value) => value.to_string(),
                    Err(error) => error.to_string(),
                });
            });
        })
    }
}

/// Work that event handlers start, such as saving, and the sentence with which it ended.
#[hook]
pub fn use_task() -> Task {
    Task(use_state(String::new))
}
