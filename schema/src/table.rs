//! Reads and writes one table within a transaction: its pages, their filters, and the changes since.
//!
//! A page is stored under its first key.

use std::cell::RefCell;
use std::rc::Rc;

use idb::{CursorDirection, KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use sync::{Records, StoreError, Versioned, sort_by};
use wasm_bindgen::{JsCast, JsValue};

use crate::filter::{Identify, filter_of, has_keys_since, index, may_have, row_may_have, take_strays};
use crate::filter_blocks::{FilterBlocks, PageFilter};
use crate::rows::{Held, PAGE_ROWS, Rows, corrupt, most_changed};
use crate::transaction::{Tx, of_idb};

/// Pages read at a time while scanning.
const MAX_SCAN_PAGES: usize = 8;
/// Records of changes a table may have before they are merged.
const MAX_RUNS: usize = 64;
/// Changes of a table that are stored beside its pages before some are folded into them.
pub(crate) const MAX_RECENT_ROWS: usize = 8_000;
/// Changes that stay beside the pages after folding: it is not worth writing a page again for few changes.
pub(crate) const LEFT_RECENT_ROWS: usize = 4_000;
/// Pages rewritten in one transaction when changes are folded into them.
const MAX_FOLDED_PAGES: usize = 100;
/// Pages that get new filters in one transaction.
const MAX_REINDEXED_PAGES: usize = 100;

/// The result of a transaction that wrote new filters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reindexed {
    /// Whether no page is left.
    pub(crate) is_done: bool,
    /// Whether rows moved to other keys.
    pub(crate) has_moved: bool,
}

/// The stores of one table.
#[derive(Debug)]
pub(crate) struct Table {
    pages: ObjectStore,
    filters: FilterBlocks,
    runs: ObjectStore,
    /// The page read last: the next request is often near it. Only readers use it.
    last_read: RefCell<Option<Rc<Page>>>,
}

/// A page as read.
#[derive(Debug)]
struct Page {
    first: String,
    rows: Rows,
}

impl Page {
    /// Whether a row with this key is either in this page or does not exist, as far as the page's bounds are
    /// known.
    fn is_for(&self, key: &str) -> bool {
        self.first.as_str() <= key && Some(key) <= self.rows.last_key()
    }
}

/// A table's changes since its pages were written, and the number of their records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) rows: Rows,
    runs: usize,
    /// A key beyond all pages, if known: a snapshot continues there without reading pages.
    pages_end: Option<String>,
}

/// The keys that a snapshot's part covers: those after one key, through another if there is one.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) after: String,
    pub(crate) through: Option<String>,
}

impl Range {
    /// All keys.
    fn all() -> Self {
        Self { after: String::new(), through: None }
    }

    pub(crate) fn is_beyond(&self, key: &str) -> bool {
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

pub(crate) fn text(value: &str) -> JsValue {
    JsValue::from_str(value)
}

pub(crate) fn bytes_of(value: &JsValue) -> Result<Vec<u8>, StoreError> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).ok_or_else(|| corrupt("a record has no bytes"))
}

/// The filter of a page, with its first key.
fn filter_as<M: Records>(first: &str, page: &Rows) -> Result<PageFilter, StoreError> {
    let hashes = filter_of(page, M::identify_json, M::INDEX_VERSION)?;
    Ok(PageFilter { first: first.to_owned(), hashes })
}

/// The parsed row, unless it was removed.
fn typed<M: Records>(held: &Held) -> Option<Result<Versioned<M::Row>, StoreError>> {
    let row = serde_json::from_str(held.json.as_deref()?).map_err(corrupt);
    Some(row.map(|row| Versioned { rev: held.rev, row }))
}

pub(crate) fn strings(keys: &[JsValue]) -> Vec<String> {
    keys.iter().filter_map(JsValue::as_string).collect()
}

impl Table {
    /// The table `name` within a transaction that covers its stores.
    pub(crate) fn of(tx: &Tx, name: &str) -> Result<Self, StoreError> {
        Ok(Self {
            pages: tx.store(name)?,
            filters: FilterBlocks(tx.store(&filters_name(name))?),
            runs: tx.store(&changes_name(name))?,
            last_read: RefCell::default(),
        })
    }

    /// Reads the changes.
    pub(crate) async fn changes(&self, identify: Identify) -> Result<Changes, StoreError> {
        let runs = self.runs.get_all(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let mut changes = Changes { runs: runs.len(), ..Changes::default() };
        for run in &runs {
            changes.rows.lay(Rows::unpack(&bytes_of(run)?)?);
        }
        index(&mut changes.rows, identify)?;
        Ok(changes)
    }

    /// Removes all rows.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        for store in [&self.pages, &self.filters.0, &self.runs] {
            store.clear().map_err(of_idb)?;
        }
        Ok(())
    }

    /// Reads every page's filter.
    pub(crate) async fn filters(&self) -> Result<Vec<PageFilter>, StoreError> {
        self.filters.all().await
    }

    /// Writes rows and tombstones: those of a snapshot's part into pages, others as a record of changes.
    /// `changes` are passed in as read, and are updated.
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
            self.replace::<M>(&mut changes.pages_end, &range, inside).await?;
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

    /// Merges all changes into one record.
    fn rewrite(&self, changes: &mut Changes) -> Result<(), StoreError> {
        self.runs.clear().map_err(of_idb)?;
        changes.runs = usize::from(!changes.rows.is_empty());
        if changes.rows.is_empty() { Ok(()) } else { self.add_run(&changes.rows) }
    }

    /// Replaces the rows of a range by `rows`.
    async fn replace<M: Records>(
        &self,
        pages_end: &mut Option<String>,
        range: &Range,
        mut rows: Rows,
    ) -> Result<(), StoreError> {
        if pages_end.take().is_some_and(|end| end <= range.after) {
            *pages_end = rows.last_key().map(str::to_owned).or_else(|| Some(range.after.clone()));
            return self.filters.append(&self.put_rows::<M>(rows)?);
        }
        let mut begun_before = None;
        let mut new = Vec::new();
        if let Some(Page { first, rows: mut kept }) = self.page_with(&range.after).await?
            && kept.last_key() > Some(&range.after)
        {
            rows.lay(kept.split(&|key| range.is_beyond(key)));
            kept.retain(&|key| !range.contains(key));
            new.push(self.put_page::<M>(&first, &kept)?);
            begun_before = Some(first);
        }
        let begun_after =
            Query::KeyRange(KeyRange::lower_bound(&text(&range.after), Some(true)).map_err(of_idb)?);
        let begun = self.pages.get_all_keys(Some(begun_after), None).map_err(of_idb)?;
        let begun = strings(&begun.await.map_err(of_idb)?);
        if let Some(last) = begun.iter().rfind(|first| range.contains(first)) {
            let mut last = self.page(last).await?;
            rows.lay(last.split(&|key| range.is_beyond(key)));
            self.pages.delete(range.query()?).map_err(of_idb)?;
        }
        if begun_before.is_none() && begun.is_empty() {
            *pages_end = rows.last_key().map(str::to_owned);
            return self.filters.append(&self.put_rows::<M>(rows)?);
        }
        new.extend(self.put_rows::<M>(rows)?);
        let is_gone = |first: &str| range.contains(first) || begun_before.as_deref() == Some(first);
        self.filters.replace(range, &is_gone, new).await
    }

    fn put_rows<M: Records>(&self, rows: Rows) -> Result<Vec<PageFilter>, StoreError> {
        let mut filters = Vec::new();
        for page in rows.into_pages() {
            if let Some(first) = page.first_key() {
                filters.push(self.put_page::<M>(first, &page)?);
            }
        }
        Ok(filters)
    }

    /// Writes a page; the caller stores the returned filter.
    fn put_page<M: Records>(&self, first: &str, page: &Rows) -> Result<PageFilter, StoreError> {
        self.pages.put(&Uint8Array::from(page.pack()?.as_slice()), Some(&text(first))).map_err(of_idb)?;
        filter_as::<M>(first, page)
    }

    /// Writes new filters for pages whose filters have no keys of `version`, up to the transaction's limit of pages. Rows
    /// whose keys earlier builds made otherwise move to the changes, under their keys.
    pub(crate) async fn reindex<M: Records>(
        &self,
        version: u8,
        changes: &mut Changes,
    ) -> Result<Reindexed, StoreError> {
        let filters = self.filters.all().await?;
        let outdated = filters.iter().filter(|page| !has_keys_since(&page.hashes, version));
        let outdated: Vec<&str> = outdated.map(|page| page.first.as_str()).collect();
        let some = outdated.get(..MAX_REINDEXED_PAGES).unwrap_or(&outdated);
        let (mut new, mut strays) = (Vec::new(), Vec::new());
        for first in some {
            let mut page = self.page(first).await?;
            let found = take_strays(&mut page, M::identify_json)?;
            // Rows that were removed or changed since are not restored.
            let is_current =
                |stored: &str, rev| changes.rows.get(stored).is_none_or(|change| change.rev < rev);
            let has_strays = !found.is_empty();
            let current = found.into_iter().filter(|(stored, held)| is_current(stored, held.rev));
            strays.extend(current.map(|(_, held)| held));
            new.push(if has_strays {
                self.put_page::<M>(first, &page)?
            } else {
                filter_as::<M>(first, &page)?
            });
        }
        if let (Some(first), Some(last)) = (some.first(), some.last()) {
            let range = Range { after: (*first).to_owned(), through: Some((*last).to_owned()) };
            self.filters.replace(&range, &|first| some.contains(&first), new).await?;
        }
        let changed = take_strays(&mut changes.rows, M::identify_json)?;
        strays.extend(changed.into_iter().map(|(_, held)| held));
        let has_moved = !strays.is_empty();
        if has_moved {
            changes.rows.lay(Rows::sorted(strays));
            if changes.rows.len() > MAX_RECENT_ROWS {
                self.fold::<M>(changes, LEFT_RECENT_ROWS).await?;
            } else {
                self.rewrite(changes)?;
            }
        }
        Ok(Reindexed { is_done: some.len() == outdated.len(), has_moved })
    }

    /// Folds changes into the pages that have most of them, until `left_rows` are left or the transaction's
    /// limit of pages is reached.
    pub(crate) async fn fold<M: Records>(
        &self,
        changes: &mut Changes,
        left_rows: usize,
    ) -> Result<(), StoreError> {
        let firsts = self.pages.get_all_keys(None, None).map_err(of_idb)?.await.map_err(of_idb)?;
        let firsts = strings(&firsts);
        changes.pages_end = None;
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for at in most_changed(&firsts, &changes.rows).into_iter().take(MAX_FOLDED_PAGES) {
            if changes.rows.len() <= left_rows {
                break;
            }
            // Keys before all pages belong to the first page.
            let from = if at == 0 { "" } else { firsts.get(at).map_or("", String::as_str) };
            let (first, next) = (firsts.get(at), firsts.get(at.saturating_add(1)).map(String::as_str));
            let mut page = match first {
                Some(first) => self.page(first).await?,
                None => Rows::default(),
            };
            page.lay(changes.rows.take_range(from, next));
            page.settle();
            if let Some(first) = first.filter(|first| page.first_key() != Some(first)) {
                self.pages.delete(text(first)).map_err(of_idb)?;
            }
            gone.extend(first.map(String::as_str));
            new.extend(self.put_rows::<M>(page)?);
        }
        self.filters.replace(&Range::all(), &|first| gone.contains(&first), new).await?;
        self.rewrite(changes)
    }

    async fn page(&self, first: &str) -> Result<Rows, StoreError> {
        let page = self.pages.get(text(first)).map_err(of_idb)?.await.map_err(of_idb)?;
        page.map_or_else(|| Ok(Rows::default()), |page| Rows::unpack(&bytes_of(&page)?))
    }

    /// The page of `key`.
    async fn page_with(&self, key: &str) -> Result<Option<Page>, StoreError> {
        let range = KeyRange::upper_bound(&text(key), None).map_err(of_idb)?;
        let request = self
            .pages
            .open_cursor(Some(Query::KeyRange(range)), Some(CursorDirection::Prev))
            .map_err(of_idb)?;
        let Some(cursor) = request.await.map_err(of_idb)? else { return Ok(None) };
        let first = cursor.key().map_err(of_idb)?.as_string().unwrap_or_default();
        let rows = Rows::unpack(&bytes_of(&cursor.value().map_err(of_idb)?)?)?;
        Ok(Some(Page { first, rows }))
    }

    /// The page of `key` for readers, cached.
    async fn read_page(&self, key: &str) -> Result<Option<Rc<Page>>, StoreError> {
        let last = self.last_read.borrow().clone();
        if let Some(page) = last.filter(|page| page.is_for(key)) {
            return Ok(Some(page));
        }
        Ok(self.page_with(key).await?.map(|page| self.keep(page)))
    }

    fn keep(&self, page: Page) -> Rc<Page> {
        let page = Rc::new(page);
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
        let held = page.as_ref().and_then(|page| page.rows.get(key));
        let newest = match (changes.get(key), held) {
            (Some(change), Some(held)) if change.rev < held.rev => Some(held),
            (change, held) => change.or(held),
        };
        newest.and_then(typed::<M>).transpose()
    }

    /// Rows by ascending key, after `after`, whose key starts with `prefix`.
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
                for held in page.rows.as_slice().iter().filter(|held| !is_before(&held.key)) {
                    while let Some(change) = changed.next_if(|change| change.key < held.key) {
                        found.extend(typed::<M>(change).transpose()?);
                    }
                    if found.len() >= limit || !held.key.starts_with(prefix) {
                        found.truncate(limit);
                        return Ok(found);
                    }
                    let change = changed.next_if(|change| change.key == held.key);
                    let newest = change.filter(|change| change.rev >= held.rev).unwrap_or(held);
                    found.extend(typed::<M>(newest).transpose()?);
                }
            }
            // A prefix is usually covered by one or two pages; a scan of all rows reads as many pages as it
            // needs, up to the limit.
            let wanted = limit.saturating_sub(found.len()).div_ceil(PAGE_ROWS).clamp(1, MAX_SCAN_PAGES);
            let pages = if prefix.is_empty() { wanted } else { 1 };
            batch = self.pages_after(batch.last().map(|page| page.first.as_str()), pages).await?;
            if batch.is_empty() {
                for change in changed {
                    found.extend(typed::<M>(change).transpose()?);
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
        let pages = keys.into_iter().zip(&values);
        pages
            .map(|(first, value)| Ok(self.keep(Page { first, rows: Rows::unpack(&bytes_of(value)?)? })))
            .collect()
    }

    /// Rows with this index key, by ascending key. Pages whose filters do not have such keys are read.
    pub(crate) async fn find<M: Records>(
        &self,
        changes: &Rows,
        filters: &[PageFilter],
        index_key: &str,
    ) -> Result<Vec<Versioned<M::Row>>, StoreError> {
        let has_it = |held: &Held| {
            let Some(json) = &held.json else { return Ok(false) };
            let identity = M::identify_json(json).map_err(corrupt)?;
            Ok::<bool, StoreError>(identity.index_keys.iter().any(|key| key == index_key))
        };
        let since = M::indexed_since(index_key);
        let may_be_in =
            |page: &&PageFilter| may_have(&page.hashes, index_key) || !has_keys_since(&page.hashes, since);
        let mut found = Vec::new();
        for PageFilter { first, .. } in filters.iter().filter(may_be_in) {
            for held in self.page(first).await?.as_slice() {
                let is_outdated = changes.get(&held.key).is_some_and(|change| change.rev >= held.rev);
                if !is_outdated && has_it(held)? {
                    found.extend(typed::<M>(held).transpose()?.map(|row| (held.key.clone(), row)));
                }
            }
        }
        for held in changes.as_slice().iter().filter(|held| row_may_have(held, index_key)) {
            if has_it(held)? {
                // The row in the page may be newer: then that one counts, and has been checked already.
                let row = self.get::<M>(changes, &held.key).await?.filter(|row| row.rev == held.rev);
                found.extend(row.map(|row| (held.key.clone(), row)));
            }
        }
        sort_by(&mut found, |a, b| a.0.cmp(&b.0));
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }
}
