//! Scopes: the rows that a device holds.

use std::borrow::Cow;

use domain::{DEFAULT_SCOPE, FIRST_TABLES, LotStatus, Row, Warehouse};
use sync::Records;

/// A choice of rows, by a name the device sends, of the tables it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    name: &'static str,
    lot_status: Option<LotStatus>,
    /// For each of [`Warehouse::TABLES`], whether the scope has its rows.
    has: [bool; TABLES],
}

const TABLES: usize = Warehouse::TABLES.len();

impl Scope {
    /// Every row, but of lots only those whose status is `available`.
    pub const AVAILABLE: Self =
        Self { name: DEFAULT_SCOPE, lot_status: Some(LotStatus::Available), has: [true; TABLES] };
    /// Every row.
    pub const EVERYTHING: Self = Self { name: "all", lot_status: None, has: [true; TABLES] };
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::AVAILABLE, Self::EVERYTHING];

    /// As sent: `available`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// This scope limited to the tables that a device knows, as a build must not be sent rows that it cannot
    /// parse. Every build knows [`FIRST_TABLES`].
    #[must_use]
    pub fn known_to(self, tables: &[Cow<'static, str>]) -> Self {
        let mut has = self.has;
        for (has, table) in has.iter_mut().zip(Warehouse::TABLES) {
            *has &= FIRST_TABLES.contains(table) || tables.iter().any(|known| known == table);
        }
        Self { has, ..self }
    }

    /// The tables it has rows of, in the order a snapshot fills them.
    pub fn tables(self) -> impl Iterator<Item = &'static str> {
        Warehouse::TABLES.iter().zip(self.has).filter_map(|(table, has)| has.then_some(*table))
    }

    /// Whether it has rows of a table.
    pub fn has_table(self, table: &str) -> bool {
        self.tables().any(|held| held == table)
    }

    /// Whether `row` is in this scope. Complete and closed deliveries are left out.
    pub fn holds(self, row: &Row) -> bool {
        match row {
            Row::Product(_)
            | Row::Exception(_)
            | Row::UnknownCode(_)
            | Row::Conflict(_)
            | Row::Person(_)
            | Row::Setting(_) => true,
            Row::Lot(lot) => self.lot_status.is_none_or(|status| status == lot.status),
            Row::Delivery(delivery) => delivery.is_open(),
        }
    }

    /// The one lot status it is limited to, if it is.
    pub fn lot_status(self) -> Option<LotStatus> {
        self.lot_status
    }
}

#[cfg(test)]
mod tests {
    use domain::{DELIVERIES, EXCEPTIONS, LOTS, PRODUCTS};

    use super::*;

    #[test]
    fn a_build_that_does_not_send_its_tables_gets_the_first_tables() {
        let tables =
            |names: &[&'static str]| names.iter().map(|name| Cow::Borrowed(*name)).collect::<Vec<_>>();
        for old in [&[][..], FIRST_TABLES] {
            assert!(Scope::AVAILABLE.known_to(&tables(old)).tables().eq(FIRST_TABLES.iter().copied()));
        }
        assert_eq!(Scope::AVAILABLE.known_to(&tables(Warehouse::TABLES)), Scope::AVAILABLE);
    }

    #[test]
    fn a_build_gets_every_table_it_knows_and_no_other() {
        let known = [PRODUCTS, LOTS, EXCEPTIONS, "dreams"].map(Cow::Borrowed);
        let scope = Scope::AVAILABLE.known_to(&known);
        assert!(scope.tables().eq([PRODUCTS, LOTS, EXCEPTIONS]));
        assert!(!scope.has_table(DELIVERIES) && !scope.has_table("dreams"));
    }
}
