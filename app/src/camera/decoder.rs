//! Lotbook's own decoder (`decoder/`), in a worker of its own. The page contains the path of its loader; the
//! service worker caches it.

use std::cell::RefCell;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlVideoElement, MessageEvent, Worker};

use super::choice::{Sighting, is_matrix};
use super::frame::Canvas;
use super::javascript::{get, object};

/// Timeout of the download, long enough for a slow network.
const START_TIMEOUT_MILLIS: u32 = 60_000;
/// Timeout of one frame, long enough for the slowest phone.
const FRAME_TIMEOUT_MILLIS: u32 = 5_000;

/// The reason why the decoder fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecoderFault {
    /// It is not on this device, and could not be fetched.
    Absent,
    /// It does not answer.
    Stuck,
}

type Answer = RefCell<Option<oneshot::Sender<Option<JsValue>>>>;

/// The worker. It is terminated on drop.
pub(super) struct Decoder {
    worker: Worker,
    canvas: Canvas,
    answer: Rc<Answer>,
    _listeners: [EventListener; 2],
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Decoder {
    /// Starts the worker; the first time on a device it is downloaded.
    pub(super) async fn start() -> Result<Self, DecoderFault> {
        let made = loader().and_then(|loader| Some((Worker::new(&loader).ok()?, Canvas::new().ok()?)));
        let (worker, canvas) = made.ok_or(DecoderFault::Absent)?;
        let answer = Rc::new(Answer::default());
        let (first, on_error, on_message) = (expect(&answer), Rc::clone(&answer), Rc::clone(&answer));
        let listeners = [
            EventListener::new(&worker, "error", move |_| settle(&on_error, None)),
            EventListener::new(&worker, "message", move |event| {
                settle(&on_message, event.dyn_ref::<MessageEvent>().map(MessageEvent::data));
            }),
        ];
        let decoder = Self { worker, canvas, answer, _listeners: listeners };
        let started = in_time(first, START_TIMEOUT_MILLIS).await.and_then(|message| get(&message, "ready"));
        started.map(|_| decoder).ok_or(DecoderFault::Absent)
    }

    /// The code nearest to the middle of the video's picture.
    pub(super) async fn read(&self, video: &HtmlVideoElement) -> Result<Vec<Sighting>, DecoderFault> {
        let Some(frame) = self.canvas.frame(video) else { return Ok(Vec::new()) };
        // The bindings copy the pixels out; that copy is transferred, not copied again.
        let pixels = Uint8Array::from(frame.data().as_slice()).buffer();
        let message = object(&[
            ("width", frame.width().into()),
            ("height", frame.height().into()),
            ("pixels", pixels.clone().into()),
        ]);
        let answer = expect(&self.answer);
        let sent = self.worker.post_message_with_transfer(&message, &Array::of1(&pixels));
        sent.map_err(|_| DecoderFault::Stuck)?;
        let message = in_time(answer, FRAME_TIMEOUT_MILLIS).await.ok_or(DecoderFault::Stuck)?;
        let scan = get(&message, "scan").and_then(|scan| scan.as_string());
        let sighting = |scan: String| Sighting { is_sure: is_matrix(&scan), scan, offset: 0.0 };
        Ok(scan.map(sighting).into_iter().collect())
    }
}

fn expect(answer: &Answer) -> oneshot::Receiver<Option<JsValue>> {
    let (sender, receiver) = oneshot::channel();
    answer.replace(Some(sender));
    receiver
}

fn settle(answer: &Answer, message: Option<JsValue>) {
    if let Some(sender) = answer.take() {
        // The receiver may have timed out.
        drop(sender.send(message));
    }
}

async fn in_time(answer: oneshot::Receiver<Option<JsValue>>, millis: u32) -> Option<JsValue> {
    match select(answer, TimeoutFuture::new(millis)).await {
        Either::Left((answer, _)) => answer.ok().flatten(),
        Either::Right(_) => None,
    }
}

/// The loader's path with its hash, as the build wrote it into the page.
fn loader() -> Option<String> {
    let document = web_sys::window()?.document()?;
    let named = document.query_selector("meta[name=lotbook-decoder]").ok()??;
    named.get_attribute("content")
}
