//! The camera's video stream, and its torch.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, HtmlVideoElement, MediaDevices, MediaStream, MediaStreamConstraints, MediaStreamTrack,
};

use super::javascript::{call, get, object};

/// Enough for a code that fills a third of the picture, and fast to draw.
const WANTED_WIDTH_PIXELS: u32 = 1_280;
const WANTED_HEIGHT_PIXELS: u32 = 720;

/// The reason why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CameraFault {
    /// The page was not loaded over HTTPS.
    Insecure,
    /// The device has no camera.
    Missing,
    /// The user or the browser's settings denied it.
    Denied,
    /// Another app uses it.
    Busy,
    /// The browser's message.
    Other(String),
}

impl CameraFault {
    fn of(error: &JsValue) -> Self {
        let Some(error) = error.dyn_ref::<DomException>() else { return Self::Other(format!("{error:?}")) };
        Self::named(&error.name()).unwrap_or_else(|| Self::Other(error.message()))
    }

    /// Maps the name of the exception (Media Capture and Streams, getUserMedia).
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "NotAllowedError" | "SecurityError" => Self::Denied,
            "NotFoundError" | "OverconstrainedError" => Self::Missing,
            "NotReadableError" | "AbortError" => Self::Busy,
            _ => return None,
        })
    }
}

/// The running camera. It stops on drop.
pub(super) struct Stream(MediaStream);

impl Drop for Stream {
    fn drop(&mut self) {
        self.tracks().for_each(|track| track.stop());
    }
}

impl Stream {
    /// Starts the rear camera, or any other.
    pub(super) async fn open() -> Result<Self, CameraFault> {
        let devices = devices().ok_or(CameraFault::Insecure)?;
        let ideal = |value: JsValue| object(&[("ideal", value)]);
        let constraints = MediaStreamConstraints::new();
        constraints.set_video(&object(&[
            ("facingMode", ideal("environment".into())),
            ("width", ideal(WANTED_WIDTH_PIXELS.into())),
            ("height", ideal(WANTED_HEIGHT_PIXELS.into())),
        ]));
        let asked = devices.get_user_media_with_constraints(&constraints);
        let asked = asked.map_err(|error| CameraFault::of(&error))?;
        let media = JsFuture::from(asked).await.map_err(|error| CameraFault::of(&error))?;
        Ok(Self(media.unchecked_into()))
    }

    /// Shows the picture in a video element.
    pub(super) async fn show_in(&self, video: &HtmlVideoElement) -> Result<(), CameraFault> {
        video.set_src_object(Some(&self.0));
        let playing = video.play().map_err(|error| CameraFault::of(&error))?;
        JsFuture::from(playing).await.map(drop).map_err(|error| CameraFault::of(&error))
    }

    /// Whether it has a torch that can be left on.
    pub(super) fn has_torch(&self) -> bool {
        self.tracks().any(|track| {
            let capabilities = call(&track, "getCapabilities", &Array::new());
            let torch = capabilities.and_then(|capabilities| get(&capabilities, "torch"));
            torch.is_some_and(|torch| torch.is_truthy())
        })
    }

    /// Requests the torch to be on or off.
    pub(super) fn set_torch(&self, is_on: bool) {
        let wanted = object(&[("advanced", Array::of1(&object(&[("torch", is_on.into())])).into())]);
        for track in self.tracks() {
            if let Some(asked) = call(&track, "applyConstraints", &Array::of1(&wanted)) {
                // If it fails, the user can see that the torch stays off.
                wasm_bindgen_futures::spawn_local(async move {
                    drop(JsFuture::from(js_sys::Promise::from(asked)).await)
                });
            }
        }
    }

    fn tracks(&self) -> impl Iterator<Item = MediaStreamTrack> {
        self.0.get_video_tracks().into_iter().map(JsCast::unchecked_into)
    }
}

/// Whether the device has a camera. If the browser does not tell, because the page is not secure, it may have
/// one.
pub(crate) async fn is_present() -> bool {
    let Some(Ok(asked)) = devices().map(|devices| devices.enumerate_devices()) else {
        return devices().is_none();
    };
    let found = JsFuture::from(asked).await.map(|found| Array::from(&found)).unwrap_or_default();
    found.iter().any(|device| get(&device, "kind").is_some_and(|kind| kind == "videoinput"))
}

/// `None` outside secure contexts, although the bindings promise a value.
fn devices() -> Option<MediaDevices> {
    get(&web_sys::window()?.navigator(), "mediaDevices")?.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied_missing_and_busy_cameras_are_distinguished() {
        assert_eq!(CameraFault::named("NotAllowedError"), Some(CameraFault::Denied));
        assert_eq!(CameraFault::named("NotFoundError"), Some(CameraFault::Missing));
        assert_eq!(CameraFault::named("NotReadableError"), Some(CameraFault::Busy));
        assert_eq!(CameraFault::named("TypeError"), None);
    }
}
