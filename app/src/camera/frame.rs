//! Frames as pixels: the video's picture, scaled down so that it is decoded quickly.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement, ImageData};

use super::javascript::object;

/// The longer side of a decoded frame: a retail code that fills a third of it has three pixels for each bar.
pub(super) const MAX_SIDE_PIXELS: u32 = 960;

/// The canvas for drawing frames.
pub(super) struct Canvas {
    element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Canvas {
    /// A canvas outside the document.
    pub(super) fn new() -> Result<Self, JsValue> {
        let document = web_sys::window().and_then(|window| window.document()).ok_or("there is no page")?;
        let element: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
        let options = object(&[("willReadFrequently", true.into()), ("alpha", false.into())]);
        let context = element.get_context_with_context_options("2d", &options)?.ok_or("no canvas")?;
        Ok(Self { element, context: context.dyn_into()? })
    }

    /// The video's current picture; `None` before the first.
    pub(super) fn frame(&self, video: &HtmlVideoElement) -> Option<ImageData> {
        let (width, height) = fitted(video.video_width(), video.video_height())?;
        if (self.element.width(), self.element.height()) != (width, height) {
            self.element.set_width(width);
            self.element.set_height(height);
        }
        let (across, down) = (f64::from(width), f64::from(height));
        let drawn =
            self.context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, across, down);
        drawn.and_then(|()| self.context.get_image_data(0.0, 0.0, across, down)).ok()
    }
}

/// The sides of a picture, scaled down until the longer one fits.
fn fitted(width: u32, height: u32) -> Option<(u32, u32)> {
    let longer = width.max(height);
    let scaled = |side: u32| if longer > MAX_SIDE_PIXELS { side * MAX_SIDE_PIXELS / longer } else { side };
    (width > 0 && height > 0).then(|| (scaled(width).max(1), scaled(height).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_made_smaller_and_never_larger() {
        assert_eq!(fitted(1_920, 1_080), Some((960, 540)));
        assert_eq!(fitted(720, 1_280), Some((540, 960)));
        assert_eq!(fitted(640, 480), Some((640, 480)));
        assert_eq!(fitted(0, 0), None, "no picture yet");
    }
}
