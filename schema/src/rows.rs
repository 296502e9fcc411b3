//! Rows of a table: in pages, and in changes beside the pages. Pure, so that it can be tested without a
//! browser.
//!
//! A page holds its rows by ascending key. Later changes are spread over hundreds of pages, so they are not
//! written into them at once: they are stored beside the pages in the same form, including removals, and laid
//! over the pages when these are read. The higher revision wins.

use sync::{StoreError, sort_by};

use crate::packing;

/// Rows in a new page: an eighth of the rows that a page of the app requests at a time, and more than the 64
/// KB from which browsers keep a value in a file of its own. That is cheaper than their log, which writes
/// values several times.
pub(crate) const PAGE_ROWS: usize = 313;
/// Maximum rows of a page before it is split.
const MAX_PAGE_ROWS: usize = 2 * PAGE_ROWS;

/// A row, or a tombstone of one.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Its key.
    pub(crate) key: String,
    /// The revision that wrote or removed it.
    pub(crate) rev: u64,
    /// Its JSON; `None` if it was removed.
    pub(crate) json: Option<Box<str>>,
    /// The hashes of its index keys, if already computed.
    pub(crate) index: Option<Vec<u32>>,
}

/// The error for a record that cannot be parsed.
pub(crate) fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// Rows by ascending key, each key once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows(Vec<Held>);

impl Rows {
    /// Sorts rows; of two with the same key, the newer is kept, and of two with the same revision, the later
    /// one.
    pub(crate) fn sorted(mut rows: Vec<Held>) -> Self {
        if !rows.is_sorted_by(|a, b| a.key < b.key) {
            sort_by(&mut rows, |a, b| a.key.cmp(&b.key).then(b.rev.cmp(&a.rev)));
            rows.dedup_by(|later, kept| {
                let is_same = later.key == kept.key;
                if is_same && later.rev == kept.rev {
                    std::mem::swap(later, kept);
                }
                is_same
            });
        }
        Self(rows)
    }

    /// Unpacks a record's bytes.
    pub(crate) fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        packing::unpack(bytes).map(Self)
    }

    /// Packs into a record's bytes.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, StoreError> {
        packing::pack(&self.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_slice(&self) -> &[Held] {
        &self.0
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [Held] {
        &mut self.0
    }

    pub(crate) fn first_key(&self) -> Option<&str> {
        self.0.first().map(|held| held.key.as_str())
    }

    pub(crate) fn last_key(&self) -> Option<&str> {
        self.0.last().map(|held| held.key.as_str())
    }

    /// The row or tombstone of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Held> {
        self.0.get(self.position(key)).filter(|held| held.key == key)
    }

    /// The position of `key`, or the position to insert it at.
    pub(crate) fn position(&self, key: &str) -> usize {
        self.0.partition_point(|held| held.key.as_str() < key)
    }

    /// Keeps those for which `keep` holds. Returns whether any row was removed.
    pub(crate) fn retain(&mut self, keep: &dyn Fn(&str) -> bool) -> bool {
        let before = self.len();
        self.0.retain(|held| keep(&held.key));
        self.len() < before
    }

    /// Takes out the rows for which `is_wanted` holds for the key.
    pub(crate) fn split(&mut self, is_wanted: &dyn Fn(&str) -> bool) -> Self {
        Self(self.0.extract_if(.., |held| is_wanted(&held.key)).collect())
    }

    /// Takes out the rows from `from` up to and excluding `to` (`None`: to the end).
    pub(crate) fn take_range(&mut self, from: &str, to: Option<&str>) -> Self {
        let end = to.map_or(self.len(), |to| self.position(to));
        Self(self.0.drain(self.position(from)..end).collect())
    }

    /// Lays newer rows over these: for each key the higher revision is kept, and with equal revisions the row
    /// from `over`.
    pub(crate) fn lay(&mut self, over: Self) {
        if self.last_key() < over.first_key() {
            return self.0.extend(over.0);
        }
        let mut merged = Vec::with_capacity(self.len() + over.len());
        let mut below = std::mem::take(&mut self.0).into_iter().peekable();
        for held in over.0 {
            while let Some(before) = below.next_if(|other| other.key < held.key) {
                merged.push(before);
            }
            match below.next_if(|other| other.key == held.key) {
                Some(newer) if newer.rev > held.rev => merged.push(newer),
                _ => merged.push(held),
            }
        }
        merged.extend(below);
        self.0 = merged;
    }

    /// Drops tombstones.
    pub(crate) fn settle(&mut self) {
        self.0.retain(|held| held.json.is_some());
    }

    /// Splits rows evenly into as many pages as needed.
    pub(crate) fn into_pages(self) -> Vec<Self> {
        if self.len() <= MAX_PAGE_ROWS {
            return if self.is_empty() { Vec::new() } else { vec![self] };
        }
        let page_rows = self.len().div_ceil(self.len().div_ceil(PAGE_ROWS));
        let mut pages = Vec::new();
        let mut rest = self.0;
        while rest.len() > page_rows {
            let after = rest.split_off(page_rows);
            pages.push(Self(std::mem::replace(&mut rest, after)));
        }
        pages.push(Self(rest));
        pages
    }
}

/// The pages with changes, those with most changes first.
pub(crate) fn most_changed(first_keys: &[String], changes: &Rows) -> Vec<usize> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for held in changes.as_slice() {
        let page = page_of(first_keys, &held.key);
        match counts.last_mut().filter(|(last, _)| *last == page) {
            Some((_, count)) => *count += 1,
            None => counts.push((page, 1)),
        }
    }
    sort_by(&mut counts, |a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts.into_iter().map(|(page, _)| page).collect()
}

/// The page of a key: the last whose first key is not above it, else the first. `first_keys` is ascending and
/// not empty.
fn page_of(first_keys: &[String], key: &str) -> usize {
    first_keys.partition_point(|first| first.as_str() <= key).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, u64, Option<&str>)]) -> Rows {
        let held = rows.iter().map(|(key, rev, json)| Held {
            key: (*key).to_owned(),
            rev: *rev,
            json: json.map(Into::into),
            index: None,
        });
        Rows::sorted(held.collect())
    }

    fn told(rows: &Rows) -> String {
        let told = rows
            .as_slice()
            .iter()
            .map(|held| format!("{}{}:{}", held.key, held.rev, held.json.as_deref().unwrap_or("-")));
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn pages_with_most_changes_come_first() {
        let firsts = ["b", "d", "f"].map(str::to_owned);
        let changes = rows(&[
            ("a", 1, None),
            ("c", 1, None),
            ("d", 1, None),
            ("f", 1, None),
            ("g", 1, None),
            ("h", 1, None),
        ]);
        assert_eq!(most_changed(&firsts, &changes), [2, 0, 1]);
        assert_eq!(most_changed(&[], &changes), [0], "a table without pages gets one");
        assert!(most_changed(&firsts, &Rows::default()).is_empty());
    }

    #[test]
    fn sorts_and_keeps_the_newest() {
        let sorted = rows(&[("b", 1, Some("3")), ("a", 5, Some("1")), ("a", 4, Some("2")), ("b", 1, None)]);
        assert_eq!(told(&sorted), "a5:1 b1:-");
        let key = |key| sorted.get(key).map(|held| held.rev);
        assert_eq!([key("a"), key("b"), key("aa")], [Some(5), Some(1), None]);
    }

    #[test]
    fn newer_rows_replace_the_others() {
        let mut page = rows(&[("a", 5, Some("1")), ("c", 5, Some("1")), ("e", 5, Some("1"))]);
        page.lay(rows(&[
            ("a", 4, Some("2")),
            ("b", 1, Some("2")),
            ("c", 5, None),
            ("d", 1, None),
            ("f", 1, None),
        ]));
        assert_eq!(told(&page), "a5:1 b1:2 c5:- d1:- e5:1 f1:-");
        page.settle();
        assert_eq!(told(&page), "a5:1 b1:2 e5:1");
        page.lay(rows(&[("g", 1, Some("3"))]));
        assert_eq!(told(&page), "a5:1 b1:2 e5:1 g1:3");
    }

    #[test]
    fn takes_ranges_out() {
        let some = || rows(&[("a", 1, None), ("b", 1, None), ("c", 1, None), ("d", 1, None)]);
        let mut left = some();
        assert_eq!(
            (told(&left.take_range("b", Some("d"))).as_str(), told(&left).as_str()),
            ("b1:- c1:-", "a1:- d1:-")
        );
        let mut left = some();
        assert_eq!(told(&left.take_range("bb", None)), "c1:- d1:-");
        let mut left = some();
        assert_eq!(
            (told(&left.split(&|key| key > "c")), left.retain(&|key| key != "a")),
            ("d1:-".to_owned(), true)
        );
        assert!(!left.retain(&|_| true));
        assert_eq!(told(&left), "b1:- c1:-");
    }

    #[test]
    fn splits_a_page_that_is_too_large() {
        let sizes = |count: usize| {
            let held = (0..count)
                .map(|n| Held { key: format!("{n:04}"), rev: 1, json: None, index: None })
                .collect();
            Rows::sorted(held).into_pages().iter().map(Rows::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(0), [] as [usize; 0]);
        assert_eq!(sizes(MAX_PAGE_ROWS), [MAX_PAGE_ROWS]);
        assert_eq!(sizes(MAX_PAGE_ROWS + 1), [209; 3]);
        assert_eq!(sizes(2_500), [[313; 7].as_slice(), &[309]].concat());
    }

    #[test]
    fn finds_the_page_of_a_key() {
        let firsts = ["b", "f", "k"].map(str::to_owned);
        let of = |key: &str| page_of(&firsts, key);
        assert_eq!([of("a"), of("b"), of("e"), of("f"), of("z")], [0, 0, 0, 1, 2]);
    }
}
