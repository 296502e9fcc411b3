//! Reads and writes one table within a transaction: its pages, their filters, and what has changed since.
//!
//! A page and its filter are kept under the page's first key.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use idb::{CursorDirection, KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use serde_json::value::RawValue;
use sync::{Records, StoreError, Versioned, sort_by};
use wasm_bindgen::{JsCast, JsValue};

use crate::filter::{Identify, filter_of, index, may_have, row_may_have};
use crate::rows::{Held, PAGE_ROWS, Packed, Rows, corrupt, most_changed, read};
use crate::transaction::{Tx, of_idb};

/// Pages read at a time while scanning.
const MAX_SCAN_PAGES: usize = 8;
/// Records of changes a table may have before they are put together.
const MAX_RUNS: usize = 64;
/// Changes of a table that are kept beside its pages before some are folded into them.
pub(crate) const MAX_RECENT_ROWS: usize = 8_000;
/// Changes that stay beside the pages then: where a page has few of them, it is not worth writing again.
pub(crate) const LEFT_RECENT_ROWS: usize = 4_000;
/// Pages written again in one transaction when changes are folded into them.
const MAX_FOLDED_PAGES: usize = 100;
/// A page of no rows.
const EMPTY: &[u8] = b"[]";

/// The stores of one table.
#[derive(Debug)]
pub(crate) struct Table {
    pages: ObjectStore,
    filters: ObjectStore,
    runs: ObjectStore,
    /// The page read last: what is asked for next is often near. Only readers look at it.
    last_read: RefCell<Option<Rc<Page>>>,
}

/// A page as it was read.
#[derive(Debug)]
struct Page {
    first: String,
    bytes: Vec<u8>,
    /// Its last key, once it is known.
    last: OnceCell<String>,
}

impl Page {
    fn rows(&self) -> Result<Vec<Packed<'_>>, StoreError> {
        let rows = read(&self.bytes)?;
        self.last.get_or_init(|| rows.last().map(|row| row.1.to_string()).unwrap_or_default());
        Ok(rows)
    }

    /// Whether it is known that a row with this key is here or nowhere.
    fn is_for(&self, key: &str) -> bool {
        self.first.as_str() <= key && self.last.get().is_some_and(|last| key <= last.as_str())
    }
}

/// A table's changes since its pages were written, and in how many records they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) rows: Rows,
    runs: usize,
}

/// Each page's first key and filter.
pub(crate) type Filters = Vec<(String, Vec<u8>)>;

/// The keys that a snapshot's part is all of: those after one key, through another if there is one.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) after: String,
    pub(crate) through: Option<String>,
}

impl Range {
    fn is_beyond(&self, key: &str) -> bool {
        self.through.as_deref().is_some_and(|through| key > through)
    }

    fn contains(&self, key: &str) -> bool {
        key > self.after.as_str() && !self.is_beyond(key)
    }

    fn query(&self) -> Result<Query, StoreError> {
        let lower = text(&self.after);
        let range = match &self.through {
            Some(through) => KeyRange::bound(&lower, &text(through), Some(true), None),
            None => KeyRange::lower_bound(&lower, Some(true)),
        };
        range.map(Query::KeyRange).map_err(of_idb)
    }
}

/// The store of a table's filters.
pub(crate) fn filters_name(table: &str) -> String {
    format!("{table}:filters")
}

/// The store of a table's changes.
pub(crate) fn changes_name(table: &str) -> String {
    format!("{table}:changes")
}

fn text(value: &str) -> JsValue {
    JsValue::from_str(value)
}

fn bytes_of(value: &JsValue) -> Result<Vec<u8>, StoreError> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).ok_or_else(|| corrupt("a record has no bytes"))
}

fn typed<M: Records>(rev: u64, json: &RawValue) -> Result<Versioned<M::Row>, StoreError> {
    Ok(Versioned { rev, row: serde_json::from_str(json.get()).map_err(corrupt)? })
}

fn strings(keys: &[JsValue]) -> Vec<String> {
    keys.iter().filter_map(JsValue::as_string).collect()
}

impl Table {
    /// The table `name` within a transaction that covers its stores.
    pub(crate) fn of(tx: &Tx, name: &str) -> Result<Self, StoreError> {
        Ok(Self {
            pages: tx.store(name)?,
            filters: tx.store(&filters_name(name))?,
            runs: tx.store(&changes_name(name))?,
            last_read: RefCell::default(),
        })
    }

    /// Reads the changes.
    pub(crate) async fn changes(&self, identify: Identify) -> Result<Changes, StoreError> {
        let runs = self.runs.get_all(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let mut changes = Changes { rows: Rows::default(), runs: runs.len() };
        for run in &runs {
            changes.rows.lay(Rows::unpack(&bytes_of(run)?)?);
        }
        index(&mut changes.rows, identify)?;
        Ok(changes)
    }

    /// Empties it.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        for store in [&self.pages, &self.filters, &self.runs] {
            store.clear().map_err(of_idb)?;
        }
        Ok(())
    }

    /// Reads every page's filter.
    pub(crate) async fn filters(&self) -> Result<Filters, StoreError> {
        let keys = self.filters.get_all_keys(None, None).map_err(of_idb)?;
        let values = self.filters.get_all(None, None).map_err(of_idb)?;
        let keys = strings(&keys.await.map_err(of_idb)?);
        let values = values.await.map_err(of_idb)?;
        keys.into_iter().zip(&values).map(|(key, value)| Ok((key, bytes_of(value)?))).collect()
    }

    /// Writes rows and removals: those of a snapshot's part into pages, others as a record of changes. `changes` are as
    /// read, and as they are afterwards.
    pub(crate) async fn write<M: Records>(
        &self,
        changes: &mut Changes,
        replaced: Option<Range>,
        mut rows: Rows,
    ) -> Result<(), StoreError> {
        let mut has_lost_some = false;
        if let Some(range) = replaced {
            has_lost_some = changes.rows.retain(&|key| !range.contains(key));
            let inside = rows.split(&|key| range.contains(key));
            self.replace::<M>(&range, inside).await?;
        }
        if has_lost_some || changes.runs >= MAX_RUNS {
            changes.rows.lay(rows);
            return self.rewrite(changes);
        }
        if !rows.is_empty() {
            self.add_run(&rows)?;
            changes.runs += 1;
            changes.rows.lay(rows);
        }
        Ok(())
    }

    fn add_run(&self, rows: &Rows) -> Result<(), StoreError> {
        self.runs.put(&Uint8Array::from(rows.pack()?.as_slice()), None).map(drop).map_err(of_idb)
    }

    /// Puts all changes into one record.
    fn rewrite(&self, changes: &mut Changes) -> Result<(), StoreError> {
        self.runs.clear().map_err(of_idb)?;
        changes.runs = usize::from(!changes.rows.is_empty());
        if changes.rows.is_empty() { Ok(()) } else { self.add_run(&changes.rows) }
    }

    /// Replaces the rows of a range by `rows`.
    async fn replace<M: Records>(&self, range: &Range, mut rows: Rows) -> Result<(), StoreError> {
        if let Some((first, bytes)) = self.page_with(&range.after).await? {
            let mut kept = Rows::unpack(&bytes)?;
            if kept.last_key() > Some(&range.after) {
                rows.lay(kept.split(&|key| range.is_beyond(key)));
                kept.retain(&|key| !range.contains(key));
                self.put_page::<M>(&first, &kept)?;
            }
        }
        let begun = self.pages.get_all_keys(Some(range.query()?), None).map_err(of_idb)?;
        if let Some(last) = strings(&begun.await.map_err(of_idb)?).last() {
            let mut last = Rows::unpack(&self.page(last).await?)?;
            rows.lay(last.split(&|key| range.is_beyond(key)));
            self.pages.delete(range.query()?).map_err(of_idb)?;
            self.filters.delete(range.query()?).map_err(of_idb)?;
        }
        self.put_rows::<M>(rows)
    }

    fn put_rows<M: Records>(&self, rows: Rows) -> Result<(), StoreError> {
        for page in rows.into_pages() {
            if let Some(first) = page.first_key() {
                self.put_page::<M>(first, &page)?;
            }
        }
        Ok(())
    }

    fn put_page<M: Records>(&self, first: &str, page: &Rows) -> Result<(), StoreError> {
        let (key, filter) = (text(first), filter_of(page, M::identify_json)?);
        self.pages.put(&Uint8Array::from(page.pack()?.as_slice()), Some(&key)).map_err(of_idb)?;
        self.filters.put(&Uint8Array::from(filter.as_slice()), Some(&key)).map(drop).map_err(of_idb)
    }

    /// Folds changes into the pages that have most of them, until `left_rows` are left. What pages beyond a transaction's share
    /// have is for the next time.
    pub(crate) async fn fold<M: Records>(
        &self,
        changes: &mut Changes,
        left_rows: usize,
    ) -> Result<(), StoreError> {
        let firsts = self.pages.get_all_keys(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let firsts = strings(&firsts);
        for at in most_changed(&firsts, &changes.rows).into_iter().take(MAX_FOLDED_PAGES) {
            if changes.rows.len() <= left_rows {
                break;
            }
            // What comes before all pages belongs to the first.
            let from = if at == 0 { "" } else { firsts.get(at).map_or("", String::as_str) };
            let (first, next) = (firsts.get(at), firsts.get(at.saturating_add(1)).map(String::as_str));
            let mut page = match first {
                Some(first) => Rows::unpack(&self.page(first).await?)?,
                None => Rows::default(),
            };
            page.lay(changes.rows.take_range(from, next));
            page.settle();
            if let Some(first) = first.filter(|first| page.first_key() != Some(first)) {
                self.pages.delete(text(first)).map_err(of_idb)?;
                self.filters.delete(text(first)).map_err(of_idb)?;
            }
            self.put_rows::<M>(page)?;
        }
        self.rewrite(changes)
    }

    async fn page(&self, first: &str) -> Result<Vec<u8>, StoreError> {
        let page = self.pages.get(text(first)).map_err(of_idb)?.await.map_err(of_idb)?;
        page.map_or_else(|| Ok(EMPTY.to_vec()), |page| bytes_of(&page))
    }

    /// The page that `key` belongs to, with its first key.
    async fn page_with(&self, key: &str) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let range = KeyRange::upper_bound(&text(key), None).map_err(of_idb)?;
        let request = self
            .pages
            .open_cursor(Some(Query::KeyRange(range)), Some(CursorDirection::Prev))
            .map_err(of_idb)?;
        let Some(cursor) = request.await.map_err(of_idb)? else { return Ok(None) };
        let first = cursor.key().map_err(of_idb)?.as_string().unwrap_or_default();
        Ok(Some((first, bytes_of(&cursor.value().map_err(of_idb)?)?)))
    }

    /// The same for readers.
    async fn read_page(&self, key: &str) -> Result<Option<Rc<Page>>, StoreError> {
        let last = self.last_read.borrow().clone();
        if let Some(page) = last.filter(|page| page.is_for(key)) {
            return Ok(Some(page));
        }
        let found = self.page_with(key).await?;
        Ok(found.map(|(first, bytes)| self.keep(first, bytes)))
    }

    fn keep(&self, first: String, bytes: Vec<u8>) -> Rc<Page> {
        let page = Rc::new(Page { first, bytes, last: OnceCell::new() });
        self.last_read.replace(Some(page.clone()));
        page
    }

    /// One row.
    pub(crate) async fn get<M: Records>(
        &self,
        changes: &Rows,
        key: &str,
    ) -> Result<Option<Versioned<M::Row>>, StoreError> {
        let page = self.read_page(key).await?;
        let rows = page.as_ref().map_or_else(|| Ok(Vec::new()), |page| page.rows())?;
        let held = rows.iter().find(|row| row.1 == key);
        let (rev, json) = match (changes.get(key), held) {
            (Some(change), None) => (change.rev, change.json.as_deref()),
            (Some(change), Some(held)) if change.rev >= held.0 => (change.rev, change.json.as_deref()),
            (_, Some(Packed(rev, _, json))) => (*rev, *json),
            (None, None) => return Ok(None),
        };
        json.map(|json| typed::<M>(rev, json)).transpose()
    }

    /// Rows by rising key, after `after`, whose key starts with `prefix`.
    pub(crate) async fn scan<M: Records>(
        &self,
        changes: &Rows,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let start = prefix.max(after);
        let is_before = |key: &str| key < start || (key == after && !after.is_empty());
        let changed = changes.as_slice().get(changes.position(start)..).unwrap_or_default();
        let matching = changed.iter().filter(|held| !is_before(&held.key));
        let mut changed = matching.take_while(|held| held.key.starts_with(prefix)).peekable();
        let mut found = Vec::new();
        let mut batch: Vec<Rc<Page>> = self.read_page(start).await?.into_iter().collect();
        loop {
            for page in &batch {
                for Packed(mut rev, key, mut json) in page.rows()? {
                    if is_before(&key) {
                        continue;
                    }
                    while let Some(change) = changed.next_if(|change| change.key.as_str() < &*key) {
                        push::<M>(&mut found, change.rev, change.json.as_deref())?;
                    }
                    if found.len() >= limit || !key.starts_with(prefix) {
                        found.truncate(limit);
                        return Ok(found);
                    }
                    let change = changed.next_if(|change| change.key == key);
                    if let Some(change) = change.filter(|change| change.rev >= rev) {
                        (rev, json) = (change.rev, change.json.as_deref());
                    }
                    push::<M>(&mut found, rev, json)?;
                }
            }
            // A prefix mostly ends within a page or two; a scan of all takes what it needs, in bounds.
            let wanted = limit.saturating_sub(found.len()).div_ceil(PAGE_ROWS).clamp(1, MAX_SCAN_PAGES);
            let pages = if prefix.is_empty() { wanted } else { 1 };
            batch = self.pages_after(batch.last().map(|page| page.first.as_str()), pages).await?;
            if batch.is_empty() {
                for change in changed {
                    push::<M>(&mut found, change.rev, change.json.as_deref())?;
                }
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    async fn pages_after(&self, first: Option<&str>, limit: usize) -> Result<Vec<Rc<Page>>, StoreError> {
        let limit = u32::try_from(limit).ok();
        let range = first.map(|first| KeyRange::lower_bound(&text(first), Some(true)));
        let query = range.transpose().map_err(of_idb)?.map(Query::KeyRange);
        let keys = self.pages.get_all_keys(query.clone(), limit).map_err(of_idb)?;
        let values = self.pages.get_all(query, limit).map_err(of_idb)?;
        let keys = strings(&keys.await.map_err(of_idb)?);
        let values = values.await.map_err(of_idb)?;
        keys.into_iter().zip(&values).map(|(first, value)| Ok(self.keep(first, bytes_of(value)?))).collect()
    }

    /// Rows with this index key, by rising key.
    pub(crate) async fn find<M: Records>(
        &self,
        changes: &Rows,
        filters: &Filters,
        index_key: &str,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let has_it = |json: &RawValue| {
            let identity = M::identify_json(json.get()).map_err(corrupt)?;
            Ok::<bool, StoreError>(identity.index_keys.iter().any(|key| key == index_key))
        };
        let mut found = Vec::new();
        for (first, _) in filters.iter().filter(|(_, filter)| may_have(filter, index_key)) {
            let page = self.page(first).await?;
            for Packed(rev, key, json) in read(&page)? {
                let is_outdated = changes.get(&key).is_some_and(|change| change.rev >= rev);
                if let Some(json) = json.filter(|_| !is_outdated)
                    && has_it(json)?
                {
                    found.push((key.into_owned(), typed::<M>(rev, json)?));
                }
            }
        }
        for held in changes.as_slice().iter().filter(|held| row_may_have(held, index_key)) {
            let Held { key, rev, json: Some(json), .. } = held else { continue };
            if has_it(json)? {
                // What its page has may be newer: then that counts, and was looked at already.
                let row = self.get::<M>(changes, key).await?.filter(|row| row.rev == *rev);
                found.extend(row.map(|row| (key.clone(), row)));
            }
        }
        sort_by(&mut found, |a, b| a.0.cmp(&b.0));
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }
}

fn push<M: Records>(
    found: &mut Vec<Versioned<M::Row>>,
    rev: u64,
    json: Option<&RawValue>,
) -> Result<(), StoreError> {
    if let Some(json) = json {
        found.push(typed::<M>(rev, json)?);
    }
    Ok(())
}
