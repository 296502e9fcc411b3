//! What is held in memory of the tables, for as long as nobody changes them: page, other tabs and worker share the
//! database, so every transaction compares the version first.

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

/// What a transaction left of a table.
#[derive(Debug)]
pub(crate) struct Written {
    /// The table.
    pub(crate) name: String,
    /// Its changes.
    pub(crate) changes: Changes,
    /// Whether pages were written, too.
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

    /// A table's changes at this version, if they are known.
    pub(crate) fn changes(&mut self, version: u64, name: &str) -> Option<Rc<Changes>> {
        self.table(version, name).changes.clone()
    }

    /// The same, and no longer held here: whoever changes them has them alone.
    pub(crate) fn take_changes(&mut self, version: u64, name: &str) -> Option<Changes> {
        self.table(version, name).changes.take().map(Rc::unwrap_or_clone)
    }

    /// Keeps what was read at this version.
    pub(crate) fn keep_changes(&mut self, version: u64, name: &str, changes: Rc<Changes>) {
        self.table(version, name).changes = Some(changes);
    }

    /// A table's filters at this version, if they are known.
    pub(crate) fn filters(&mut self, version: u64, name: &str) -> Option<Rc<Filters>> {
        self.table(version, name).filters.clone()
    }

    /// Keeps what was read at this version.
    pub(crate) fn keep_filters(&mut self, version: u64, name: &str, filters: Rc<Filters>) {
        self.table(version, name).filters = Some(filters);
    }

    /// Follows a write of this page's own from one version to the next.
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
