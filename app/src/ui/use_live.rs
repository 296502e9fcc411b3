//! A state that is always the newest, also for callbacks made before it changed: scans come faster than pages are drawn.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// A value, and a page that is drawn anew when it changes.
#[derive(Clone)]
pub(crate) struct Live<T: 'static> {
    value: Rc<RefCell<T>>,
    redraw: UseForceUpdateHandle,
}

impl<T: Clone + PartialEq> Live<T> {
    /// As it is now.
    pub(crate) fn get(&self) -> T {
        self.value.borrow().clone()
    }

    /// Puts another in its place.
    pub(crate) fn set(&self, value: T) {
        if *self.value.borrow() != value {
            self.value.replace(value);
            self.redraw.force_update();
        }
    }

    /// Changes it.
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

/// A state that begins as `first` makes it.
#[hook]
pub(crate) fn use_live<T: 'static>(first: impl FnOnce() -> T) -> Live<T> {
    Live { value: use_mut_ref(first), redraw: use_force_update() }
}
