//! What has changed in a table since its pages were written. Pure.
//!
//! A few changed rows, spread over hundreds of pages, are not worth writing those pages again: they are kept beside
//! them, each commit's in one record, and lie over the pages when those are read. The higher revision wins.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::pages::{HeldRow, KeyText, PageRows};

/// A row as it now is, or none if it was removed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The revision that wrote or removed it.
    pub(crate) rev: u64,
    /// Its JSON.
    pub(crate) json: Option<Box<RawValue>>,
}

impl Change {
    /// Whether this is what counts, and not what a page has.
    pub(crate) fn counts_over(&self, held: Option<u64>) -> bool {
        held.is_none_or(|rev| rev <= self.rev)
    }
}

/// A change in a record's bytes.
#[derive(Serialize, Deserialize)]
struct RunRow<'a>(u64, #[serde(borrow)] KeyText<'a>, #[serde(borrow)] Option<&'a RawValue>);

/// Changes by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(BTreeMap<String, Change>);

impl Recent {
    /// Rows and removals.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Change> {
        self.0.get(key)
    }

    /// Adds a change, unless a newer one is known.
    pub(crate) fn put(&mut self, key: String, change: Change) {
        if self.0.get(&key).is_none_or(|known| known.rev <= change.rev) {
            self.0.insert(key, change);
        }
    }

    /// Adds what another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        for (key, change) in other.0 {
            self.put(key, change);
        }
    }

    /// Takes those out for which `keep` does not hold. Returns whether there were any.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) -> bool {
        let before = self.len();
        self.0.retain(|key, _| keep(key));
        self.len() < before
    }

    /// Changes by rising key: from `from`, or after it, while the key starts with `prefix`.
    pub(crate) fn range<'a>(
        &'a self,
        from: Bound<&'a str>,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Change)> {
        let range = self.0.range::<str, _>((from, Bound::Unbounded));
        range.map(|(key, change)| (key.as_str(), change)).take_while(move |(key, _)| key.starts_with(prefix))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Change)> {
        self.0.iter().map(|(key, change)| (key.as_str(), change))
    }

    /// Lays the changes of keys from `from` (none: from the beginning) to before `to` (none: to the end) over the rows
    /// of the page of that range, and takes them out.
    pub(crate) fn fold_into(&mut self, rows: &mut PageRows, from: Option<&str>, to: Option<&str>) {
        let mut these = match from {
            Some(from) => self.0.split_off(from),
            None => std::mem::take(&mut self.0),
        };
        let mut others = to.map(|to| these.split_off(to)).unwrap_or_default();
        self.0.append(&mut others);
        for (key, change) in these {
            if !change.counts_over(rows.get(&key).map(|held| held.rev)) {
                continue;
            }
            match change.json {
                Some(json) => drop(rows.insert(key, HeldRow { rev: change.rev, json, index: None })),
                None => drop(rows.remove(&key)),
            }
        }
    }

    /// The bytes of a record.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, serde_json::Error> {
        let rows = self.0.iter();
        let rows: Vec<RunRow<'_>> = rows
            .map(|(key, change)| RunRow(change.rev, KeyText(key.into()), change.json.as_deref()))
            .collect();
        serde_json::to_vec(&rows)
    }

    /// What a record's bytes hold.
    pub(crate) fn unpack(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let rows: Vec<RunRow<'_>> = serde_json::from_slice(bytes)?;
        let changes = rows.into_iter().map(|RunRow(rev, key, json)| {
            (key.0.into_owned(), Change { rev, json: json.map(ToOwned::to_owned) })
        });
        Ok(Self(changes.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(changes: &[(&str, u64, Option<&str>)]) -> Recent {
        let mut recent = Recent::default();
        for (key, rev, json) in changes {
            let json = json.map(|json| RawValue::from_string(json.to_owned()).expect("JSON"));
            recent.put((*key).to_owned(), Change { rev: *rev, json });
        }
        recent
    }

    fn told(recent: &Recent) -> String {
        let told = recent.iter().map(|(key, change)| {
            format!("{key}{}{}", change.rev, change.json.as_deref().map_or("-", RawValue::get))
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_newer_change_counts() {
        let changes = [("a", 5, Some("1")), ("a", 4, Some("2")), ("b", 1, Some("3")), ("b", 1, None)];
        let mut known = recent(&changes);
        assert_eq!(told(&known), "a51 b1-");
        known.append(recent(&[("a", 6, None), ("b", 0, Some("9")), ("c", 1, Some("4"))]));
        assert_eq!(told(&known), "a6- b1- c14");
        assert_eq!(told(&Recent::unpack(&known.pack().expect("bytes")).expect("changes")), "a6- b1- c14");
    }

    #[test]
    fn is_read_in_order_from_a_key() {
        let known =
            recent(&[("a", 1, None), ("ba", 1, None), ("bb", 1, None), ("bc", 1, None), ("c", 1, None)]);
        let keys = |from, prefix| known.range(from, prefix).map(|(key, _)| key).collect::<Vec<_>>().join(" ");
        assert_eq!(keys(Bound::Included("b"), "b"), "ba bb bc");
        assert_eq!(keys(Bound::Excluded("bb"), "b"), "bc");
        assert_eq!(keys(Bound::Included(""), ""), "a ba bb bc c");
    }

    #[test]
    fn lies_over_a_page_within_its_range() {
        let page = |rows: &[(&str, u64)]| -> PageRows {
            let held = |rev| HeldRow {
                rev,
                json: RawValue::from_string("0".to_owned()).expect("JSON"),
                index: None,
            };
            rows.iter().map(|(key, rev)| ((*key).to_owned(), held(*rev))).collect()
        };
        let mut known = recent(&[
            ("a", 9, None),
            ("f", 4, Some("1")),
            ("g", 3, None),
            ("h", 9, None),
            ("i", 1, Some("2")),
            ("k", 9, None),
        ]);
        let mut rows = page(&[("f", 5), ("g", 3), ("h", 2)]);
        known.fold_into(&mut rows, Some("f"), Some("k"));
        let left: Vec<_> = rows.iter().map(|(key, held)| format!("{key}{}", held.json.get())).collect();
        assert_eq!((left.join(" ").as_str(), told(&known).as_str()), ("f0 i2", "a9- k9-"));
        known.fold_into(&mut rows, None, None);
        assert!(known.is_empty());
    }
}
