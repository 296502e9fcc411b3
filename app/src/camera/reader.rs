//! What reads codes in the picture: the browser itself, else Lotbook's own reader, which is fetched when it is first needed.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::HtmlVideoElement;

use super::choice::Sighting;
use super::decoder::{Decoder, DecoderFault};
use super::javascript::get;
use super::native::NativeReader;
use crate::words::language::t;

/// A reader.
pub(super) enum Reader {
    Native(NativeReader),
    Own(Decoder),
}

thread_local! {
    /// Kept for the next time the camera is opened.
    static READER: RefCell<Option<Rc<Reader>>> = const { RefCell::new(None) };
}

impl Reader {
    /// The one at hand.
    pub(super) fn ready() -> Option<Rc<Self>> {
        READER.with_borrow(Clone::clone)
    }

    /// The one at hand, else a new one.
    pub(super) async fn get() -> Result<Rc<Self>, DecoderFault> {
        if let Some(reader) = Self::ready() {
            return Ok(reader);
        }
        let reader = Rc::new(match NativeReader::find().await {
            Some(native) => Self::Native(native),
            None => Self::Own(Decoder::start().await?),
        });
        READER.set(Some(Rc::clone(&reader)));
        Ok(reader)
    }

    /// Forgets one that is stuck.
    pub(super) fn forget() {
        READER.set(None);
    }

    /// The codes in the picture that the video shows.
    pub(super) async fn read(&self, video: &HtmlVideoElement) -> Result<Vec<Sighting>, DecoderFault> {
        match self {
            Self::Native(native) => Ok(native.read(video).await),
            Self::Own(decoder) => decoder.read(video).await,
        }
    }
}

/// Makes sure that codes can be read without a network from now on.
///
/// # Errors
/// The sentence to show.
pub(crate) async fn prepare() -> Result<(), String> {
    if NativeReader::find().await.is_some() {
        return Ok(());
    }
    let worker = web_sys::window().and_then(|window| get(&window.navigator(), "serviceWorker"));
    if worker.and_then(|worker| get(&worker, "controller")).is_none() {
        return Err(t("What reads codes cannot be kept yet. Load the page again, then try again.").to_owned());
    }
    // Whatever the page has already, a new one is asked for, so that the service worker sees and keeps it.
    match Decoder::start().await {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(t("What reads codes could not be fetched. Connect to the network, then try again.")
                .to_owned())
        }
    }
}
