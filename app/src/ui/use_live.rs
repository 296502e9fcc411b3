//! A state whose current value is visible even in callbacks created before it changed: scans come faster than
//! redraws.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// A value that triggers a redraw when it changes.
#[derive(Clone)]
pub(crate) struct Live<T: 'static> {
    value: Rc<RefCell<T>>,
    redraw: UseForceUpdateHandle,
}

impl<T: Clone + PartialEq> Live<T> {
    /// The current value.
    pub(crate) fn get(&self) -> T {
        self.value.borrow().clone()
    }

    /// Replaces the value.
    pub(crate) fn set(&self, value: T) {
        if *self.value.borrow() != value {
            self.value.replace(value);
            self.redraw.force_update();
        }
    }

    /// Changes the value in place.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        let mut value = self.get();
        change(&mut value);
        self.set(value);
    }
}

impl<T> PartialEq for Live<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.value, &other.value)
    }
}

/// A state with the initial value from `first`.
#[hook]
pub(crate) fn use_live<T: 'static>(first: impl FnOnce() -> T) -> Live<T> {
    Live { value: use_mut_ref(first), redraw: use_force_update() }
}
