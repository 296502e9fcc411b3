//! Reads barcodes in camera frames and reports them in the form a scanner sends.
//!
//! Pure: a frame in, a code out. `src/worker.rs` wraps it in wasm for a Web Worker.

mod code;
mod frame;
mod lines;
mod squares;

pub use code::{Code, Symbology};
pub use frame::{Frame, FrameFault};

use rxing::BinaryBitmap;
use rxing::common::HybridBinarizer;

/// Reads the code nearest to the centre of a frame.
///
/// If the first attempt finds nothing, the frame is read again with stretched contrast, which helps in poor
/// light, and then at half size, which helps against noise and blur.
#[must_use]
pub fn decode(frame: &Frame) -> Option<Code> {
    let half_sized = || {
        let code = read(&frame.halved())?;
        Some(Code { offset: code.offset * 2.0, ..code })
    };
    read(frame).or_else(|| read(&frame.stretched())).or_else(half_sized)
}

/// Looks for line codes turned by 90 degrees only if nothing else was found.
fn read(frame: &Frame) -> Option<Code> {
    let mut image = BinaryBitmap::new(HybridBinarizer::new(frame.source()?));
    let upright = lines::nearest(&mut image);
    let squares = squares::all(&mut image);
    let found = upright.into_iter().chain(squares).min_by(|one, other| one.offset.total_cmp(&other.offset));
    found.or_else(|| lines::nearest(&mut image.rotate_counter_clockwise()))
}
