//! Who works on this device: signing in and out, and following the rows of people and the other windows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use client::{Change, Host as _, Signer};
use domain::{Action, Authority, PEOPLE, Person, SITE_SETTINGS};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use sync::{Changed, Mutation, Read, Rows, Store, StoreError, Timer};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;

use super::Book;
use super::approval::Asked;
use super::lock_timer;
use super::people::People;
use crate::device::signed_in::{self, SignedIn};
use crate::rest::NotLoaded;

/// Settings of a site that this device reads.
const MAX_SETTINGS: usize = 1_000;
/// People of a site, with those who have left.
const MAX_PEOPLE_READ: usize = 10_000;
/// How often a touch is written for the other windows and the next start.
const KEEP_EVERY_MILLIS: u64 = 5_000;

/// The person who may use the device now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The site has no people.
    Open,
    /// The site has people, and nobody is signed in. `is_looking` if somebody chose to look at the stock.
    Locked { is_looking: bool },
    /// This person.
    By(Uuid),
}

/// The state of this window.
#[derive(Default)]
pub(super) struct Staff {
    people: RefCell<Rc<People>>,
    is_read: Cell<bool>,
    has_begun: Cell<bool>,
    signed: RefCell<Option<SignedIn>>,
    /// The last touch, in the milliseconds of a clock that nobody can set.
    touched_millis: Cell<u64>,
    is_looking: Cell<bool>,
    pub(super) asked: RefCell<Option<Rc<Asked>>>,
    /// The draft that is saved although it lacks an approval.
    pub(super) waived: Cell<Option<Uuid>>,
}

impl Book {
    /// Takes up who was signed in, and reads the people after the first paint; before it if the site is known to have some.
    pub(super) fn begin_staff(&self) {
        self.take_up(SignedIn::load(browser::now()));
        let book = self.clone();
        spawn_local(async move {
            if book.door() == Door::Open {
                book.wait_for_first_paint().await;
            }
            // The next save tries again.
            drop(read_people(book).await);
        });
    }

    /// Follows changed rows.
    pub(super) async fn follow_staff(&self, changed: &Changed) {
        let is_theirs = match changed {
            Changed::Nothing => false,
            Changed::Many => true,
            Changed::Rows(keys) => {
                keys.iter().any(|key| [PEOPLE, SITE_SETTINGS].contains(&key.table.as_ref()))
            }
        };
        if is_theirs {
            // The next change tries again.
            drop(read_people(self.clone()).await);
        }
    }

    /// The person who may use the device now.
    pub(crate) fn door(&self) -> Door {
        match &*self.0.staff.signed.borrow() {
            None => Door::Open,
            Some(SignedIn { person: None, .. }) => Door::Locked { is_looking: self.0.staff.is_looking.get() },
            Some(SignedIn { person: Some(person), .. }) => Door::By(*person),
        }
    }

    /// The initials of the person who is signed in.
    pub(crate) fn initials(&self) -> String {
        self.0.staff.signed.borrow().as_ref().map_or_else(String::new, |signed| signed.initials.clone())
    }

    /// The person who is signed in.
    pub(crate) fn person(&self) -> Option<Uuid> {
        if let Door::By(person) = self.door() { Some(person) } else { None }
    }

    /// The people and the rules, as far as they have been read.
    pub(crate) fn people(&self) -> Rc<People> {
        self.0.staff.people.borrow().clone()
    }

    /// Shows the stock to somebody who is not signed in, or asks who they are.
    pub(crate) fn look(&self, is_looking: bool) {
        self.0.staff.is_looking.set(is_looking);
        self.emit_changed(Change::default());
    }

    /// Reads the people unless that has been done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn have_people(&self) -> Result<(), StoreError> {
        if self.0.staff.is_read.get() { Ok(()) } else { self.take_in_people().await }
    }

    async fn take_in_people(&self) -> Result<(), StoreError> {
        let all = |table, limit| Read::Prefix { table, prefix: String::new(), limit };
        let reads = [all(PEOPLE, MAX_PEOPLE_READ), all(SITE_SETTINGS, MAX_SETTINGS)];
        let found = self.client().noted(self.store().read(&reads).await)?;
        let people = People::of(found.rows.into_iter().map(|held| held.row).collect());
        let is_new = !self.0.staff.is_read.replace(true) || *self.people() != people;
        if is_new {
            self.0.staff.people.replace(Rc::new(people));
            self.follow_people();
        }
        Ok(())
    }

    /// Fits the state to the people.
    fn follow_people(&self) {
        let people = self.people();
        if people.is_empty() {
            if self.door() != Door::Open {
                signed_in::forget();
                self.take_up(None);
                self.emit_changed(Change::default());
            }
            return;
        }
        self.begin_locking();
        let lock_minutes = people.rules().lock_minutes;
        let now = browser::now();
        let before = self.0.staff.signed.borrow().clone();
        let person = before.as_ref().and_then(|signed| people.find(signed.person?));
        let after = match (before, person) {
            (Some(signed), Some(person)) => {
                SignedIn { lock_minutes, initials: person.initials.clone(), ..signed }
            }
            _ => SignedIn::locked(now, lock_minutes),
        };
        after.keep();
        self.take_up(Some(after));
        self.emit_changed(Change::default());
    }

    /// Begins to refuse what people may not do, and to lock. A no-op after the first time.
    fn begin_locking(&self) {
        if self.0.staff.has_begun.replace(true) {
            return;
        }
        let weak = Rc::downgrade(&self.0);
        self.client().permit_with(move |mutation, rows| match weak.upgrade() {
            Some(inner) if inner.staff.waived.get() != Some(mutation.id) => {
                Self(inner).people().permit(mutation, rows)
            }
            _ => Ok(()),
        });
        lock_timer::begin(self);
    }

    /// Signs a person in.
    pub(crate) fn sign_in(&self, person: &Person) {
        let lock_minutes = self.people().rules().lock_minutes;
        let (at, initials) = (browser::now(), person.initials.clone());
        let signed = SignedIn { person: Some(person.id), at, lock_minutes, initials };
        signed.keep();
        self.take_up(Some(signed));
        self.emit_changed(Change::default());
    }

    /// Signs whoever is signed in out.
    pub(crate) fn lock(&self) {
        let lock_minutes = self.people().rules().lock_minutes;
        let locked = SignedIn::locked(browser::now(), lock_minutes);
        locked.keep();
        self.take_up(Some(locked));
        self.emit_changed(Change::default());
    }

    /// Takes up what another window has kept.
    pub(super) fn follow_windows(&self) {
        let Some(kept) = SignedIn::load(browser::now()) else { return };
        let before = self.0.staff.signed.borrow().clone();
        if before.as_ref() == Some(&kept) {
            return;
        }
        let is_other = before.and_then(|signed| signed.person) != kept.person;
        self.take_up(Some(kept));
        if is_other {
            self.emit_changed(Change::default());
        }
    }

    fn take_up(&self, signed: Option<SignedIn>) {
        let person = signed.as_ref().and_then(|signed| signed.person);
        self.client().set_signer(person.map(|person| Signer { person, approved_by: None }));
        let before = self.person();
        self.0.staff.signed.replace(signed);
        self.0.staff.touched_millis.set(self.running_millis());
        if before != person {
            self.0.staff.is_looking.set(false);
            self.answer_asked(None);
        }
    }

    fn running_millis(&self) -> u64 {
        self.client().host().timer().running_millis()
    }

    /// Notes a touch or a scan, unless it comes too late.
    pub(super) fn touch(&self) {
        if self.lock_if_left() || self.person().is_none() {
            return;
        }
        self.0.staff.touched_millis.set(self.running_millis());
        let now = browser::now();
        let mut signed = self.0.staff.signed.borrow_mut();
        if let Some(signed) = signed.as_mut().filter(|signed| now.since(signed.at) >= KEEP_EVERY_MILLIS) {
            signed.at = now;
            signed.keep();
        }
    }

    /// Locks the device if nobody has touched it for too long. Returns whether it did.
    pub(super) fn lock_if_left(&self) -> bool {
        let idle_millis = self.running_millis().saturating_sub(self.0.staff.touched_millis.get());
        let is_left = self.0.staff.signed.borrow().as_ref().is_some_and(|signed| {
            // One of the clocks stands still while the device sleeps; the other can be set.
            signed.person.is_some() && (signed.is_over(idle_millis) || signed.has_lapsed(browser::now()))
        });
        if is_left {
            self.lock();
        }
        is_left
    }

    /// The name of the person who answers for a mutation, or what it claims.
    pub(crate) fn author_of(&self, mutation: &Mutation<Action>) -> String {
        let people = self.people();
        let name = mutation.signed_by.and_then(|signed| people.name(signed.person));
        name.unwrap_or(&mutation.author).to_owned()
    }

    /// Whether the person who is signed in does this only with an approval.
    pub(crate) fn needs_approval(&self, action: &Action) -> bool {
        let authority =
            self.person().and_then(|person| self.people().authority(person, action, &Rows::new()));
        matches!(authority, Some(Authority::WithApproval(_)))
    }
}

/// Reads the people with code from the split-off part of the wasm.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
fn read_people(book: Book) -> LocalBoxFuture<'static, ()> {
    // The next reader of an unreadable store reports the error.
    async move { drop(book.take_in_people().await) }.boxed_local()
}
