//! Line codes (one-dimensional barcodes). Rows of the frame are read from the centre outwards, each in both
//! directions.

use rxing::common::BitArray;
use rxing::oned::{Code39Reader, Code128Reader, ITFReader, MultiFormatUPCEANReader, OneDReader};
use rxing::{Binarizer, BinaryBitmap, DecodeHints, RXingResult};

use crate::code::{Code, pixels};

/// Rows read per frame, evenly spaced. A code is many times higher than the spacing.
const MAX_ROWS: usize = 60;
/// Codes read side by side in one row and direction.
const MAX_CODES_IN_ROW: usize = 3;
/// The only length of Interleaved 2 of 5 that is read, because a partial read of another length looks
/// complete.
const ITF_DIGITS: u32 = 14;

/// Finds the line code nearest to the centre.
pub(crate) fn nearest<B: Binarizer>(image: &mut BinaryBitmap<B>) -> Option<Code> {
    let (width, height) = (image.get_width(), image.get_height());
    let step = height.div_ceil(MAX_ROWS).max(1);
    let hints = DecodeHints {
        TryHarder: Some(true),
        AssumeGs1: Some(true),
        AllowedLengths: Some(vec![ITF_DIGITS]),
        ..DecodeHints::default()
    };
    let mut best: Option<Code> = None;
    for nth in 0..=height / step {
        let away = nth.div_ceil(2) * step;
        let row = if nth % 2 == 0 { (height / 2).checked_add(away) } else { (height / 2).checked_sub(away) };
        let Some(row) = row.filter(|row| *row < height) else { continue };
        if best.as_ref().is_some_and(|best| best.offset <= pixels(away)) {
            break;
        }
        let Ok(bits) = image.get_black_row(row) else { continue };
        for result in in_row(bits.into_owned(), row, &hints) {
            let code = Code::of(&result, (width, height));
            best = best.into_iter().chain(code).min_by(|one, other| one.offset.total_cmp(&other.offset));
        }
    }
    best
}

/// Reads all codes of a row, in both directions, with their positions.
fn in_row(mut bits: BitArray, row: usize, hints: &DecodeHints) -> Vec<RXingResult> {
    let width = bits.get_size();
    let mut found = read(&bits, row, hints);
    bits.reverse();
    for mut result in read(&bits, row, hints) {
        for point in result.getPointsMut() {
            point.x = pixels(width) - point.x - 1.0;
        }
        found.push(result);
    }
    found
}

/// Reads codes from left to right; each search starts after the previous code.
fn read(bits: &BitArray, row: usize, hints: &DecodeHints) -> Vec<RXingResult> {
    let mut found = Vec::new();
    let mut rest = bits.clone();
    while found.len() < MAX_CODES_IN_ROW {
        let Some(result) = first(&rest, row, hints) else { break };
        let end = result.getPoints().iter().map(|point| point.x).fold(0.0, f32::max);
        found.push(result);
        let Some(behind) = behind(&rest, end) else { break };
        rest = behind;
    }
    found
}

/// Returns the row with everything up to `end` set to white, or `None` if nothing is left of it.
fn behind(bits: &BitArray, end: f32) -> Option<BitArray> {
    let mut rest = BitArray::with_size(bits.get_size());
    let from = (0..bits.get_size()).find(|at| pixels(*at) > end)?;
    (from..bits.get_size()).filter(|at| bits.get(*at)).for_each(|at| rest.set(at));
    Some(rest)
}

fn first(bits: &BitArray, row: usize, hints: &DecodeHints) -> Option<RXingResult> {
    let row = u32::try_from(row).ok()?;
    let ean = || MultiFormatUPCEANReader::new(hints).decode_row(row, bits, hints);
    let code_128 = || Code128Reader.decode_row(row, bits, hints);
    let itf = || ITFReader::default().decode_row(row, bits, hints);
    let code_39 = || Code39Reader::default().decode_row(row, bits, hints);
    ean().or_else(|_| code_128()).or_else(|_| itf()).or_else(|_| code_39()).ok()
}
