//! Whether the page is shown, or was left and may come back from the back/forward cache.
//!
//! A page in that cache runs no code, but its transactions keep their locks: in WebKit no other page of the
//! origin gets them any more. So nothing is open when a page is left, and nothing begins until it is shown
//! again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use web_sys::{EventTarget, IdbTransaction};

/// Pauses of [`Presence::shown`]. After them the page counts as shown although no event said so, because its timers run.
const MAX_AWAY_PAUSES: u32 = 40;
const AWAY_PAUSE_MILLIS: u32 = 50;

/// The page's presence, and its transactions that are not being committed.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    is_away: Cell<bool>,
    departures: Cell<u32>,
    open: RefCell<Vec<IdbTransaction>>,
}

impl Presence {
    /// Calls `on_leave` when the page is left, after all transactions were aborted. A worker is never left.
    pub(crate) fn watch(self: &Rc<Self>, on_leave: impl Fn() + 'static) -> Vec<EventListener> {
        let Ok(page) = js_sys::global().dyn_into::<EventTarget>() else { return Vec::new() };
        let (leaving, coming) = (Rc::clone(self), Rc::clone(self));
        vec![
            EventListener::new(&page, "pagehide", move |_| {
                leaving.leave();
                on_leave();
            }),
            EventListener::new(&page, "pageshow", move |_| coming.is_away.set(false)),
        ]
    }

    fn leave(&self) {
        self.is_away.set(true);
        self.departures.set(self.departures.get().wrapping_add(1));
        for transaction in self.open.take() {
            // Fails if it has ended already.
            drop(transaction.abort());
        }
    }

    /// The number of times that the page was left: a transaction that fails while this changes was interrupted.
    pub(crate) fn departures(&self) -> u32 {
        self.departures.get()
    }

    /// Waits until the page is shown, or until all pauses are over.
    pub(crate) async fn shown(&self) {
        for _ in 0..MAX_AWAY_PAUSES {
            if !self.is_away.get() {
                return;
            }
            TimeoutFuture::new(AWAY_PAUSE_MILLIS).await;
        }
        self.is_away.set(false);
    }

    /// Aborts a transaction when the page is left, unless it is forgotten before.
    pub(crate) fn enter(&self, transaction: &IdbTransaction) {
        self.open.borrow_mut().push(transaction.clone());
    }

    /// Forgets a transaction that ends by itself.
    pub(crate) fn forget(&self, transaction: &IdbTransaction) {
        self.open.borrow_mut().retain(|open| open != transaction);
    }
}
