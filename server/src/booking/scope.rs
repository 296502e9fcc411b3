//! Which rows a device holds.

use domain::{LotStatus, Row};

/// A choice of rows, by a name the device sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every product, and lots whose status is `available`.
    Available,
    /// Every product and every lot.
    All,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 2] = [Self::Available, Self::All];

    /// As sent: `available`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::All => "all",
        }
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Whether a device with this scope holds `row`.
    pub fn holds(self, row: &Row) -> bool {
        match (self, row) {
            (Self::All, _) | (_, Row::Product(_)) => true,
            (Self::Available, Row::Lot(lot)) => lot.status == LotStatus::Available,
        }
    }

    /// The one lot status it is limited to, if it is.
    pub fn lot_status(self) -> Option<LotStatus> {
        match self {
            Self::Available => Some(LotStatus::Available),
            Self::All => None,
        }
    }
}
