//! Reads and writes one table within a transaction: its pages, their filters, and what has changed since.
//!
//! A page and its filter are kept under the page's first key.

use std::collections::BTreeMap;
use std::ops::Bound;

use idb::{CursorDirection, KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use sync::{Records, StoreError, Versioned};
use wasm_bindgen::{JsCast, JsValue};

use crate::pages::{
    HeldRow, PageRow, PageRows, filter_of, may_have, pack, page_of, read_page, split, unpack,
};
use crate::recent::{Change, Recent};
use crate::transaction::{Tx, corrupt, of_idb};

/// Pages read at a time while scanning.
const SCAN_PAGES: u32 = 8;
/// Records of changes a table may have before they are put together.
const MAX_RUNS: usize = 64;
/// Pages written again in one transaction when changes are folded into them.
const MAX_FOLDED_PAGES: usize = 100;

/// The stores of one table.
#[derive(Debug)]
pub(crate) struct Table {
    pages: ObjectStore,
    filters: ObjectStore,
    runs: ObjectStore,
}

/// A table's changes since its pages were written, and in how many records they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) recent: Recent,
    runs: usize,
}

/// Each page's first key and filter.
pub(crate) type Filters = Vec<(String, Vec<u8>)>;

/// What a commit does to one table.
#[derive(Debug, Default)]
pub(crate) struct TableChange {
    /// Keys after `.0`, through `.1` if there is one, are replaced altogether.
    pub(crate) replaced: Option<(String, Option<String>)>,
    /// New rows by key.
    pub(crate) rows: PageRows,
    /// Keys to remove, with the revision that removed them.
    pub(crate) removals: BTreeMap<String, u64>,
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

fn typed<M: Records>(rev: u64, json: &str) -> Result<Versioned<M::Row>, StoreError> {
    Ok(Versioned { rev, row: serde_json::from_str(json).map_err(corrupt)? })
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
        })
    }

    /// Reads the changes.
    pub(crate) async fn changes(&self) -> Result<Changes, StoreError> {
        let runs = self.runs.get_all(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let mut changes = Changes { recent: Recent::default(), runs: runs.len() };
        for run in &runs {
            changes.recent.append(Recent::unpack(&bytes_of(run)?).map_err(corrupt)?);
        }
        Ok(changes)
    }

    /// Reads every page's filter.
    pub(crate) async fn filters(&self) -> Result<Filters, StoreError> {
        let keys = self.filters.get_all_keys(None, None).map_err(of_idb)?;
        let values = self.filters.get_all(None, None).map_err(of_idb)?;
        let keys = strings(&keys.await.map_err(of_idb)?);
        let values = values.await.map_err(of_idb)?;
        keys.into_iter().zip(&values).map(|(key, value)| Ok((key, bytes_of(value)?))).collect()
    }

    /// Writes what a commit does. A snapshot's part goes into pages, anything else becomes a record of changes.
    /// `changes` are as read, and as they are afterwards.
    pub(crate) async fn write<M: Records>(
        &self,
        changes: &mut Changes,
        change: TableChange,
    ) -> Result<(), StoreError> {
        let TableChange { replaced, rows, removals } = change;
        let mut fresh = Recent::default();
        let mut has_lost_some = false;
        let others = match replaced {
            Some((after, through)) => {
                let is_inside = |key: &str| {
                    key > after.as_str() && through.as_deref().is_none_or(|through| key <= through)
                };
                has_lost_some = changes.recent.retain(|key| !is_inside(key));
                let (inside, others) = rows.into_iter().partition(|(key, _)| is_inside(key));
                self.replace::<M>(&after, through.as_deref(), inside).await?;
                others
            }
            None => rows,
        };
        for (key, HeldRow { rev, json, .. }) in others {
            fresh.put(key, Change { rev, json: Some(json) });
        }
        for (key, rev) in removals {
            fresh.put(key, Change { rev, json: None });
        }
        if has_lost_some || changes.runs >= MAX_RUNS {
            changes.recent.append(fresh);
            return self.rewrite(changes);
        }
        if !fresh.is_empty() {
            self.add_run(&fresh)?;
            changes.runs += 1;
            changes.recent.append(fresh);
        }
        Ok(())
    }

    fn add_run(&self, recent: &Recent) -> Result<(), StoreError> {
        let bytes = recent.pack().map_err(corrupt)?;
        self.runs.put(&Uint8Array::from(bytes.as_slice()), None).map(drop).map_err(of_idb)
    }

    /// Puts all changes into one record.
    fn rewrite(&self, changes: &mut Changes) -> Result<(), StoreError> {
        self.runs.clear().map_err(of_idb)?;
        changes.runs = usize::from(!changes.recent.is_empty());
        if changes.recent.is_empty() { Ok(()) } else { self.add_run(&changes.recent) }
    }

    /// Replaces the rows after one key, through another if there is one, by `rows`.
    async fn replace<M: Records>(
        &self,
        after: &str,
        through: Option<&str>,
        mut rows: PageRows,
    ) -> Result<(), StoreError> {
        let range = || {
            let lower = text(after);
            let range = match through {
                Some(through) => KeyRange::bound(&lower, &text(through), Some(true), None),
                None => KeyRange::lower_bound(&lower, Some(true)),
            };
            range.map(Query::KeyRange).map_err(of_idb)
        };
        let head = self.page_with(after).await?;
        let begun = self.pages.get_all_keys(Some(range()?), None).map_err(of_idb)?;
        let begun = strings(&begun.await.map_err(of_idb)?);
        let is_beyond = |key: &str| through.is_some_and(|through| key > through);
        if let Some((first, bytes)) = head {
            let mut kept = unpack(&bytes).map_err(corrupt)?;
            if kept.last_key_value().is_some_and(|(key, _)| key.as_str() > after) {
                rows.extend(kept.extract_if(.., |key, _| is_beyond(key)));
                kept.retain(|key, _| key.as_str() <= after);
                self.put_page::<M>(&first, &kept)?;
            }
        }
        if let Some(last) = begun.last() {
            if through.is_some() {
                let bytes = self.page(last).await?.unwrap_or_default();
                rows.extend(unpack(&bytes).map_err(corrupt)?.into_iter().filter(|(key, _)| is_beyond(key)));
            }
            self.pages.delete(range()?).map_err(of_idb)?;
            self.filters.delete(range()?).map_err(of_idb)?;
        }
        self.put_rows::<M>(rows)
    }

    fn put_rows<M: Records>(&self, rows: PageRows) -> Result<(), StoreError> {
        for page in split(rows) {
            if let Some(first) = page.keys().next() {
                self.put_page::<M>(first, &page)?;
            }
        }
        Ok(())
    }

    fn put_page<M: Records>(&self, first: &str, page: &PageRows) -> Result<(), StoreError> {
        let key = text(first);
        let bytes = pack(page).map_err(corrupt)?;
        let filter = filter_of::<M>(page.values()).map_err(corrupt)?;
        self.pages.put(&Uint8Array::from(bytes.as_slice()), Some(&key)).map_err(of_idb)?;
        self.filters.put(&Uint8Array::from(filter.as_slice()), Some(&key)).map(drop).map_err(of_idb)
    }

    fn delete_page(&self, first: &str) -> Result<(), StoreError> {
        self.pages.delete(text(first)).map_err(of_idb)?;
        self.filters.delete(text(first)).map(drop).map_err(of_idb)
    }

    /// Folds changes into the first pages they concern. What is left of them is for the next time.
    pub(crate) async fn fold<M: Records>(&self, changes: &mut Changes) -> Result<(), StoreError> {
        let firsts = self.pages.get_all_keys(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let firsts = strings(&firsts);
        if firsts.is_empty() {
            let mut rows = PageRows::new();
            changes.recent.fold_into(&mut rows, None, None);
            self.put_rows::<M>(rows)?;
        } else {
            let mut concerned: Vec<usize> =
                changes.recent.iter().map(|(key, _)| page_of(&firsts, key)).collect();
            concerned.dedup();
            for at in concerned.into_iter().take(MAX_FOLDED_PAGES) {
                let first = &firsts[at];
                let mut rows = unpack(&self.page(first).await?.unwrap_or_default()).map_err(corrupt)?;
                let from = (at > 0).then_some(first.as_str());
                changes.recent.fold_into(&mut rows, from, firsts.get(at + 1).map(String::as_str));
                if rows.keys().next() != Some(first) {
                    self.delete_page(first)?;
                }
                self.put_rows::<M>(rows)?;
            }
        }
        self.rewrite(changes)
    }

    async fn page(&self, first: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let page = self.pages.get(text(first)).map_err(of_idb)?.await.map_err(of_idb)?;
        page.map(|page| bytes_of(&page)).transpose()
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

    /// One row.
    pub(crate) async fn get<M: Records>(
        &self,
        recent: &Recent,
        key: &str,
    ) -> Result<Option<Versioned<M::Row>>, StoreError> {
        let page = self.page_with(key).await?.map(|(_, bytes)| bytes).unwrap_or_else(|| b"[]".to_vec());
        let rows = read_page(&page).map_err(corrupt)?;
        let held = rows.iter().find(|row| row.1.0 == key);
        match recent.get(key).filter(|change| change.counts_over(held.map(|row| row.0))) {
            Some(change) => change.json.as_ref().map(|json| typed::<M>(change.rev, json.get())).transpose(),
            None => held.map(|PageRow(rev, _, json)| typed::<M>(*rev, json.get())).transpose(),
        }
    }

    /// Rows by rising key, after `after`, whose key starts with `prefix`.
    pub(crate) async fn scan<M: Records>(
        &self,
        recent: &Recent,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let start = prefix.max(after);
        let from =
            if after.is_empty() || after < prefix { Bound::Included(start) } else { Bound::Excluded(start) };
        let mut changed = recent.range(from, prefix).peekable();
        let mut found = Vec::new();
        let (mut last_first, mut batch) = match self.page_with(start).await? {
            Some((first, bytes)) => (Some(first), vec![bytes]),
            None => (None, Vec::new()),
        };
        loop {
            for page in &batch {
                for PageRow(rev, key, json) in read_page(page).map_err(corrupt)? {
                    let key: &str = &key.0;
                    let is_before = key < start || (key == start && from == Bound::Excluded(start));
                    if is_before {
                        continue;
                    }
                    while let Some((_, change)) = changed.next_if(|(other, _)| *other < key) {
                        push::<M>(&mut found, change)?;
                    }
                    if found.len() >= limit || !key.starts_with(prefix) {
                        found.truncate(limit);
                        return Ok(found);
                    }
                    match changed.next_if(|(other, _)| *other == key) {
                        Some((_, change)) if change.counts_over(Some(rev)) => push::<M>(&mut found, change)?,
                        _ => found.push(typed::<M>(rev, json.get())?),
                    }
                }
            }
            // A prefix mostly ends within a page or two; a scan of all takes more at a time.
            let pages = if prefix.is_empty() { SCAN_PAGES } else { 1 };
            (last_first, batch) = self.pages_after(last_first.as_deref(), pages).await?;
            if batch.is_empty() {
                for (_, change) in changed {
                    push::<M>(&mut found, change)?;
                }
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    async fn pages_after(
        &self,
        first: Option<&str>,
        limit: u32,
    ) -> Result<(Option<String>, Vec<Vec<u8>>), StoreError> {
        let range = first.map(|first| KeyRange::lower_bound(&text(first), Some(true)));
        let query = range.transpose().map_err(of_idb)?.map(Query::KeyRange);
        let keys = self.pages.get_all_keys(query.clone(), Some(limit)).map_err(of_idb)?;
        let values = self.pages.get_all(query, Some(limit)).map_err(of_idb)?;
        let last = keys.await.map_err(of_idb)?.last().and_then(JsValue::as_string);
        let values = values.await.map_err(of_idb)?;
        Ok((last, values.iter().map(bytes_of).collect::<Result<_, _>>()?))
    }

    /// Rows with this index key, by rising key.
    pub(crate) async fn find<M: Records>(
        &self,
        recent: &Recent,
        filters: &Filters,
        index_key: &str,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let has_it = |json: &str| {
            let identity = M::identify_json(json).map_err(corrupt)?;
            Ok::<bool, StoreError>(identity.index_keys.iter().any(|key| key == index_key))
        };
        let mut found = BTreeMap::new();
        for (first, _) in filters.iter().filter(|(_, filter)| may_have(filter, index_key)) {
            let page = self.page(first).await?.unwrap_or_else(|| b"[]".to_vec());
            for PageRow(rev, key, json) in read_page(&page).map_err(corrupt)? {
                let is_outdated = recent.get(&key.0).is_some_and(|change| change.counts_over(Some(rev)));
                if !is_outdated && has_it(json.get())? {
                    found.insert(key.0.into_owned(), typed::<M>(rev, json.get())?);
                }
            }
        }
        for (key, change) in recent.iter() {
            let Some(json) = &change.json else { continue };
            if has_it(json.get())? && !found.contains_key(key) {
                // What its page has may be newer, and have another index key.
                if let Some(row) = self.get::<M>(recent, key).await?.filter(|row| row.rev == change.rev) {
                    found.insert(key.to_owned(), row);
                }
            }
        }
        Ok(found.into_values().collect())
    }
}

fn push<M: Records>(found: &mut Vec<Versioned<M::Row>>, change: &Change) -> Result<(), StoreError> {
    if let Some(json) = &change.json {
        found.push(typed::<M>(change.rev, json.get())?);
    }
    Ok(())
}
