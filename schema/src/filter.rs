//! Which pages to look into for an index key. Pure.
//!
//! A page's filter holds a hash of every index key of its rows: some bytes a row, where an entry in an index of IndexedDB
//! costs more to write than the row itself. A hash may be there without its key; then a page is read in vain.

use sync::{Records, StoreError};

use crate::rows::{Rows, corrupt};

const HASH_BYTES: usize = size_of::<u32>();

/// The filter of a page with these rows.
pub(crate) fn filter_of<M: Records>(rows: &Rows) -> Result<Vec<u8>, StoreError> {
    let mut hashes = Vec::new();
    for held in rows.as_slice() {
        match (&held.index, &held.json) {
            (Some(known), _) => hashes.extend(known),
            (None, Some(json)) => {
                hashes.extend(hashes_of(&M::identify_json(json.get()).map_err(corrupt)?.index_keys));
            }
            (None, None) => (),
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// The hashes of index keys.
pub(crate) fn hashes_of(index_keys: &[String]) -> Vec<u32> {
    index_keys.iter().map(|key| hash(key)).collect()
}

/// Whether a page with this filter may have a row with this index key.
pub(crate) fn may_have(filter: &[u8], index_key: &str) -> bool {
    let wanted = hash(index_key).to_le_bytes();
    filter.chunks_exact(HASH_BYTES).any(|hash| hash == wanted)
}

/// FNV-1a: what matters here is that it is short.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use sync::conformance::Counters;

    use super::*;
    use crate::rows::Held;

    #[test]
    fn a_filter_knows_the_index_keys_of_its_page() {
        let held = |n: usize| {
            let json = format!(r#"{{"label":{{"key":"{n:04}","colour":"c{}"}}}}"#, n % 7);
            Held {
                key: format!("{n:04}"),
                rev: 1,
                json: Some(RawValue::from_string(json).expect("JSON")),
                index: None,
            }
        };
        let filter = filter_of::<Counters>(&Rows::sorted((0..300).map(held).collect())).expect("a filter");
        assert_eq!(filter.len(), 7 * HASH_BYTES);
        assert!((0..7).all(|n| may_have(&filter, &format!("colour:c{n}"))));
        assert!(!may_have(&filter, "colour:c7") && !may_have(&[], "colour:c1"));
    }
}
