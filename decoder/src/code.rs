//! A decoded barcode in the form a scanner sends: the AIM symbology identifier (ISO/IEC 15424) first, FNC1 as
//! a group separator.

use rxing::{BarcodeFormat, Point, RXingResult, RXingResultMetadataType, RXingResultMetadataValue};

/// The supported symbologies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbology {
    /// EAN-13, UPC-A or UPC-E, all reported as thirteen digits.
    Ean13,
    /// EAN-8: eight digits.
    Ean8,
    /// Code 128 that does not begin with FNC1.
    Code128,
    /// Code 128 that begins with FNC1.
    Gs1Code128,
    /// Code 39.
    Code39,
    /// Interleaved 2 of 5 with fourteen digits, the last a check digit.
    Itf14,
    /// Data Matrix that does not begin with FNC1.
    DataMatrix,
    /// Data Matrix that begins with FNC1.
    Gs1DataMatrix,
    /// QR Code without FNC1 in first position.
    QrCode,
    /// QR Code with FNC1 in first position.
    Gs1QrCode,
}

impl Symbology {
    /// The AIM identifier, such as `]E0`.
    #[must_use]
    pub const fn aim(self) -> &'static str {
        match self {
            Self::Ean13 => "]E0",
            Self::Ean8 => "]E4",
            Self::Code128 => "]C0",
            Self::Gs1Code128 => "]C1",
            Self::Code39 => "]A0",
            Self::Itf14 => "]I1",
            Self::DataMatrix => "]d1",
            Self::Gs1DataMatrix => "]d2",
            Self::QrCode => "]Q1",
            Self::Gs1QrCode => "]Q3",
        }
    }
}

/// A decoded barcode.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The kind of barcode.
    pub symbology: Symbology,
    /// The data, without the AIM identifier.
    pub text: String,
    /// Distance of the code's centre from the frame's centre, in pixels.
    pub offset: f32,
}

impl Code {
    /// AIM identifier and text, as a scanner sends them.
    #[must_use]
    pub fn scan(&self) -> String {
        format!("{}{}", self.symbology.aim(), self.text)
    }

    /// Converts a result found in a frame of this size. `None` if its symbology is not supported.
    pub(crate) fn of(result: &RXingResult, (width, height): (usize, usize)) -> Option<Self> {
        let (symbology, text) = content(result)?;
        let (x, y) = middle(result.getPoints())?;
        let from_middle = |at: f32, side: usize| at - pixels(side) / 2.0;
        let offset = from_middle(x, width).hypot(from_middle(y, height));
        Some(Self { symbology, text, offset })
    }
}

/// A pixel position or side as `f32`. Sides are a few thousand pixels at most.
pub(crate) fn pixels(count: usize) -> f32 {
    u16::try_from(count).map_or(f32::from(u16::MAX), f32::from)
}

fn middle(points: &[Point]) -> Option<(f32, f32)> {
    let range = |axis: fn(&Point) -> f32| {
        let values = points.iter().map(axis);
        let (low, high) = (values.clone().reduce(f32::min)?, values.reduce(f32::max)?);
        Some(f32::midpoint(low, high))
    };
    Some((range(|point| point.x)?, range(|point| point.y)?))
}

fn content(result: &RXingResult) -> Option<(Symbology, String)> {
    let text = result.getText();
    let owned = || text.to_owned();
    Some(match result.getBarcodeFormat() {
        BarcodeFormat::EAN_13 => (Symbology::Ean13, owned()),
        BarcodeFormat::UPC_A => (Symbology::Ean13, format!("0{text}")),
        BarcodeFormat::UPC_E => (Symbology::Ean13, format!("0{}", domain::expand_upc_e(text)?)),
        BarcodeFormat::EAN_8 => (Symbology::Ean8, owned()),
        BarcodeFormat::CODE_128 => match text.strip_prefix("]C1") {
            Some(elements) if identifier(result) == "]C1" => (Symbology::Gs1Code128, elements.to_owned()),
            _ => (Symbology::Code128, owned()),
        },
        BarcodeFormat::CODE_39 => (Symbology::Code39, owned()),
        BarcodeFormat::ITF => has_check_digit(text).then(|| (Symbology::Itf14, owned()))?,
        BarcodeFormat::DATA_MATRIX if is_gs1_content(result) => (Symbology::Gs1DataMatrix, owned()),
        BarcodeFormat::DATA_MATRIX => (Symbology::DataMatrix, owned()),
        BarcodeFormat::QR_CODE if identifier(result) == "]Q3" => (Symbology::Gs1QrCode, owned()),
        BarcodeFormat::QR_CODE => (Symbology::QrCode, owned()),
        _ => return None,
    })
}

fn identifier(result: &RXingResult) -> &str {
    match result.getRXingResultMetadata().get(&RXingResultMetadataType::SYMBOLOGY_IDENTIFIER) {
        Some(RXingResultMetadataValue::SymbologyIdentifier(identifier)) => identifier,
        _ => "",
    }
}

/// Reads the content type, because rxing's symbology identifier of a Data Matrix is wrong if FNC1 separates
/// early fields of a code that is not GS1.
fn is_gs1_content(result: &RXingResult) -> bool {
    let content = result.getRXingResultMetadata().get(&RXingResultMetadataType::CONTENT_TYPE);
    matches!(content, Some(RXingResultMetadataValue::ContentType(kind)) if kind == "GS1")
}

/// Interleaved 2 of 5 has no other protection against a partial read that looks like a complete code.
fn has_check_digit(text: &str) -> bool {
    let weighed = text.bytes().rev().enumerate().map(|(at, byte)| {
        let weight = if at % 2 == 0 { 1 } else { 3 };
        u32::from(byte.wrapping_sub(b'0')) * weight
    });
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) && weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_digits_need_their_check_digit() {
        assert!(has_check_digit("15400141288763"));
        assert!(!has_check_digit("15400141288764"));
        assert!(!has_check_digit("1540014128876"));
    }
}
