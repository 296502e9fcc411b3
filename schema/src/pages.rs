//! Pages of rows as bytes, and the filter that tells which pages to look into. Pure, so that it can be tested without a
//! browser.
//!
//! A page is the JSON array of its rows `[rev, key, row]` by rising key. Its filter holds a hash of every index key of
//! its rows: a few bytes a row, against an index entry of IndexedDB that costs more to write than the row itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sync::Records;

/// Rows a page is filled with.
pub(crate) const PAGE_ROWS: usize = 250;
/// Rows a page may grow to before it is split.
const MAX_PAGE_ROWS: usize = 500;
const HASH_BYTES: usize = size_of::<u32>();

/// Rows by key, as a page holds them.
pub(crate) type PageRows = BTreeMap<String, HeldRow>;

/// A row in a page.
#[derive(Clone, Debug)]
pub(crate) struct HeldRow {
    /// Its revision.
    pub(crate) rev: u64,
    /// Its JSON.
    pub(crate) json: Box<RawValue>,
    /// The hashes of its index keys, where they have been worked out already.
    pub(crate) index: Option<Vec<u32>>,
}

/// A row in a page's bytes.
#[derive(Serialize, Deserialize)]
pub(crate) struct PageRow<'a>(
    /// Its revision.
    pub(crate) u64,
    /// Its key.
    #[serde(borrow)]
    pub(crate) KeyText<'a>,
    /// Its JSON.
    #[serde(borrow)]
    pub(crate) &'a RawValue,
);

/// A key within a page's bytes.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KeyText<'a>(#[serde(borrow)] pub(crate) std::borrow::Cow<'a, str>);

/// The rows of a page's bytes, by rising key.
pub(crate) fn read_page(bytes: &[u8]) -> Result<Vec<PageRow<'_>>, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// The same to be changed.
pub(crate) fn unpack(bytes: &[u8]) -> Result<PageRows, serde_json::Error> {
    let rows = read_page(bytes)?.into_iter();
    Ok(rows
        .map(|PageRow(rev, key, json)| {
            (key.0.into_owned(), HeldRow { rev, json: json.to_owned(), index: None })
        })
        .collect())
}

/// A page's bytes.
pub(crate) fn pack<'a>(
    rows: impl IntoIterator<Item = (&'a String, &'a HeldRow)>,
) -> Result<Vec<u8>, serde_json::Error> {
    let rows: Vec<PageRow<'_>> =
        rows.into_iter().map(|(key, held)| PageRow(held.rev, KeyText(key.into()), &held.json)).collect();
    serde_json::to_vec(&rows)
}

/// The filter of a page with these rows.
pub(crate) fn filter_of<'a, M: Records>(
    rows: impl IntoIterator<Item = &'a HeldRow>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut hashes = Vec::new();
    for held in rows {
        match &held.index {
            Some(known) => hashes.extend(known),
            None => hashes.extend(hashes_of(&M::identify_json(held.json.get())?.index_keys)),
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// Whether a page with this filter may have a row with this index key.
pub(crate) fn may_have(filter: &[u8], index_key: &str) -> bool {
    let wanted = hash(index_key).to_le_bytes();
    filter.chunks_exact(HASH_BYTES).any(|hash| hash == wanted)
}

/// What a filter holds of index keys.
pub(crate) fn hashes_of(index_keys: &[String]) -> Vec<u32> {
    index_keys.iter().map(|key| hash(key)).collect()
}

/// FNV-1a: what matters here is that it is short.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The page a key belongs to: the last whose first key is not above it, else the first. `first_keys` rise and are not
/// empty.
pub(crate) fn page_of(first_keys: &[String], key: &str) -> usize {
    first_keys.partition_point(|first| first.as_str() <= key).saturating_sub(1)
}

/// Splits rows for as many pages as they need.
pub(crate) fn split(rows: PageRows) -> Vec<PageRows> {
    if rows.len() <= MAX_PAGE_ROWS {
        return if rows.is_empty() { Vec::new() } else { vec![rows] };
    }
    let mut pages = Vec::with_capacity(rows.len().div_ceil(PAGE_ROWS));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        pages.push(rows.by_ref().take(PAGE_ROWS).collect());
    }
    pages
}

#[cfg(test)]
mod tests {
    use sync::conformance::Counters;

    use super::*;

    fn rows(count: usize) -> PageRows {
        let row = |n: usize| {
            let json = format!(r#"{{"label":{{"key":"{n:04}","colour":"c{}"}}}}"#, n % 7);
            let json = RawValue::from_string(json).expect("JSON");
            (format!("{n:04}"), HeldRow { rev: n as u64, json, index: None })
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn packs_and_unpacks_a_page() {
        let page = rows(300);
        let unpacked = unpack(&pack(&page).expect("bytes")).expect("rows");
        let told = |rows: &PageRows| {
            let told = rows.iter().map(|(key, held)| format!("{key} {} {}", held.rev, held.json.get()));
            told.collect::<Vec<_>>()
        };
        assert_eq!(told(&unpacked), told(&page));
        assert!(unpack(b"<html>").is_err());
    }

    #[test]
    fn a_filter_knows_the_index_keys_of_its_page() {
        let filter = filter_of::<Counters>(rows(300).values()).expect("a filter");
        assert_eq!(filter.len(), 7 * HASH_BYTES);
        assert!((0..7).all(|n| may_have(&filter, &format!("colour:c{n}"))));
        assert!(!may_have(&filter, "colour:c7") && !may_have(&[], "colour:c1"));
    }

    #[test]
    fn splits_what_has_grown_too_large() {
        let sizes = |count| split(rows(count)).iter().map(BTreeMap::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), [] as [usize; 0]);
        assert_eq!(sizes(MAX_PAGE_ROWS), [MAX_PAGE_ROWS]);
        assert_eq!(sizes(MAX_PAGE_ROWS + 1), [250, 250, 1]);
    }

    #[test]
    fn finds_the_page_of_a_key() {
        let firsts = ["b", "f", "k"].map(str::to_owned);
        let of = |key: &str| page_of(&firsts, key);
        assert_eq!([of("a"), of("b"), of("e"), of("f"), of("z")], [0, 0, 0, 1, 2]);
    }
}
