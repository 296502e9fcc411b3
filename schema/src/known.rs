//! Cache of the tables in memory. Page, other tabs and worker share the database, so every transaction
//! compares the version first.

use std::rc::Rc;

use crate::filter_blocks::PageFilter;
use crate::table::Changes;

/// Each page's filter.
pub(crate) type Filters = Vec<PageFilter>;

/// Changes and filters of the tables at one version of the rows.
#[derive(Debug, Default)]
pub(crate) struct Known {
    version: u64,
    tables: Vec<KnownTable>,
}

#[derive(Debug)]
struct KnownTable {
    name: String,
    changes: Option<Rc<Changes>>,
    filters: Option<Rc<Filters>>,
}

/// A table's state after a transaction.
#[derive(Debug)]
pub(crate) struct Written {
    /// The table.
    pub(crate) name: String,
    /// Its changes.
    pub(crate) changes: Changes,
    /// Whether pages were written as well.
    pub(crate) has_new_pages: bool,
}

impl Known {
    fn table(&mut self, version: u64, name: &str) -> &mut KnownTable {
        if self.version != version {
            *self = Self { version, tables: Vec::new() };
        }
        let at = self.tables.iter().position(|table| table.name == name).unwrap_or_else(|| {
            self.tables.push(KnownTable { name: name.to_owned(), changes: None, filters: None });
            self.tables.len() - 1
        });
        &mut self.tables[at]
    }

    /// A table's changes at this version, if cached.
    pub(crate) fn changes(&mut self, version: u64, name: &str) -> Option<Rc<Changes>> {
        self.table(version, name).changes.clone()
    }

    /// Like [`Self::changes`], but removes them from the cache, so that the caller can change them without a
    /// copy.
    pub(crate) fn take_changes(&mut self, version: u64, name: &str) -> Option<Changes> {
        self.table(version, name).changes.take().map(Rc::unwrap_or_clone)
    }

    /// Caches changes read at this version.
    pub(crate) fn keep_changes(&mut self, version: u64, name: &str, changes: Rc<Changes>) {
        self.table(version, name).changes = Some(changes);
    }

    /// A table's filters at this version, if cached.
    pub(crate) fn filters(&mut self, version: u64, name: &str) -> Option<Rc<Filters>> {
        self.table(version, name).filters.clone()
    }

    /// Caches filters read at this version.
    pub(crate) fn keep_filters(&mut self, version: u64, name: &str, filters: Rc<Filters>) {
        self.table(version, name).filters = Some(filters);
    }

    /// Drops a table's filters, because they were written again.
    pub(crate) fn forget_filters(&mut self, name: &str) {
        if let Some(table) = self.tables.iter_mut().find(|table| table.name == name) {
            table.filters = None;
        }
    }

    /// Updates the cache after this page's own write from one version to the next.
    pub(crate) fn advance(&mut self, from: u64, to: u64, written: Vec<Written>) {
        if self.version != from {
            return;
        }
        self.version = to;
        for Written { name, changes, has_new_pages } in written {
            let table = self.table(to, &name);
            table.changes = Some(Rc::new(changes));
            if has_new_pages {
                table.filters = None;
            }
        }
    }
}
