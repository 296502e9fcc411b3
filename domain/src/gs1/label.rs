//! Labels that do not follow GS1's rules.

use crate::date::CalendarDate;

/// What a label of another standard says about the goods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The item's identifier; on a label without one, its lot.
    pub code: String,
    /// Whether the code is the item's.
    pub is_item: bool,
    /// The batch or lot.
    pub lot_code: Option<String>,
    /// The last day of use.
    pub expires_on: Option<CalendarDate>,
}

impl Label {
    /// None for a label with neither item nor lot.
    pub(super) fn new(
        item: Option<&str>,
        lot: Option<&str>,
        expires_on: Option<CalendarDate>,
    ) -> Option<Self> {
        let code = item.or(lot)?.to_owned();
        Some(Self { code, is_item: item.is_some(), lot_code: lot.map(str::to_owned), expires_on })
    }
}
