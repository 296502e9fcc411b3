//! What is held in memory of the tables, for as long as nobody changes them: page, other tabs and worker share the
//! database, so every transaction compares the version first.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::table::{Changes, Filters};

/// Changes and filters of the tables at one version of the rows.
#[derive(Debug, Default)]
pub(crate) struct Known {
    version: u64,
    changes: BTreeMap<String, Rc<Changes>>,
    filters: BTreeMap<String, Rc<Filters>>,
}

impl Known {
    fn at(&mut self, version: u64) -> &mut Self {
        if self.version != version {
            *self = Self { version, ..Self::default() };
        }
        self
    }

    /// A table's changes at this version, if they are known.
    pub(crate) fn changes(&mut self, version: u64, table: &str) -> Option<Rc<Changes>> {
        self.at(version).changes.get(table).cloned()
    }

    /// The same, and no longer held here: whoever changes them has them alone.
    pub(crate) fn take_changes(&mut self, version: u64, table: &str) -> Option<Changes> {
        self.at(version).changes.remove(table).map(Rc::unwrap_or_clone)
    }

    /// Keeps what was read at this version.
    pub(crate) fn keep_changes(&mut self, version: u64, table: &str, changes: Rc<Changes>) {
        self.at(version).changes.insert(table.to_owned(), changes);
    }

    /// A table's filters at this version, if they are known.
    pub(crate) fn filters(&mut self, version: u64, table: &str) -> Option<Rc<Filters>> {
        self.at(version).filters.get(table).cloned()
    }

    /// Keeps what was read at this version.
    pub(crate) fn keep_filters(&mut self, version: u64, table: &str, filters: Rc<Filters>) {
        self.at(version).filters.insert(table.to_owned(), filters);
    }

    /// Follows a write of this page's own from one version to the next.
    pub(crate) fn advance(&mut self, from: u64, to: u64, written: BTreeMap<String, Written>) {
        if self.version != from {
            return;
        }
        self.version = to;
        for (table, Written { changes, has_new_pages }) in written {
            if has_new_pages {
                self.filters.remove(&table);
            }
            self.changes.insert(table, Rc::new(changes));
        }
    }
}

/// What a transaction left of a table.
#[derive(Debug)]
pub(crate) struct Written {
    /// Its changes.
    pub(crate) changes: Changes,
    /// Whether pages were written, too.
    pub(crate) has_new_pages: bool,
}
