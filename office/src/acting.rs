//! Acts on the server, one at a time for each form, and their faults.

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::faults::Fault;
use crate::session::{Session, use_session};

/// The state of an act: idle, waiting for the server, or refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Acting {
    pub(crate) is_waiting: bool,
    pub(crate) fault: Option<Fault>,
}

/// Runs an act; `done` gets its value. A second one does not begin before the first has ended.
#[hook]
pub(crate) fn use_act() -> (UseStateHandle<Acting>, Actor) {
    let state = use_state(Acting::default);
    let session = use_session();
    let actor = Actor { state: state.clone(), session };
    (state, actor)
}

/// Runs acts.
#[derive(Clone, PartialEq)]
pub(crate) struct Actor {
    state: UseStateHandle<Acting>,
    session: Session,
}

impl Actor {
    pub(crate) fn run<T: 'static>(
        &self,
        act: impl Future<Output = Result<T, Fault>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.state.is_waiting {
            return;
        }
        let (state, session) = (self.state.clone(), self.session.clone());
        state.set(Acting { is_waiting: true, fault: None });
        spawn_local(async move {
            match act.await {
                Ok(value) => {
                    state.set(Acting::default());
                    done(value);
                }
                Err(fault) => {
                    session.heard(&fault);
                    state.set(Acting { is_waiting: false, fault: Some(fault) });
                }
            }
        });
    }

    /// A fault that was found before the request.
    pub(crate) fn refuse(&self, message: &str) {
        let fault = Fault { status: 0, code: String::new(), message: message.to_owned() };
        self.state.set(Acting { is_waiting: false, fault: Some(fault) });
    }
}

/// The fault of an act. It is there while it is empty, so that its text is announced.
pub(crate) fn fault_line(acting: &Acting) -> Html {
    html! {
        <p class="fault" role="alert" data-test="fault">
            { acting.fault.as_ref().map(Fault::words).unwrap_or_default() }
        </p>
    }
}
