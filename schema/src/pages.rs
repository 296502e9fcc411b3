//! Pages of rows: what a change does to them. Pure, so that it can be tested without a browser.

use std::collections::BTreeMap;

use sync::{Model, Removal, ReplacedRange, RowKey, Versioned};

/// Rows a page is filled with.
const PAGE_ROWS: usize = 250;
/// Rows a page may grow to before it is split.
const MAX_PAGE_ROWS: usize = 500;

/// Rows by key, as a page holds them.
pub(crate) type PageRows<R> = BTreeMap<String, Versioned<R>>;

/// What a commit does to one table.
#[derive(Debug)]
pub(crate) struct TableChange<R: Clone> {
    /// Keys after `.0`, through `.1` if there is one, are replaced altogether.
    pub(crate) replaced: Option<(String, Option<String>)>,
    /// New rows by key.
    pub(crate) puts: PageRows<R>,
    /// Keys to remove, with the revision that removed them.
    pub(crate) removals: BTreeMap<String, u64>,
}

/// What a commit's rows, removals and replaced range do to each table that they concern.
pub(crate) fn changes_by_table<M: Model>(
    rows: &[Versioned<M::Row>],
    removed: &[Removal],
    range: Option<&ReplacedRange>,
) -> BTreeMap<String, TableChange<M::Row>> {
    let mut changes = BTreeMap::<String, TableChange<M::Row>>::new();
    if let Some(ReplacedRange { table, after, through }) = range {
        changes.entry(table.clone()).or_default().replaced = Some((after.clone(), through.clone()));
    }
    for versioned in rows {
        let RowKey { table, key } = M::key(&versioned.row);
        // The entry's own key would be a new text for every row.
        if !changes.contains_key(&*table) {
            changes.insert(table.to_string(), TableChange::default());
        }
        if let Some(change) = changes.get_mut(&*table) {
            put_newer(&mut change.puts, key, versioned.clone());
        }
    }
    for Removal { table, key, rev } in removed {
        changes.entry(table.to_string()).or_default().removals.insert(key.clone(), *rev);
    }
    changes
}

impl<R: Clone> Default for TableChange<R> {
    fn default() -> Self {
        Self { replaced: None, puts: PageRows::new(), removals: BTreeMap::new() }
    }
}

impl<R: Clone> TableChange<R> {
    fn is_replaced(&self, key: &str) -> bool {
        self.replaced.as_ref().is_some_and(|(after, through)| {
            key > after.as_str() && through.as_ref().is_none_or(|through| key <= through.as_str())
        })
    }

    /// Which of the pages, given by their first keys, this touches. A row belongs to the last page whose first key is
    /// not above its own, else to the first page.
    pub(crate) fn touched_pages(&self, first_keys: &[String]) -> Vec<usize> {
        if first_keys.is_empty() {
            return Vec::new();
        }
        let mut touched = vec![false; first_keys.len()];
        for key in self.puts.keys().chain(self.removals.keys()) {
            touched[page_of(first_keys, key)] = true;
        }
        if let Some((after, through)) = &self.replaced {
            let last = through.as_ref().map_or(first_keys.len() - 1, |key| page_of(first_keys, key));
            touched[page_of(first_keys, after)..=last].fill(true);
        }
        touched.iter().enumerate().filter_map(|(at, touched)| touched.then_some(at)).collect()
    }

    /// Applies what concerns one page: keys from `from` (none: from the beginning) to before `to` (none: to the end).
    /// Returns whether anything changed.
    pub(crate) fn apply_to(&self, rows: &mut PageRows<R>, from: Option<&str>, to: Option<&str>) -> bool
    where
        R: PartialEq,
    {
        let before = rows.clone();
        let concerns = |key: &str| from.is_none_or(|from| key >= from) && to.is_none_or(|to| key < to);
        rows.retain(|key, _| !self.is_replaced(key));
        for (key, versioned) in self.puts.iter().filter(|(key, _)| concerns(key)) {
            // A snapshot's row counts whatever was held: a restored server's revisions begin again lower down.
            let is_older = rows.get(key).is_some_and(|held| held.rev > versioned.rev);
            if !is_older {
                rows.insert(key.clone(), versioned.clone());
            }
        }
        for (key, rev) in self.removals.iter().filter(|(key, _)| concerns(key)) {
            if rows.get(key).is_some_and(|held| held.rev <= *rev) {
                rows.remove(key);
            }
        }
        *rows != before
    }
}

fn put_newer<R: Clone>(rows: &mut PageRows<R>, key: String, versioned: Versioned<R>) {
    if rows.get(&key).is_none_or(|held| held.rev <= versioned.rev) {
        rows.insert(key, versioned);
    }
}

/// The page a key belongs to. `first_keys` rise and are not empty.
pub(crate) fn page_of(first_keys: &[String], key: &str) -> usize {
    first_keys.partition_point(|first| first.as_str() <= key).saturating_sub(1)
}

/// Splits a page that has grown too large, evenly.
pub(crate) fn split<R: Clone>(rows: PageRows<R>) -> Vec<PageRows<R>> {
    if rows.len() <= MAX_PAGE_ROWS {
        return if rows.is_empty() { Vec::new() } else { vec![rows] };
    }
    let mut pages = vec![PageRows::new()];
    for (key, versioned) in rows {
        if pages.last().is_some_and(|page| page.len() >= PAGE_ROWS) {
            pages.push(PageRows::new());
        }
        if let Some(page) = pages.last_mut() {
            page.insert(key, versioned);
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use sync::conformance::{CounterRow, Counters, counter};

    use super::*;

    fn change(
        puts: &[(&str, u64)],
        removals: &[(&str, u64)],
        range: Option<(&str, Option<&str>)>,
    ) -> TableChange<CounterRow> {
        let rows: Vec<_> = puts.iter().map(|(key, rev)| counter(key, 0, *rev)).collect();
        let removed: Vec<_> = removals
            .iter()
            .map(|(key, rev)| Removal { table: "counters".into(), key: (*key).to_owned(), rev: *rev })
            .collect();
        let range = range.map(|(after, through)| ReplacedRange {
            table: "counters".to_owned(),
            after: after.to_owned(),
            through: through.map(str::to_owned),
        });
        changes_by_table::<Counters>(&rows, &removed, range.as_ref()).remove("counters").expect("a change")
    }

    fn page(keys: &[(&str, u64)]) -> PageRows<CounterRow> {
        keys.iter().map(|(key, rev)| ((*key).to_owned(), counter(key, 0, *rev))).collect()
    }

    fn names(rows: &PageRows<CounterRow>) -> String {
        rows.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn touches_only_the_pages_it_concerns() {
        let firsts = ["b", "f", "k", "p"].map(str::to_owned);
        assert_eq!(change(&[("a", 1), ("g", 1)], &[("z", 1)], None).touched_pages(&firsts), [0, 1, 3]);
        assert_eq!(change(&[("g", 1)], &[], Some(("c", Some("l")))).touched_pages(&firsts), [0, 1, 2]);
        assert_eq!(change(&[], &[], Some(("l", None))).touched_pages(&firsts), [2, 3]);
        assert_eq!(change(&[("a", 1)], &[], None).touched_pages(&[]), [] as [usize; 0]);
    }

    #[test]
    fn replaces_removes_and_keeps_newer_rows() {
        let mut rows = page(&[("a", 1), ("b", 9), ("c", 1), ("d", 1)]);
        assert!(change(&[("b", 5), ("bb", 5)], &[], Some(("a", Some("c")))).apply_to(&mut rows, None, None));
        assert_eq!((names(&rows).as_str(), rows["b"].rev), ("a b bb d", 5));
        assert!(change(&[("b", 4)], &[("d", 2), ("b", 3)], None).apply_to(&mut rows, None, None));
        assert_eq!(names(&rows), "a b bb");
        assert!(!change(&[("x", 5)], &[("a", 0)], None).apply_to(&mut rows, None, Some("m")));
    }

    #[test]
    fn splits_what_has_grown_too_large() {
        let rows = |count: usize| {
            (0..count).map(|n| (format!("{n:04}"), counter("x", 0, 1))).collect::<PageRows<_>>()
        };
        assert_eq!(split(rows(0)).len(), 0);
        assert_eq!(split(rows(MAX_PAGE_ROWS)).len(), 1);
        let pages = split(rows(MAX_PAGE_ROWS + 1));
        assert_eq!(pages.iter().map(BTreeMap::len).collect::<Vec<_>>(), [250, 250, 1]);
    }
}
