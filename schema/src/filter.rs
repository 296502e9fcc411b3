//! Selects the pages to search for an index key. Pure.
//!
//! The filter of a page holds a hash of every index key of its rows: a few bytes a row, whereas an entry in
//! an IndexedDB index costs more to write than the row itself. On a hash collision, a page is read
//! unnecessarily.
//!
//! If the model's index keys have a version, it is the last byte, behind the hashes. A filter of an earlier build has a
//! lower one or none, and earlier builds ignore it: so each page tells by itself which keys its filter has, whatever build
//! wrote it last.

use sync::{Identity, StoreError, sort_by};

use crate::rows::{Held, Rows, corrupt};

const HASH_BYTES: usize = size_of::<u32>();

/// Returns the key and index keys of a row's JSON: a model's `identify_json`.
pub(crate) type Identify = fn(&str) -> Result<Identity, serde_json::Error>;

/// The filter of a page with these rows, with the version of the index keys.
pub(crate) fn filter_of(rows: &Rows, identify: Identify, version: u8) -> Result<Vec<u8>, StoreError> {
    let mut hashes = Vec::new();
    for held in rows.as_slice() {
        match &held.index {
            Some(known) => hashes.extend(known),
            None => hashes.extend(index_of(held, identify)?),
        }
    }
    sort_by(&mut hashes, |a, b| a.cmp(b));
    hashes.dedup();
    let last = (version > 0).then_some(version);
    Ok(hashes.into_iter().flat_map(u32::to_le_bytes).chain(last).collect())
}

/// Whether this filter has the index keys that are stored since a version.
pub(crate) fn has_keys_since(filter: &[u8], version: u8) -> bool {
    let (_, last) = filter.as_chunks::<HASH_BYTES>();
    last.first().copied().unwrap_or_default() >= version
}

/// Computes the hashes of rows that were read without them.
pub(crate) fn index(rows: &mut Rows, identify: Identify) -> Result<(), StoreError> {
    for held in rows.as_mut_slice().iter_mut().filter(|held| held.index.is_none()) {
        held.index = Some(index_of(held, identify)?);
    }
    Ok(())
}

/// Computes the hashes of all rows, and takes out those whose JSON has another key than they are stored under, because an
/// earlier build made keys otherwise. They are returned under both keys: the stored one first.
pub(crate) fn take_strays(rows: &mut Rows, identify: Identify) -> Result<Vec<(String, Held)>, StoreError> {
    let mut moved = Vec::new();
    for held in rows.as_mut_slice() {
        let Some(json) = &held.json else { continue };
        let Identity { key, index_keys } = identify(json).map_err(corrupt)?;
        held.index = Some(hashes_of(&index_keys));
        if key.key != held.key {
            moved.push((held.key.clone(), Held { key: key.key, ..held.clone() }));
        }
    }
    if !moved.is_empty() {
        // Rows are sorted by their stored keys.
        let is_moved = |key: &str| moved.binary_search_by(|(stored, _)| stored.as_str().cmp(key)).is_ok();
        drop(rows.split(&is_moved));
    }
    Ok(moved)
}

/// Whether a row may have this index key.
pub(crate) fn row_may_have(held: &Held, index_key: &str) -> bool {
    held.index.as_ref().is_none_or(|known| known.contains(&hash(index_key)))
}

fn index_of(held: &Held, identify: Identify) -> Result<Vec<u32>, StoreError> {
    let Some(json) = &held.json else { return Ok(Vec::new()) };
    Ok(hashes_of(&identify(json).map_err(corrupt)?.index_keys))
}

/// The hashes of index keys.
pub(crate) fn hashes_of(index_keys: &[String]) -> Vec<u32> {
    index_keys.iter().map(|key| hash(key)).collect()
}

/// Whether a page with this filter may have a row with this index key.
pub(crate) fn may_have(filter: &[u8], index_key: &str) -> bool {
    let (hashes, _) = filter.as_chunks::<HASH_BYTES>();
    hashes.binary_search_by_key(&hash(index_key), |hash| u32::from_le_bytes(*hash)).is_ok()
}

/// FNV-1a: chosen for its short code.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use sync::Records;
    use sync::conformance::Counters;

    use super::*;

    #[test]
    fn a_filter_knows_the_index_keys_of_its_page() {
        let held = |n: usize| {
            let json = format!(r#"{{"label":{{"key":"{n:04}","colour":"c{}"}}}}"#, n % 7);
            Held { key: format!("{n:04}"), rev: 1, json: Some(json.into()), index: None }
        };
        let rows = Rows::sorted((0..300).map(held).collect());
        let of_version = |version| filter_of(&rows, Counters::identify_json, version).expect("a filter");
        assert_eq!([of_version(0).len(), of_version(2).len()], [7 * HASH_BYTES, 7 * HASH_BYTES + 1]);
        for filter in [of_version(0), of_version(2)] {
            assert!((0..7).all(|n| may_have(&filter, &format!("colour:c{n}"))));
            assert!(!may_have(&filter, "colour:c7") && !may_have(&[], "colour:c1"));
        }
        let since = |version| [0, 1, 2, 3].map(|key| has_keys_since(&of_version(version), key));
        assert_eq!(since(0), [true, false, false, false]);
        assert_eq!(since(2), [true, true, true, false]);
    }

    #[test]
    fn rows_under_keys_of_earlier_builds_are_taken_out() {
        let held = |key: &str, own: &str| {
            let json = Some(format!(r#"{{"label":{{"key":"{own}","colour":"red"}}}}"#).into());
            Held { key: key.to_owned(), rev: 1, json, index: None }
        };
        let gone = Held { json: None, ..held("d", "d") };
        let mut rows = Rows::sorted(vec![held("a", "a"), held("b", "x"), held("c", "c"), gone]);
        let strays = take_strays(&mut rows, Counters::identify_json).expect("rows");
        let keys: Vec<_> = strays.iter().map(|(stored, held)| (stored.as_str(), held.key.as_str())).collect();
        assert_eq!(keys, [("b", "x")]);
        let left: Vec<_> =
            rows.as_slice().iter().map(|held| (held.key.as_str(), held.index.is_some())).collect();
        assert_eq!(left, [("a", true), ("c", true), ("d", false)]);
        assert!(take_strays(&mut rows, Counters::identify_json).expect("rows").is_empty());
    }

    #[test]
    fn a_row_that_was_read_back_is_indexed_once() {
        let json = r#"{"label":{"key":"a","colour":"red"}}"#.to_owned();
        let json = Some(json.into());
        let held = Held { key: "a".to_owned(), rev: 1, json, index: None };
        let gone = Held { key: "b".to_owned(), rev: 1, json: None, index: None };
        let mut rows = Rows::sorted(vec![held, gone]);
        assert!(row_may_have(&rows.as_slice()[1], "colour:blue"), "nobody knows yet");
        index(&mut rows, Counters::identify_json).expect("rows");
        let may = |at: usize, key| row_may_have(&rows.as_slice()[at], key);
        assert!(may(0, "colour:red") && !may(0, "colour:blue") && !may(1, "colour:red"));
    }
}
