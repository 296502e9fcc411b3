//! Half-filled forms, by the address of their page and the person who is signed in. They survive Back, a reload and the work of other
//! people. A draft is typed input, never stock.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sync::UnixMillis;

use super::signed_in;
use crate::words::local_storage;

const KEY: &str = "lotbook.drafts";
/// Maximum number of drafts of all people; the oldest is dropped.
const MAX_DRAFTS: usize = 40;
/// A draft that was not changed for this long belongs to an earlier shift.
const MAX_DRAFT_AGE_MILLIS: u64 = 12 * 60 * 60 * 1_000;
/// A longer draft is not kept; a transfer of a hundred lots is shorter.
const MAX_DRAFT_BYTES: usize = 64 * 1_024;

/// A draft as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    address: String,
    /// The person's id; empty at a site without people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    person: String,
    /// Time of its last change.
    at: UnixMillis,
    /// The page's own JSON, so that a draft of another build spoils no other.
    content: String,
}

/// All drafts, the oldest change first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Drafts(Vec<Stored>);

/// A page of a person.
#[derive(Clone, Copy)]
struct Place<'a> {
    address: &'a str,
    person: &'a str,
}

impl Place<'_> {
    fn has(&self, draft: &Stored) -> bool {
        draft.address == self.address && draft.person == self.person
    }
}

impl Drafts {
    fn load() -> Self {
        local_storage::read(KEY).unwrap_or_default()
    }

    fn expire(&mut self, now: UnixMillis) {
        self.0.retain(|draft| now.since(draft.at) < MAX_DRAFT_AGE_MILLIS);
    }

    fn of(&self, place: Place<'_>) -> Option<&Stored> {
        self.0.iter().find(|draft| place.has(draft))
    }

    /// Keeps a draft, and returns whether anything changed. The time of an unchanged one stays.
    fn keep(&mut self, place: Place<'_>, content: String, now: UnixMillis) -> bool {
        if self.of(place).is_some_and(|draft| draft.content == content) {
            return false;
        }
        self.0.retain(|draft| !place.has(draft));
        self.expire(now);
        if content.len() <= MAX_DRAFT_BYTES {
            let Place { address, person } = place;
            self.0.push(Stored { address: address.to_owned(), person: person.to_owned(), at: now, content });
        }
        let surplus = self.0.len().saturating_sub(MAX_DRAFTS);
        self.0.drain(..surplus);
        true
    }

    fn forget(&mut self, place: Place<'_>) -> bool {
        let before = self.0.len();
        self.0.retain(|draft| !place.has(draft));
        self.0.len() < before
    }
}

/// The draft of a page with the time of its last change, if there is one that can be read.
pub(crate) fn find<T: DeserializeOwned>(address: &str, now: UnixMillis) -> Option<(UnixMillis, T)> {
    let mut drafts = Drafts::load();
    drafts.expire(now);
    let draft = drafts.of(Place { address, person: &signed_in::person_kept() })?;
    Some((draft.at, serde_json::from_str(&draft.content).ok()?))
}

/// Keeps the draft of a page.
pub(crate) fn keep(address: &str, content: &impl Serialize, now: UnixMillis) {
    let Ok(content) = serde_json::to_string(content) else { return };
    let mut drafts = Drafts::load();
    if drafts.keep(Place { address, person: &signed_in::person_kept() }, content, now) {
        local_storage::keep(KEY, &drafts);
    }
}

/// Drops the draft of a page.
pub(crate) fn forget(address: &str) {
    let mut drafts = Drafts::load();
    if drafts.forget(Place { address, person: &signed_in::person_kept() }) {
        local_storage::keep(KEY, &drafts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: UnixMillis = UnixMillis(1_000);

    const fn at(address: &str) -> Place<'_> {
        Place { address, person: "" }
    }

    fn text(drafts: &Drafts, address: &str) -> Option<String> {
        drafts.of(at(address)).map(|draft| draft.content.clone())
    }

    #[test]
    fn a_draft_belongs_to_its_address() {
        let mut drafts = Drafts::default();
        assert!(drafts.keep(at("/a"), "1".into(), SECOND));
        assert!(drafts.keep(at("/b"), "2".into(), SECOND));
        assert!(drafts.keep(at("/a"), "3".into(), SECOND));
        assert_eq!((text(&drafts, "/a"), text(&drafts, "/b")), (Some("3".into()), Some("2".into())));
        assert!(drafts.forget(at("/a")));
        assert!(!drafts.forget(at("/a")));
        assert_eq!((text(&drafts, "/a"), text(&drafts, "/b")), (None, Some("2".into())));
    }

    #[test]
    fn a_draft_belongs_to_its_person() {
        let mut drafts = Drafts::default();
        let (ada, bea) = (Place { address: "/a", person: "ada" }, Place { address: "/a", person: "bea" });
        drafts.keep(ada, "1".into(), SECOND);
        assert_eq!((drafts.of(bea), text(&drafts, "/a")), (None, None));
        drafts.keep(bea, "2".into(), SECOND);
        assert!(drafts.forget(bea));
        assert_eq!(drafts.of(ada).map(|draft| draft.content.as_str()), Some("1"));
    }

    #[test]
    fn looking_at_a_draft_does_not_make_it_younger() {
        let mut drafts = Drafts::default();
        drafts.keep(at("/a"), "1".into(), SECOND);
        assert!(!drafts.keep(at("/a"), "1".into(), SECOND.plus(5)));
        assert_eq!(drafts.of(at("/a")).map(|draft| draft.at), Some(SECOND));
    }

    #[test]
    fn drafts_are_limited_in_number_age_and_length() {
        let mut drafts = Drafts::default();
        for n in 0..=MAX_DRAFTS {
            drafts.keep(at(&format!("/{n}")), "x".into(), SECOND);
        }
        assert_eq!((drafts.0.len(), text(&drafts, "/0")), (MAX_DRAFTS, None), "the oldest is dropped");
        drafts.keep(at("/1"), "x".repeat(MAX_DRAFT_BYTES + 1), SECOND);
        assert_eq!(text(&drafts, "/1"), None, "neither the long one nor what it replaces");
        drafts.expire(SECOND.plus(MAX_DRAFT_AGE_MILLIS - 1));
        assert_eq!(drafts.0.len(), MAX_DRAFTS - 1);
        drafts.expire(SECOND.plus(MAX_DRAFT_AGE_MILLIS));
        assert_eq!(drafts, Drafts::default());
    }
}
