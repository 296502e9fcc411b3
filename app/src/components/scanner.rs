//! Scans from anywhere: one listener for the whole app, a queue so that none is lost while another is looked up, and a
//! page on top that may want them for itself.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::chip::Tone;
use super::desk::{Desk, use_desk};
use super::scan_listener::ScanListener;
use super::toasts::{Toast, Toasts};
use crate::book::{Book, LookUp};
use crate::hooks::use_book;
use crate::route::Route;

/// Scans waiting to be looked up; more than a person scans while one look-up runs.
const MAX_QUEUED_SCANS: usize = 50;

/// What a page does with scans while it is shown.
#[derive(Clone, PartialEq)]
pub(crate) struct ScanTarget {
    /// Takes a code as scanned, if it is one of the page's own (a lot, a bin): then true.
    pub(crate) on_code: Callback<String, bool>,
    /// Takes the product that any other code stands for.
    pub(crate) on_product: Callback<Uuid>,
}

#[derive(Clone)]
struct Surroundings {
    book: Book,
    toasts: Toasts,
    navigator: Navigator,
}

#[derive(Default)]
struct Hub {
    waiting: RefCell<VecDeque<String>>,
    is_busy: Cell<bool>,
    target: RefCell<Option<ScanTarget>>,
    surroundings: RefCell<Option<Surroundings>>,
}

/// Where scans are handed in.
#[derive(Clone, Default)]
pub(crate) struct Scans(Rc<Hub>);

impl PartialEq for Scans {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Scans {
    /// Hands in a scanned or typed code; they are dealt with one by one, in order.
    pub(crate) fn submit(&self, code: &str) {
        let code = code.trim();
        if code.is_empty() {
            return;
        }
        let is_full = self.0.waiting.borrow().len() >= MAX_QUEUED_SCANS;
        match (is_full, self.surroundings()) {
            (true, Some(around)) => around.toasts.show(Toast::new(
                Tone::Attention,
                "Too many scans at once",
                format!("{code} was not taken. Wait a moment, then scan it again."),
            )),
            (true, None) => {}
            (false, _) => self.0.waiting.borrow_mut().push_back(code.to_owned()),
        }
        if !self.0.is_busy.replace(true) {
            let scans = self.clone();
            spawn_local(async move { scans.work_off().await });
        }
    }

    async fn work_off(&self) {
        loop {
            let next = self.0.waiting.borrow_mut().pop_front();
            let Some(code) = next else { break };
            self.deal_with(code).await;
        }
        self.0.is_busy.set(false);
    }

    async fn deal_with(&self, code: String) {
        let target = self.0.target.borrow().clone();
        if target.as_ref().is_some_and(|target| target.on_code.emit(code.clone())) {
            return;
        }
        let Some(Surroundings { book, toasts, navigator }) = self.surroundings() else { return };
        match book.look_up(&code).await {
            LookUp::Product(id) => match self.0.target.borrow().clone() {
                Some(target) => target.on_product.emit(id),
                None => navigator.push(&Route::Product { id }),
            },
            LookUp::Unknown { message } => {
                let add = Callback::from(move |()| navigator.push(&AnyRoute::new(new_product_path(&code))));
                toasts.show(Toast::new(Tone::Attention, "Unknown code", message).offering("Add", add));
            }
            LookUp::Failed(message) => {
                toasts.show(Toast::new(Tone::Attention, format!("{code} was not looked up"), message));
            }
        }
    }

    fn surroundings(&self) -> Option<Surroundings> {
        self.0.surroundings.borrow().clone()
    }
}

fn new_product_path(code: &str) -> String {
    format!("{}?barcode={}", Route::NewProduct.to_path(), js_sys::encode_uri_component(code))
}

/// Where scans are handed in.
#[hook]
pub(crate) fn use_scans() -> Scans {
    use_desk().scans
}

/// Gives scans to this page while it is shown.
#[hook]
pub(crate) fn use_scan_target(target: ScanTarget) {
    let scans = use_scans();
    use_effect_with((scans, target), |(scans, target)| {
        let hub = scans.0.clone();
        let mine = target.clone();
        hub.target.replace(Some(mine.clone()));
        move || {
            // A page that came after this one may have taken over already.
            let is_mine = hub.target.borrow().as_ref() == Some(&mine);
            if is_mine {
                hub.target.replace(None);
            }
        }
    });
}

/// Listens for scans anywhere. Use it once, near the root.
#[hook]
pub(crate) fn use_scan_listener(desk: &Desk) {
    let (book, navigator) = (use_book(), use_navigator());
    if let Some(navigator) = navigator {
        let around = Surroundings { book, toasts: desk.toasts.clone(), navigator };
        desk.scans.0.surroundings.replace(Some(around));
    }
    use_effect_with(desk.scans.clone(), |scans| {
        let scans = scans.clone();
        let listener = ScanListener::new(move |code| scans.submit(&code));
        move || drop(listener)
    });
}
