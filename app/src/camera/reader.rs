//! The decoder for codes in the picture: the browser's own, else Lotbook's own, which is fetched on first
//! use.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::HtmlVideoElement;

use super::choice::Sighting;
use super::decoder::{Decoder, DecoderFault};
use super::javascript::get;
use super::native::NativeReader;
use crate::words::language::t;

/// A decoder.
pub(super) enum Reader {
    Native(NativeReader),
    Own(Decoder),
}

thread_local! {
    /// Kept until the camera is opened again.
    static READER: RefCell<Option<Rc<Reader>>> = const { RefCell::new(None) };
}

impl Reader {
    /// The decoder, if one was started already.
    pub(super) fn ready() -> Option<Rc<Self>> {
        READER.with_borrow(Clone::clone)
    }

    /// The decoder, started if needed.
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

    /// Drops a decoder that does not answer.
    pub(super) fn forget() {
        READER.set(None);
    }

    /// The codes in the video's current picture.
    pub(super) async fn read(&self, video: &HtmlVideoElement) -> Result<Vec<Sighting>, DecoderFault> {
        match self {
            Self::Native(native) => Ok(native.read(video).await),
            Self::Own(decoder) => decoder.read(video).await,
        }
    }
}

/// Makes sure that codes can be read offline from now on.
///
/// # Errors
/// The sentence to show.
pub(crate) async fn prepare() -> Result<(), String> {
    if NativeReader::find().await.is_some() {
        return Ok(());
    }
    let worker = web_sys::window().and_then(|window| get(&window.navigator(), "serviceWorker"));
    if worker.and_then(|worker| get(&worker, "controller")).is_none() {
        return Err(t("The code reader can't be stored yet. Reload the page, then try again.").to_owned());
    }
    // A new decoder is requested even if the page has one, so that the service worker sees and caches it.
    match Decoder::start().await {
        Ok(_) => Ok(()),
        Err(_) => Err(t("Couldn't download the code reader. Go online, then try again.").to_owned()),
    }
}
