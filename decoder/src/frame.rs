//! A camera frame as grey values.

use rxing::Luma8Source;

/// Larger frames take longer to read without more codes being found.
const MAX_SIDE_PIXELS: u32 = 4_096;
/// Fewer pixels than the modules of the smallest code, so a smaller frame cannot hold one.
const MIN_SIDE_PIXELS: u32 = 16;
const RGBA_BYTES: usize = 4;
/// This share of the darkest and of the lightest pixels is ignored when the contrast is stretched.
const OUTLIERS_ONE_IN: usize = 2_000;

/// Error for pixels that do not form a frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// A side is too short or too long.
    #[error(
        "a frame of {width} x {height} pixels cannot be read; its sides have to be {MIN_SIDE_PIXELS} to {MAX_SIDE_PIXELS}"
    )]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The number of bytes does not match width and height.
    #[error("a frame has {found} bytes instead of {expected}; send it as it came from the canvas")]
    Length {
        /// Bytes that width and height call for.
        expected: usize,
        /// Bytes passed.
        found: usize,
    },
}

/// A greyscale picture, one byte per pixel; 0 is black.
#[derive(Clone, Debug)]
pub struct Frame {
    width: u32,
    height: u32,
    luma: Vec<u8>,
}

impl Frame {
    /// Creates a frame from grey values, row by row.
    ///
    /// # Errors
    /// [`FrameFault`] if a side is out of range or `luma` does not have `width * height` bytes.
    pub fn new(width: u32, height: u32, luma: Vec<u8>) -> Result<Self, FrameFault> {
        let expected = pixels(width, height)?;
        if luma.len() != expected {
            return Err(FrameFault::Length { expected, found: luma.len() });
        }
        Ok(Self { width, height, luma })
    }

    /// Creates a frame from canvas pixels: red, green, blue and alpha bytes of each pixel.
    ///
    /// # Errors
    /// [`FrameFault`] if a side is out of range or `rgba` does not have `width * height * 4` bytes.
    pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<Self, FrameFault> {
        let expected = pixels(width, height)? * RGBA_BYTES;
        if rgba.len() != expected {
            return Err(FrameFault::Length { expected, found: rgba.len() });
        }
        let luma = rgba.chunks_exact(RGBA_BYTES).map(|pixel| grey(pixel[0], pixel[1], pixel[2])).collect();
        Ok(Self { width, height, luma })
    }

    /// Returns a copy with the grey values stretched to the full range, ignoring outliers.
    pub(crate) fn stretched(&self) -> Self {
        let mut counts = [0_usize; 256];
        self.luma.iter().for_each(|value| counts[usize::from(*value)] += 1);
        let outliers = self.luma.len() / OUTLIERS_ONE_IN;
        let dark = i32::from(first_common(&counts, 0..=u8::MAX, outliers).unwrap_or(0));
        let light = i32::from(first_common(&counts, (0..=u8::MAX).rev(), outliers).unwrap_or(u8::MAX));
        let spread = |value: &u8| (i32::from(*value) - dark) * 255 / (light - dark).max(1);
        let luma = self.luma.iter().map(|value| u8::try_from(spread(value).clamp(0, 255)).unwrap_or(u8::MAX));
        Self { luma: luma.collect(), ..*self }
    }

    /// Returns a copy at half the size; each pixel is the mean of four.
    pub(crate) fn halved(&self) -> Self {
        let mut luma = Vec::with_capacity(self.luma.len() / 4);
        // Cannot fail: the constructors have checked the size.
        let width = usize::try_from(self.width).unwrap_or(1);
        for rows in self.luma.chunks_exact(2 * width) {
            let (upper, lower) = rows.split_at(width);
            for (above, below) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
                let sum: u32 = above.iter().chain(below).map(|value| u32::from(*value)).sum();
                luma.push(u8::try_from(sum / 4).unwrap_or(u8::MAX));
            }
        }
        Self { width: self.width / 2, height: self.height / 2, luma }
    }

    /// The frame in rxing's form. Never `None`, because the constructors have checked the length.
    pub(crate) fn source(&self) -> Option<Luma8Source<'_>> {
        Luma8Source::new_with_slice(&self.luma, self.width, self.height).ok()
    }
}

fn pixels(width: u32, height: u32) -> Result<usize, FrameFault> {
    let is_side = |side: u32| (MIN_SIDE_PIXELS..=MAX_SIDE_PIXELS).contains(&side);
    let sides = (usize::try_from(width), usize::try_from(height));
    match sides {
        (Ok(columns), Ok(rows)) if is_side(width) && is_side(height) => Ok(columns * rows),
        _ => Err(FrameFault::Size { width, height }),
    }
}

/// The first grey value, in the order given, at which the pixels counted so far exceed `outliers`.
fn first_common(counts: &[usize; 256], mut order: impl Iterator<Item = u8>, outliers: usize) -> Option<u8> {
    let mut seen = 0;
    order.find(|value| {
        seen += counts[usize::from(*value)];
        seen > outliers
    })
}

/// Perceived brightness (ITU-R BT.601), with weights in 256ths.
fn grey(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue);
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_as_many_pixels_as_its_sides_say() {
        let size = FrameFault::Size { width: 15, height: 480 };
        assert_eq!(Frame::new(15, 480, vec![0; 15 * 480]).unwrap_err(), size);
        assert!(Frame::new(u32::MAX, u32::MAX, Vec::new()).is_err());
        let length = FrameFault::Length { expected: 640 * 480 * 4, found: 640 * 480 };
        assert_eq!(Frame::from_rgba(640, 480, &[0; 640 * 480]).unwrap_err(), length);
    }

    #[test]
    fn colours_become_their_brightness() {
        assert_eq!((grey(0, 0, 0), grey(255, 255, 255)), (0, 255));
        assert!(grey(0, 255, 0) > grey(255, 0, 0) && grey(255, 0, 0) > grey(0, 0, 255));
    }
}
