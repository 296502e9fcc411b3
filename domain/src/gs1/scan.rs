//! The result of a scan, and the scanner's properties.

use super::date;
use super::label::Label;
use crate::date::CalendarDate;

/// The standard separator character.
pub const GROUP_SEPARATOR: char = '\u{1d}';

/// The known properties of the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanner {
    /// The substitute it sends for [`GROUP_SEPARATOR`], if configured.
    pub separator: char,
    /// Whether it was observed to send separators: then a field that runs to the end really does.
    pub sends_separators: bool,
}

/// A parsed scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// A GTIN of 8, 12, 13 or 14 digits with a valid check digit, as scanned: only a UPC-E is in full, and an
    /// add-on is left out.
    Gtin(String),
    /// GS1 elements.
    Gs1(Gs1),
    /// Several readings are possible, because a separator may have been lost: a person has to choose. At most
    /// [`MAX_READINGS`]; the most likely first, which is that no separator was lost.
    Unclear(Vec<Gs1>),
    /// A label of another standard: HIBC, or ISO/IEC 15434 with ANSI's identifiers.
    Label(Label),
    /// Any other code, without the scanner's additions.
    Other(String),
}

/// Maximum number of readings of an unclear scan.
pub const MAX_READINGS: usize = 4;

/// The elements of one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gs1(pub Vec<Element>);

impl Gs1 {
    /// The data of an identifier.
    pub fn get(&self, ai: &str) -> Option<&str> {
        self.0.iter().find(|element| element.ai == ai).map(|element| element.value.as_str())
    }

    /// The item's GTIN in 14 digits: of the trade item, of the content of a pallet, or of an item that is
    /// made to order.
    pub fn gtin(&self) -> Option<&str> {
        let number = ["01", "02", "03"].into_iter().find_map(|ai| self.get(ai));
        number.or_else(|| self.get("8006").and_then(|itip| itip.get(..14)))
    }

    /// The batch or lot.
    pub fn lot_code(&self) -> Option<&str> {
        self.get("10")
    }

    /// The last day of use: the use-by date, without or with a time, else the best-before date.
    pub fn expires_on(&self, today: CalendarDate) -> Option<CalendarDate> {
        ["17", "7003", "15"].into_iter().find_map(|ai| date::date(self.get(ai)?, today))
    }

    /// A date of another identifier: `11` production, `13` packaging.
    pub fn date(&self, ai: &str, today: CalendarDate) -> Option<CalendarDate> {
        date::date(self.get(ai)?, today)
    }
}

/// An application identifier and its data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Such as `10`.
    pub ai: String,
    /// As marked.
    pub value: String,
}
