//! Callbacks that are called until their guard is dropped.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

type Callback<T> = Rc<dyn Fn(&T)>;

/// A list of callbacks for values of `T`. Clones are the same list.
pub struct Watchers<T>(Rc<List<T>>);

struct List<T> {
    next: Cell<u64>,
    callbacks: RefCell<Vec<(u64, Callback<T>)>>,
}

impl<T: 'static> Watchers<T> {
    /// Calls `callback` with every value until the returned guard is dropped.
    pub fn watch(&self, callback: impl Fn(&T) + 'static) -> Watch {
        let id = self.0.next.replace(self.0.next.get() + 1);
        self.0.callbacks.borrow_mut().push((id, Rc::new(callback)));
        let list: Weak<List<T>> = Rc::downgrade(&self.0);
        Watch(Some(Box::new(move || {
            if let Some(list) = list.upgrade() {
                list.callbacks.borrow_mut().retain(|(other, _)| *other != id);
            }
        })))
    }

    /// Calls every callback. They may watch, or drop guards, meanwhile.
    pub fn emit(&self, value: &T) {
        let callbacks = self.0.callbacks.borrow().clone();
        callbacks.iter().for_each(|(_, callback)| callback(value));
    }
}

impl<T> Default for Watchers<T> {
    fn default() -> Self {
        Self(Rc::new(List { next: Cell::default(), callbacks: RefCell::default() }))
    }
}

impl<T> Clone for Watchers<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Watchers<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watchers({})", self.0.callbacks.borrow().len())
    }
}

/// Removes its callback when dropped.
#[must_use = "dropping it removes the callback"]
pub struct Watch(Option<Box<dyn FnOnce()>>);

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(remove) = self.0.take() {
            remove();
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_guard_ends_the_calls_even_from_within_one() {
        let (watchers, heard) = (Watchers::<u8>::default(), Rc::new(Cell::new(0)));
        let own = Rc::new(RefCell::new(None));
        let once = {
            let (heard, own) = (Rc::clone(&heard), Rc::clone(&own));
            watchers.watch(move |value| {
                heard.set(heard.get() + value);
                drop(own.borrow_mut().take());
            })
        };
        own.replace(Some(once));
        watchers.emit(&1);
        watchers.emit(&1);
        assert_eq!(heard.get(), 1);
    }
}
