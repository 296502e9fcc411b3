//! Looks through the camera until a code is found: starts it, reads its frames, and always stops it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlVideoElement, VisibilityState};
use yew::Callback;

use super::choice::Choice;
use super::decoder::DecoderFault;
use super::reader::Reader;
use super::stream::{CameraFault, Stream};

/// Minimum time between the starts of two reads: at most ten a second, so that a phone stays cool.
const MIN_FRAME_INTERVAL_MILLIS: u64 = 100;
/// The camera is turned off if it finds nothing for this long.
const IDLE_LIMIT_MILLIS: u64 = 60_000;
/// Maximum number of times a decoder that does not answer is replaced.
const MAX_RESTARTS: u32 = 3;

/// The reason why no code can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no picture.
    Camera(CameraFault),
    /// The decoder was never fetched, and there is no network.
    NeedsNetwork,
    /// The decoder fails repeatedly.
    CannotRead,
}

/// The state of the camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Waiting for the picture.
    Starting,
    /// Has the picture, and waits for the decoder.
    Preparing,
    /// Looking for a code.
    Looking {
        /// Whether there is a torch.
        has_torch: bool,
    },
    /// Turned off after a timeout.
    Resting,
    /// Cannot continue.
    Failed(Trouble),
    /// A code in a scanner's format. The camera is off.
    Found(String),
}

thread_local! {
    /// Kept between openings, because of the code accepted last.
    static CHOICE: RefCell<Choice> = RefCell::new(Choice::default());
}

#[derive(Default)]
struct Shared {
    is_over: Cell<bool>,
    stream: RefCell<Option<Stream>>,
}

impl Shared {
    fn stop(&self) {
        self.is_over.set(true);
        drop(self.stream.take());
    }
}

/// A look through the camera. It stops on drop, and when the page is hidden.
pub(crate) struct Watch {
    shared: Rc<Shared>,
    _on_hidden: Option<EventListener>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Watch {
    /// Starts the camera, shows its picture in `video`, and reports each state to `tell`.
    pub(crate) fn start(video: HtmlVideoElement, tell: Callback<Sight>) -> Self {
        let shared = Rc::new(Shared::default());
        let on_hidden = on_hidden(Rc::clone(&shared), tell.clone());
        let running = Rc::clone(&shared);
        spawn_local(async move {
            let sight = look(&running, &video, &tell).await;
            let was_over = running.is_over.get();
            running.stop();
            if let (Some(sight), false) = (sight, was_over) {
                tell.emit(sight);
            }
        });
        Self { shared, _on_hidden: on_hidden }
    }

    /// Turns the torch on or off.
    pub(crate) fn set_torch(&self, is_on: bool) {
        if let Some(stream) = &*self.shared.stream.borrow() {
            stream.set_torch(is_on);
        }
    }
}

fn on_hidden(shared: Rc<Shared>, tell: Callback<Sight>) -> Option<EventListener> {
    let document = web_sys::window()?.document()?;
    let asked = document.clone();
    Some(EventListener::new(&document, "visibilitychange", move |_| {
        if asked.visibility_state() == VisibilityState::Hidden && !shared.is_over.get() {
            shared.stop();
            tell.emit(Sight::Resting);
        }
    }))
}

/// Looks until there is a result; `None` if it was stopped before.
async fn look(shared: &Shared, video: &HtmlVideoElement, tell: &Callback<Sight>) -> Option<Sight> {
    tell.emit(Sight::Starting);
    let failed = |trouble| Some(Sight::Failed(trouble));
    let stream = match Stream::open().await {
        Ok(stream) => stream,
        Err(fault) => return failed(Trouble::Camera(fault)),
    };
    if shared.is_over.get() {
        return None;
    }
    let has_torch = stream.has_torch();
    let shown = stream.show_in(video).await;
    if shared.is_over.get() {
        return None;
    }
    shared.stream.replace(Some(stream));
    if let Err(fault) = shown {
        return failed(Trouble::Camera(fault));
    }
    if Reader::ready().is_none() {
        tell.emit(Sight::Preparing);
    }
    CHOICE.with_borrow_mut(Choice::begin);
    for _ in 0..=MAX_RESTARTS {
        let reader = match Reader::get().await {
            Ok(reader) => reader,
            Err(_) => return failed(Trouble::NeedsNetwork),
        };
        if shared.is_over.get() {
            return None;
        }
        tell.emit(Sight::Looking { has_torch });
        match read_frames(shared, video, &reader).await {
            Ok(sight) => return sight,
            Err(DecoderFault::Absent | DecoderFault::Stuck) => Reader::forget(),
        }
    }
    failed(Trouble::CannotRead)
}

async fn read_frames(
    shared: &Shared,
    video: &HtmlVideoElement,
    reader: &Reader,
) -> Result<Option<Sight>, DecoderFault> {
    let began = browser::now();
    while !shared.is_over.get() {
        let frame_began = browser::now();
        if frame_began.since(began) > IDLE_LIMIT_MILLIS {
            return Ok(Some(Sight::Resting));
        }
        let seen = reader.read(video).await?;
        let now = browser::now();
        let taken = CHOICE.with_borrow_mut(|choice| choice.take(seen, now.since(sync::UnixMillis(0))));
        if let (Some(code), false) = (taken, shared.is_over.get()) {
            return Ok(Some(Sight::Found(code)));
        }
        let pause = MIN_FRAME_INTERVAL_MILLIS.saturating_sub(now.since(frame_began));
        TimeoutFuture::new(u32::try_from(pause).unwrap_or_default()).await;
    }
    Ok(None)
}
