//! The filters of a table's pages, with those of neighbouring pages together in a block: after a start, the
//! first look-up reads a few dozen records instead of one for every page.
//!
//! A block is stored under its first page's key and holds the pages up to the next block.

use idb::{KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use sync::{StoreError, sort_by};

use crate::packing::{put_part, take_part, take_text};
use crate::table::{Range, bytes_of, strings, text};
use crate::transaction::of_idb;

/// Pages whose filters are written as one block.
const MAX_BLOCK_PAGES: usize = 20;

/// A page's first key and its filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageFilter {
    pub(crate) first: String,
    pub(crate) hashes: Vec<u8>,
}

/// The store of one table's filters.
#[derive(Debug)]
pub(crate) struct FilterBlocks(pub(crate) ObjectStore);

impl FilterBlocks {
    /// Every page's filter, by ascending key.
    pub(crate) async fn all(&self) -> Result<Vec<PageFilter>, StoreError> {
        self.read(None).await
    }

    async fn read(&self, range: Option<Query>) -> Result<Vec<PageFilter>, StoreError> {
        let mut filters = Vec::new();
        for block in self.0.get_all(range, None).map_err(of_idb)?.await.map_err(of_idb)? {
            unpack(&bytes_of(&block)?, &mut filters)?;
        }
        Ok(filters)
    }

    /// Appends the filters of pages after all others.
    pub(crate) fn append(&self, filters: &[PageFilter]) -> Result<(), StoreError> {
        for block in filters.chunks(MAX_BLOCK_PAGES) {
            let key = block.first().map_or("", |page| page.first.as_str());
            self.0.put(&Uint8Array::from(pack(block)?.as_slice()), Some(&text(key))).map_err(of_idb)?;
        }
        Ok(())
    }

    /// Joins records with one page's filter each into blocks.
    pub(crate) async fn join(&self) -> Result<(), StoreError> {
        let firsts = self.0.get_all_keys(None, None).map_err(of_idb)?;
        let filters = self.0.get_all(None, None).map_err(of_idb)?;
        let firsts = strings(&firsts.await.map_err(of_idb)?);
        let filters = filters.await.map_err(of_idb)?;
        let pages = firsts.into_iter().zip(&filters);
        let pages = pages.map(|(first, filter)| Ok(PageFilter { first, hashes: bytes_of(filter)? }));
        let pages = pages.collect::<Result<Vec<_>, StoreError>>()?;
        self.0.clear().map_err(of_idb)?;
        self.append(&pages)
    }

    /// Replaces the filters in `range` that are listed in `gone` by `new`.
    pub(crate) async fn replace(
        &self,
        range: &Range,
        gone: &dyn Fn(&str) -> bool,
        new: Vec<PageFilter>,
    ) -> Result<(), StoreError> {
        let blocks = strings(&self.0.get_all_keys(None, None).map_err(of_idb)?.await.map_err(of_idb)?);
        let begin = blocks.partition_point(|block| *block <= range.after).saturating_sub(1);
        let end = blocks.partition_point(|block| !range.is_beyond(block));
        let mut filters = Vec::new();
        if let Some([first, ..]) = blocks.get(begin..end) {
            let last = blocks.get(end.saturating_sub(1)).unwrap_or(first);
            let touched = KeyRange::bound(&text(first), &text(last), None, None);
            let touched = Query::KeyRange(touched.map_err(of_idb)?);
            filters = self.read(Some(touched.clone())).await?;
            self.0.delete(touched).map_err(of_idb)?;
        }
        filters.retain(|page| !gone(&page.first));
        filters.extend(new);
        sort_by(&mut filters, |a, b| a.first.cmp(&b.first));
        self.append(&filters)
    }
}

fn pack(filters: &[PageFilter]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    for PageFilter { first, hashes } in filters {
        put_part(&mut bytes, first.as_bytes())?;
        put_part(&mut bytes, hashes)?;
    }
    Ok(bytes)
}

fn unpack(mut bytes: &[u8], into: &mut Vec<PageFilter>) -> Result<(), StoreError> {
    while !bytes.is_empty() {
        let first = take_text(&mut bytes)?.to_owned();
        into.push(PageFilter { first, hashes: take_part(&mut bytes)?.to_vec() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_packed_and_unpacked() {
        let page =
            |first: &str, hashes: &[u8]| PageFilter { first: first.to_owned(), hashes: hashes.to_vec() };
        let pages = [page("", &[1, 2, 3, 4]), page("é1", &[]), page("b", &[9; 400])];
        let bytes = pack(&pages).expect("bytes");
        let mut read = vec![page("a", &[])];
        unpack(&bytes, &mut read).expect("pages");
        assert_eq!(read[1..], pages);
        for cut in [1, 5, bytes.len() - 1] {
            assert!(matches!(unpack(&bytes[..cut], &mut Vec::new()), Err(StoreError::Corrupt(_))), "{cut}");
        }
    }
}
