//! Approvals: what a person may not do alone is saved with the approval of somebody who may, or waits in the inbox.

use std::cell::RefCell;
use std::rc::Rc;

use client::{Change, RecordError, RetryBase};
use domain::{Action, Authority, Conflict, Person, Role, Warehouse, needed_role};
use futures::channel::oneshot;
use sync::{Draft, Model as _, Mutation, Read, Records as _, Refusal, Rows, SignedBy, StoreError};
use uuid::Uuid;

use super::people::{APPROVAL_NEEDED, approval_needed, not_allowed, not_signed_in};
use super::{Book, Queued};

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approval {
    /// This person approves it.
    By(Uuid),
    /// It is saved without, and waits in every inbox until somebody approves it.
    InInbox,
}

/// A request that waits for an answer.
pub(crate) struct Asked {
    pub(crate) action: Action,
    /// The least role that may approve it.
    pub(crate) needed: Role,
    /// Whether it may wait in the inbox. What waits there already may not.
    pub(crate) may_wait: bool,
    answer: RefCell<Option<oneshot::Sender<Approval>>>,
}

impl Asked {
    /// Whether a person may approve it.
    pub(crate) fn may_approve(&self, person: &Person) -> bool {
        person.active && person.role >= self.needed
    }
}

impl Book {
    /// The request that waits for an answer.
    pub(crate) fn asked(&self) -> Option<Rc<Asked>> {
        self.0.staff.asked.borrow().clone()
    }

    /// Answers the request; `None` if it is not answered.
    pub(crate) fn answer_asked(&self, answer: Option<Approval>) {
        let Some(asked) = self.0.staff.asked.take() else { return };
        if let (Some(sender), Some(answer)) = (asked.answer.take(), answer) {
            // The receiver may be gone.
            sender.send(answer).unwrap_or_default();
        }
        self.emit_changed(Change::default());
    }

    async fn ask(&self, action: &Action, needed: Role, may_wait: bool) -> Option<Approval> {
        let (sender, receiver) = oneshot::channel();
        let answer = RefCell::new(Some(sender));
        let asked = Rc::new(Asked { action: action.clone(), needed, may_wait, answer });
        // An earlier request is not answered.
        self.answer_asked(None);
        self.0.staff.asked.replace(Some(asked));
        self.emit_changed(Change::default());
        receiver.await.ok()
    }

    /// Checks a draft, and asks for an approval if it needs one.
    ///
    /// # Errors
    /// [`RecordError`].
    pub(super) async fn check_or_ask(&self, draft: &mut Draft<Action>) -> Result<(), RecordError> {
        match self.check(draft).await {
            Err(RecordError::Refused(refusal)) if refusal.code == APPROVAL_NEEDED => {
                let needed = self.needed(&draft.action).await?;
                let answer = self.ask(&draft.action, needed, true).await;
                self.take_answer(draft, answer, refusal)?;
                let checked = self.check(draft).await;
                self.0.staff.waived.set(None);
                checked
            }
            checked => checked,
        }
    }

    /// Like [`Self::check_or_ask`], for a draft on rows that are not on this device.
    ///
    /// # Errors
    /// [`RecordError`].
    pub(super) async fn permit_elsewhere(&self, draft: &mut Draft<Action>) -> Result<(), RecordError> {
        let mutation = Mutation::from_draft(draft.clone(), 0, Warehouse::SCHEMA);
        match self.people().permit(&mutation, &Rows::new()) {
            Err(refusal) if refusal.code == APPROVAL_NEEDED => {
                let needed = needed_role(&draft.action, self.people().rules(), &Rows::new());
                let answer = self.ask(&draft.action, needed, true).await;
                self.take_answer(draft, answer, refusal)?;
                self.0.staff.waived.set(None);
                Ok(())
            }
            permitted => Ok(permitted?),
        }
    }

    fn take_answer(
        &self,
        draft: &mut Draft<Action>,
        answer: Option<Approval>,
        refusal: Refusal,
    ) -> Result<(), RecordError> {
        match (answer, &mut draft.signed_by) {
            (Some(Approval::By(approver)), Some(signed)) => signed.approved_by = Some(approver),
            (Some(Approval::InInbox), Some(_)) => self.0.staff.waived.set(Some(draft.id)),
            (None, _) | (_, None) => return Err(refusal.into()),
        }
        Ok(())
    }

    /// The least role that may do it alone, by the rows as this device shows them.
    async fn needed(&self, action: &Action) -> Result<Role, StoreError> {
        let touched = Warehouse::touches(action);
        let reads: Vec<Read> = touched.iter().cloned().map(Read::Row).collect();
        let shown = self.client().view(&reads, |key| touched.contains(key)).await?;
        Ok(needed_role(action, self.people().rules(), &shown.view.rows))
    }

    /// Retries a refused mutation of this device, as it is or as `action`.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is unchanged.
    pub(crate) async fn retry(
        &self,
        id: Uuid,
        action: Option<Action>,
        base: RetryBase,
    ) -> Result<(), RecordError> {
        let queue = self.client().queue();
        let entry = queue.iter().find(|record| record.mutation.id == id).cloned().ok_or(StoreError::Gone)?;
        let action = action.unwrap_or_else(|| entry.mutation.action.clone());
        let signed = self.signature_of_retry(&entry, &action).await?;
        self.client().retry_signed(id, action, base, signed).await.map(drop)
    }

    /// The signature of a retry: that of the person who retries, if they may do it alone; else still the first person's, with an
    /// approval if one is needed.
    async fn signature_of_retry(
        &self,
        entry: &Queued,
        action: &Action,
    ) -> Result<Option<SignedBy>, RecordError> {
        self.have_people().await?;
        let people = self.people();
        let first = entry.mutation.signed_by;
        if people.is_empty() {
            return Ok(first);
        }
        let me = self.person().and_then(|me| people.find(me)).ok_or_else(not_signed_in)?;
        let first = first.and_then(|signed| people.find(signed.person)).unwrap_or(me);
        let needed = self.needed(action).await?;
        let by =
            |person: &Person, approved_by| Ok(Some(SignedBy { person: person.id, approved_by, seen_rev: 0 }));
        if me.role >= needed {
            by(me, None)
        } else if me.role == Role::Viewer {
            Err(not_allowed().into())
        } else if first.role >= needed {
            by(first, None)
        } else {
            match self.ask(action, needed, false).await {
                Some(Approval::By(approver)) => by(first, Some(approver)),
                Some(Approval::InInbox) | None => Err(approval_needed(needed).into()),
            }
        }
    }

    /// Books the request of another device, in the name of the person who is signed in.
    ///
    /// # Errors
    /// [`RecordError`]; the request stays.
    pub(crate) async fn book_request(&self, conflict: &Conflict) -> Result<(), RecordError> {
        let action = conflict.action().ok_or(StoreError::Gone)?;
        let base = self.client().revision_of(&action).await?;
        let mut draft = self.draft(action, base, Some(conflict.id));
        self.check_or_ask(&mut draft).await?;
        self.client().save(draft).await.map(drop)
    }

    /// Whether the person who is signed in may do it alone.
    pub(super) fn may_alone(&self, action: &Action) -> bool {
        let people = self.people();
        let authority = self.person().and_then(|person| people.authority(person, action, &Rows::new()));
        people.is_empty() || authority == Some(Authority::Alone)
    }

    /// Whether the person who is signed in may drop a pending or refused mutation of this device.
    ///
    /// # Errors
    /// A [`Refusal`] in the language of the screens.
    pub(crate) fn may_drop(&self, id: Uuid) -> Result<(), Refusal> {
        let queue = self.client().queue();
        let entry = queue.iter().find(|record| record.mutation.id == id);
        entry.map_or(Ok(()), |entry| self.people().may_drop(self.person(), entry.mutation.signed_by))
    }
}
