//! Commands as barcodes: with a printed sheet of them, a whole task can be done by scans alone.

use domain::{Occasion, ReasonCode};

use crate::route::LotWork;
use crate::words::language::t;
use crate::words::movement_words::reason_word;

/// The prefix of every command's code, so that no product's code is mistaken for a command.
const PREFIX: &str = "LBCMD-";

/// An action that a scan can trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// The page's main button.
    Save,
    /// Undoes the last entry.
    Undo,
    /// Leaves the page.
    Back,
    /// Goes to the start page.
    Home,
    /// Clears the quantity.
    Clear,
    /// 0 to 9.
    Digit(u8),
    /// The decimal sign.
    Point,
    /// A lot code for goods without one.
    NoLot,
    /// Makes an adjustment a removal of stock.
    TakeAway,
    /// Makes an adjustment an addition of stock.
    Add,
    /// Sets the reason of an adjustment.
    Reason(ReasonCode),
    /// Starts an operation.
    Start(LotWork),
    /// Starts a transfer of several lots.
    Transfer,
    /// Starts an order.
    Sell,
}

const PLAIN: [(Command, &str); 10] = [
    (Command::Save, "SAVE"),
    (Command::Undo, "UNDO"),
    (Command::Back, "BACK"),
    (Command::Home, "HOME"),
    (Command::Clear, "CLEAR"),
    (Command::Point, "POINT"),
    (Command::NoLot, "NO-LOT"),
    (Command::TakeAway, "TAKE"),
    (Command::Add, "ADD"),
    (Command::Transfer, "TRANSFER"),
];
const SELL: &str = "SELL";
const REASON: &str = "WHY-";

impl Command {
    /// Parses a command's code.
    pub(crate) fn read(code: &str) -> Option<Self> {
        let code = code.trim().to_ascii_uppercase();
        let name = code.strip_prefix(PREFIX)?;
        if let Some((command, _)) = PLAIN.into_iter().find(|(_, plain)| *plain == name) {
            return Some(command);
        }
        if let Some(reason) = name.strip_prefix(REASON) {
            return ReasonCode::from_code(reason).map(Self::Reason);
        }
        match name.as_bytes() {
            [digit @ b'0'..=b'9'] => Some(Self::Digit(digit - b'0')),
            _ if name == SELL => Some(Self::Sell),
            _ => name.to_ascii_lowercase().parse().ok().map(Self::Start),
        }
    }

    /// Whether a code is meant as a command, even if there is none like it.
    pub(crate) fn is_meant(code: &str) -> bool {
        code.trim().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    }

    /// Its code: `LBCMD-SAVE`.
    pub(crate) fn code(self) -> String {
        let plain = PLAIN.into_iter().find(|(command, _)| *command == self);
        let name = match self {
            Self::Digit(digit) => digit.to_string(),
            Self::Reason(reason) => format!("{REASON}{}", reason.code()),
            Self::Start(work) => work.code().to_owned(),
            _ => plain.map_or(SELL, |(_, name)| name).to_owned(),
        };
        format!("{PREFIX}{}", name.to_ascii_uppercase())
    }

    /// The label on the printed sheet.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Save => t("Save").to_owned(),
            Self::Undo => t("Undo the last entry").to_owned(),
            Self::Back => t("Back").to_owned(),
            Self::Home => t("Start page").to_owned(),
            Self::Clear => t("Clear quantity").to_owned(),
            Self::Digit(digit) => digit.to_string(),
            Self::Point => t("Decimal point").to_owned(),
            Self::NoLot => t("No lot code").to_owned(),
            Self::TakeAway => t("Remove").to_owned(),
            Self::Add => t("Add").to_owned(),
            Self::Reason(reason) => reason_word(reason).to_owned(),
            Self::Start(work) => t(work.verb()).to_owned(),
            Self::Transfer => t("Transfer").to_owned(),
            Self::Sell => t("Sell").to_owned(),
        }
    }

    /// Every command, in groups for the printed sheet.
    pub(crate) fn groups() -> Vec<(&'static str, Vec<Self>)> {
        let digits = (1..=9).chain([0]).map(Self::Digit).chain([Self::Point, Self::Clear]);
        let reasons = |occasion| ReasonCode::of(occasion).iter().copied().map(Self::Reason);
        let more_reasons = reasons(Occasion::Override)
            .filter(|reason| !reasons(Occasion::Adjust).any(|other| other == *reason));
        vec![
            (t("Everywhere"), vec![Self::Save, Self::Undo, Self::Back, Self::Home]),
            (
                t("Start"),
                LotWork::ALL.into_iter().map(Self::Start).chain([Self::Transfer, Self::Sell]).collect(),
            ),
            (t("Quantity"), digits.collect()),
            (t("Lot"), vec![Self::NoLot]),
            (t("Adjust"), vec![Self::TakeAway, Self::Add]),
            (t("Reasons"), reasons(Occasion::Adjust).chain(more_reasons).collect()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_read_from_its_code() {
        let all = Command::groups().into_iter().flat_map(|(_, commands)| commands);
        let mut codes = std::collections::BTreeSet::new();
        for command in all {
            assert_eq!(Command::read(&command.code()), Some(command));
            assert_eq!(Command::read(&command.code().to_lowercase()), Some(command));
            assert!(codes.insert(command.code()), "{} stands there twice", command.code());
        }
        assert_eq!(Command::read("SAVE"), None);
        assert_eq!(Command::read("LBCMD-EAT"), None);
        assert!(Command::is_meant(" lbcmd-eat") && Command::is_meant("LBCMD-"));
        assert!(!Command::is_meant("LBCM") && !Command::is_meant("SAVE") && !Command::is_meant("Ölbcmd"));
    }
}
