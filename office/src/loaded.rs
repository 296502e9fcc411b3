//! Lists that are loaded from the server.

use std::cell::Cell;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::ask;
use crate::faults::Fault;
use crate::session::use_session;
use crate::words::t;

/// What a path has.
pub(crate) enum Loaded<T> {
    Loading,
    Here(Rc<T>),
    Failed(Fault),
}

/// Loads what a path has, again whenever the callback is called.
#[hook]
pub(crate) fn use_loaded<T: DeserializeOwned + 'static>(
    path: String,
) -> (UseStateHandle<Loaded<T>>, Callback<()>) {
    let (state, turn) = (use_state(|| Loaded::Loading), use_state(|| 0_u32));
    let session = use_session();
    {
        let state = state.clone();
        use_effect_with((path, *turn), move |(path, _)| {
            let (path, is_there) = (path.clone(), Rc::new(Cell::new(true)));
            let still = Rc::clone(&is_there);
            spawn_local(async move {
                let loaded = ask::get(&path).await;
                if !still.get() {
                    return;
                }
                match loaded {
                    Ok(value) => state.set(Loaded::Here(Rc::new(value))),
                    Err(fault) => {
                        session.heard(&fault);
                        state.set(Loaded::Failed(fault));
                    }
                }
            });
            move || is_there.set(false)
        });
    }
    let reload = Callback::from(move |()| turn.set(turn.wrapping_add(1)));
    (state, reload)
}

/// Renders what was loaded; bones until then, and a way on after a fault.
pub(crate) fn when_loaded<T>(
    loaded: &Loaded<T>,
    reload: &Callback<()>,
    view: impl FnOnce(&T) -> Html,
) -> Html {
    match loaded {
        Loaded::Loading => html! {
            <div class="skeleton" role="status" aria-label={t("Loading…")}>
                <div class="bone bone-wide"></div><div class="bone"></div><div class="bone"></div>
            </div>
        },
        Loaded::Failed(fault) => html! {
            <div class="placeholder" role="alert" data-test="load-fault">
                <p>{ fault.words() }</p>
                <button type="button" class="button" onclick={reload.reform(|_: MouseEvent| ())}>{ t("Try again") }</button>
            </div>
        },
        Loaded::Here(value) => view(value),
    }
}
