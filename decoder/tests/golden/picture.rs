//! Generates pictures of codes as a camera takes them: turned, small, blurred, low in contrast, noisy.

use decoder::Frame;
use fastrand::Rng;
use rxing::common::BitMatrix;
use rxing::{BarcodeFormat, EncodeHints, MultiFormatWriter, Writer};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;
/// Height of the bars of line codes, in modules.
const BAR_MODULES: f32 = 40.0;
/// Samples per pixel and axis, so that edges are as soft as in a photograph.
const SAMPLES: u32 = 3;

/// Position and quality of a code in the picture.
#[derive(Clone, Copy)]
pub(crate) struct Shot {
    /// Width of one module, in pixels.
    pub(crate) module: f32,
    /// Rotation, clockwise, in degrees.
    pub(crate) turned: f32,
    /// Offset from the picture's centre, in pixels.
    pub(crate) at: (f32, f32),
    /// Blur radius, in pixels.
    pub(crate) blur: u32,
    /// Largest random deviation of a grey value, in either direction.
    pub(crate) noise: i32,
    /// Grey values of dark and of light modules.
    pub(crate) tones: (f32, f32),
}

/// A steady shot in good light.
pub(crate) const PLAIN: Shot =
    Shot { module: 3.0, turned: 0.0, at: (0.0, 0.0), blur: 0, noise: 0, tones: (25.0, 225.0) };

/// A code's modules.
pub(crate) struct Label {
    bits: BitMatrix,
    is_line: bool,
}

impl Label {
    pub(crate) fn new(text: &str, format: BarcodeFormat) -> Self {
        Self::with_hints(text, format, &EncodeHints::default())
    }

    pub(crate) fn with_hints(text: &str, format: BarcodeFormat, hints: &EncodeHints) -> Self {
        let is_line = !matches!(format, BarcodeFormat::DATA_MATRIX | BarcodeFormat::QR_CODE);
        let hints = EncodeHints { Margin: Some("0".to_owned()), ..hints.clone() };
        let bits = MultiFormatWriter.encode_with_hints(text, &format, 0, 0, &hints).expect("a code");
        Self { bits, is_line }
    }

    fn size(&self) -> (f32, f32) {
        let side = |modules: u32| f32::from(u16::try_from(modules).expect("a code is small"));
        (side(self.bits.width()), if self.is_line { BAR_MODULES } else { side(self.bits.height()) })
    }

    /// Whether a point is dark; coordinates in modules from the label's corner.
    fn is_dark(&self, x: f32, y: f32) -> bool {
        let (width, height) = self.size();
        if x < 0.0 || y < 0.0 || x >= width || y >= height {
            return false;
        }
        self.bits.get(x as u32, if self.is_line { 0 } else { y as u32 })
    }
}

/// Renders labels, with the tones, blur and noise of the first shot.
pub(crate) fn picture(labels: &[(&Label, Shot)]) -> Frame {
    let tones = labels.first().map_or(PLAIN.tones, |(_, shot)| shot.tones);
    let (blur, noise) = labels.first().map_or((0, 0), |(_, shot)| (shot.blur, shot.noise));
    let mut grey: Vec<f32> = Vec::with_capacity((WIDTH * HEIGHT) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let dark = labels.iter().map(|(label, shot)| darkness(label, shot, x, y)).fold(0.0, f32::max);
            grey.push(tones.1 + (tones.0 - tones.1) * dark);
        }
    }
    let grey = blurred(&grey, blur);
    let mut random = Rng::with_seed(0x9e37_79b9_7f4a_7c15);
    let luma = grey.iter().map(|value| (*value as i32 + random.i32(-noise..=noise)).clamp(0, 255) as u8);
    Frame::new(WIDTH, HEIGHT, luma.collect()).expect("a frame")
}

/// A picture of nothing but noise.
pub(crate) fn noise(seed: u64) -> Frame {
    let mut random = Rng::with_seed(seed);
    let luma = (0..WIDTH * HEIGHT).map(|_| random.u8(1..)).collect();
    Frame::new(WIDTH, HEIGHT, luma).expect("a frame")
}

/// The share of a pixel, 0 to 1, that a label darkens.
fn darkness(label: &Label, shot: &Shot, x: u32, y: u32) -> f32 {
    let (sin, cos) = shot.turned.to_radians().sin_cos();
    let (width, height) = label.size();
    let mut dark = 0;
    for sample in 0..SAMPLES * SAMPLES {
        let inside = |at: u32| (at as f32 + 0.5) / SAMPLES as f32;
        let from_x = x as f32 + inside(sample % SAMPLES) - WIDTH as f32 / 2.0 - shot.at.0;
        let from_y = y as f32 + inside(sample / SAMPLES) - HEIGHT as f32 / 2.0 - shot.at.1;
        let label_x = (from_x * cos + from_y * sin) / shot.module + width / 2.0;
        let label_y = (from_y * cos - from_x * sin) / shot.module + height / 2.0;
        dark += u32::from(label.is_dark(label_x, label_y));
    }
    dark as f32 / (SAMPLES * SAMPLES) as f32
}

/// Box blur, horizontally and vertically.
fn blurred(grey: &[f32], radius: u32) -> Vec<f32> {
    let (width, height) = (WIDTH as i32, HEIGHT as i32);
    let pass = |from: &[f32], dx: i32, dy: i32| -> Vec<f32> {
        let reach = radius as i32;
        let at = |x: i32, y: i32| from[(y.clamp(0, height - 1) * width + x.clamp(0, width - 1)) as usize];
        let mean = |x: i32, y: i32| {
            (-reach..=reach).map(|off| at(x + off * dx, y + off * dy)).sum::<f32>() / (2 * reach + 1) as f32
        };
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect()
    };
    if radius == 0 { grey.to_vec() } else { pass(&pass(grey, 1, 0), 0, 1) }
}
