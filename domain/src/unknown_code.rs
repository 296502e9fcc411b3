//! Unknown codes: scanned labels that no product, lot, bin or delivery has.

use serde::{Deserialize, Serialize};
use sync::{Refusal, RowKey, UnixMillis, sort_by};

use crate::gtin::normalize_gtin;
use crate::text::{MAX_BARCODE_CHARS, MAX_NAME_CHARS, check_optional, check_required};

/// The table of unknown codes.
pub const UNKNOWN_CODES: &str = "unknown_codes";
/// Devices that one unknown code names; those that scanned it last stay.
pub const MAX_DEVICES_PER_CODE: usize = 20;
/// Scans in one report.
pub const MAX_SCANS_PER_REPORT: u32 = 10_000;

/// Scans of an unknown code on one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSighting {
    /// As scanned.
    pub code: String,
    /// The address of the page it was scanned on. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// The time of the last scan, by the device's clock.
    pub at: UnixMillis,
    /// The number of scans.
    pub times: u32,
}

impl CodeSighting {
    pub(crate) fn validate(&self) -> Result<(), Refusal> {
        check_required("Code", &self.code, MAX_BARCODE_CHARS)?;
        check_optional("Place", &self.place, MAX_NAME_CHARS)?;
        if (1..=MAX_SCANS_PER_REPORT).contains(&self.times) {
            return Ok(());
        }
        let message = format!("A report has 1 to {MAX_SCANS_PER_REPORT} scans; this one has {}.", self.times);
        Err(Refusal::new("bad_quantity", message))
    }
}

/// The scans of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSighting {
    /// The author of the reports.
    pub author: String,
    /// All scans of the device, with the place of the last one.
    pub scans: CodeSighting,
}

/// An unknown code, as all devices reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownCode {
    /// The code in the form in which codes are compared.
    pub code: String,
    /// The scans of all devices, those included that [`UnknownCode::devices`] no longer names.
    pub times: u64,
    /// The devices, the latest scan first; at most [`MAX_DEVICES_PER_CODE`].
    pub devices: Vec<DeviceSighting>,
}

impl UnknownCode {
    /// A code without scans.
    pub fn new(code: &str) -> Self {
        Self { code: normalize_gtin(code), times: 0, devices: Vec::new() }
    }

    /// Adds the scans of a device. The order of reports does not matter.
    pub fn add(&mut self, author: &str, scans: &CodeSighting) {
        self.times = self.times.saturating_add(u64::from(scans.times));
        match self.devices.iter_mut().find(|device| device.author == author) {
            Some(DeviceSighting { scans: known, .. }) => {
                let times = known.times.saturating_add(scans.times);
                if scans.at >= known.at {
                    *known = scans.clone();
                }
                known.times = times;
            }
            None => {
                self.devices.push(DeviceSighting { author: author.to_owned(), scans: scans.clone() });
            }
        }
        sort_by(&mut self.devices, |a, b| b.scans.at.cmp(&a.scans.at).then_with(|| a.author.cmp(&b.author)));
        self.devices.truncate(MAX_DEVICES_PER_CODE);
    }

    /// The time of the last scan.
    pub fn last_at(&self) -> UnixMillis {
        self.devices.first().map_or(UnixMillis(0), |device| device.scans.at)
    }

    /// The code as it was scanned last.
    pub fn as_scanned(&self) -> &str {
        self.devices.first().map_or(&self.code, |device| &device.scans.code)
    }
}

/// The key of an unknown code's row: all spellings of a GTIN are one code.
pub fn unknown_code_key(code: &str) -> RowKey {
    RowKey::new(UNKNOWN_CODES, normalize_gtin(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scans(code: &str, at: i64, times: u32) -> CodeSighting {
        CodeSighting { code: code.to_owned(), place: format!("/{at}"), at: UnixMillis(at), times }
    }

    #[test]
    fn reports_add_up_in_any_order() {
        let reports =
            [("Dock 1", scans("X-1", 5, 2)), ("Dock 2", scans("X-1", 9, 1)), ("Dock 1", scans("X-1", 7, 3))];
        let of = |order: [usize; 3]| {
            let mut code = UnknownCode::new("X-1");
            order.iter().for_each(|at| code.add(reports[*at].0, &reports[*at].1));
            code
        };
        let first = of([0, 1, 2]);
        assert_eq!(first.times, 6);
        let shown: Vec<_> = first
            .devices
            .iter()
            .map(|device| (device.author.as_str(), &device.scans.place, device.scans.times))
            .collect();
        assert_eq!(shown, [("Dock 2", &"/9".to_owned(), 1), ("Dock 1", &"/7".to_owned(), 5)]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            assert_eq!(of(order), first);
        }
    }

    #[test]
    fn names_the_latest_devices_and_counts_all() {
        let mut code = UnknownCode::new("X-1");
        for at in 0..30 {
            code.add(&format!("Dock {at}"), &scans("X-1", at, 1));
        }
        assert_eq!((code.times, code.devices.len()), (30, MAX_DEVICES_PER_CODE));
        assert_eq!((code.last_at(), code.devices[0].author.as_str()), (UnixMillis(29), "Dock 29"));
    }

    #[test]
    fn all_spellings_of_a_gtin_are_one_code() {
        assert_eq!(unknown_code_key(" 4006381333931"), unknown_code_key("04006381333931"));
        assert_ne!(unknown_code_key("x-1"), unknown_code_key("x-2"));
    }

    #[test]
    fn an_invalid_report_is_refused() {
        let code = |sighting: CodeSighting| sighting.validate().map_err(|refusal| refusal.code);
        assert_eq!(code(scans("X-1", 1, 1)), Ok(()));
        assert_eq!(code(scans(" ", 1, 1)), Err("missing"));
        assert_eq!(code(scans(&"9".repeat(MAX_BARCODE_CHARS + 1), 1, 1)), Err("too_long"));
        assert_eq!(code(scans("X\u{1d}1", 1, 1)), Err("bad_text"));
        assert_eq!(code(scans("X-1", 1, 0)), Err("bad_quantity"));
        assert_eq!(code(scans("X-1", 1, MAX_SCANS_PER_REPORT + 1)), Err("bad_quantity"));
    }
}
