//! Which rows a device holds.

use std::borrow::Cow;

use domain::{FIRST_TABLES, LotStatus, Row, Warehouse};
use sync::Records;

/// A choice of rows, by a name the device sends, of the tables it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    name: &'static str,
    lot_status: Option<LotStatus>,
    tables: &'static [&'static str],
}

impl Scope {
    /// Every row, but of lots only those whose status is `available`.
    pub const AVAILABLE: Self =
        Self { name: "available", lot_status: Some(LotStatus::Available), tables: Warehouse::TABLES };
    /// Every row.
    pub const EVERYTHING: Self = Self { name: "all", lot_status: None, tables: Warehouse::TABLES };
    /// Every scope there is.
    pub const ALL: [Self; 2] = [Self::AVAILABLE, Self::EVERYTHING];

    /// As sent: `available`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The same for a device that knows these tables: a build that cannot read a row must not be sent it.
    #[must_use]
    pub fn known_to(self, tables: &[Cow<'static, str>]) -> Self {
        let knows_all = Warehouse::TABLES.iter().all(|table| tables.iter().any(|known| known == table));
        Self { tables: if knows_all { Warehouse::TABLES } else { FIRST_TABLES }, ..self }
    }

    /// The tables it has rows of, in the order a snapshot fills them.
    pub fn tables(self) -> &'static [&'static str] {
        self.tables
    }

    /// Whether a device with this scope holds `row`. A delivery is no longer of interest once nothing more comes.
    pub fn holds(self, row: &Row) -> bool {
        match row {
            Row::Product(_) | Row::Exception(_) => true,
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
    use super::*;

    #[test]
    fn a_build_that_does_not_say_what_it_knows_gets_the_first_tables() {
        let tables =
            |names: &[&'static str]| names.iter().map(|name| Cow::Borrowed(*name)).collect::<Vec<_>>();
        for old in [&[][..], FIRST_TABLES] {
            assert_eq!(Scope::AVAILABLE.known_to(&tables(old)).tables(), FIRST_TABLES);
        }
        assert_eq!(Scope::AVAILABLE.known_to(&tables(Warehouse::TABLES)), Scope::AVAILABLE);
    }
}
