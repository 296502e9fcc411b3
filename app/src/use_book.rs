//! The book from context, and a version number for dependencies of effects.

use client::Signal;
use yew::prelude::*;

use crate::book::Book;
use client::use_provided;

/// The device's book.
#[hook]
pub(crate) fn use_book() -> Book {
    use_provided()
}

/// Changes whenever rows, queue or settings do, in any window.
#[hook]
pub(crate) fn use_book_version() -> u64 {
    let book = use_book();
    let version = use_state(|| 0_u64);
    {
        let setter = version.setter();
        use_effect_with(book, move |book| {
            let count = std::cell::Cell::new(0_u64);
            let watch = book.client().watch(move |signal| {
                if matches!(signal, Signal::Changed(_)) {
                    count.set(count.get() + 1);
                    setter.set(count.get());
                }
            });
            move || drop(watch)
        });
    }
    *version
}
