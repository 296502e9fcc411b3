//! Barcodes in a camera's frames: what is read, where, and as which symbology, in the words of a scanner.
//!
//! Pure: a frame in, a code out. `src/worker.rs` is the wasm that a Web Worker runs around it.

mod code;
mod frame;
mod lines;
mod squares;

pub use code::{Code, Symbology};
pub use frame::{Frame, FrameFault};

use rxing::BinaryBitmap;
use rxing::common::HybridBinarizer;

/// The code nearest to the middle of a frame.
///
/// Where nothing is read at first, the frame is read again with its contrast stretched, which helps in poor light, and then at half
/// its size, which helps against noise and blur.
#[must_use]
pub fn decode(frame: &Frame) -> Option<Code> {
    let half_sized = || {
        let code = read(&frame.halved())?;
        Some(Code { offset: code.offset * 2.0, ..code })
    };
    read(frame).or_else(|| read(&frame.stretched())).or_else(half_sized)
}

/// A line code is looked for on its side only where nothing stands upright.
fn read(frame: &Frame) -> Option<Code> {
    let mut image = BinaryBitmap::new(HybridBinarizer::new(frame.source()?));
    let upright = lines::nearest(&mut image);
    let squares = squares::all(&mut image);
    let found = upright.into_iter().chain(squares).min_by(|one, other| one.offset.total_cmp(&other.offset));
    found.or_else(|| lines::nearest(&mut image.rotate_counter_clockwise()))
}
