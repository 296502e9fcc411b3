//! Errors, each with a sentence that says what to do.

use std::path::PathBuf;

use client::{RecordError, RoundFailure, SyncError};
use sync::{OtherSite, Refusal, RoundError, StoreError, TransportError};

/// Whose turn it is after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The caller's: the request cannot be done as it is.
    Correct,
    /// Nobody's: the same call succeeds later.
    Wait,
    /// The administrator's: the server refuses this device, or this build.
    Administrator,
    /// That of whoever looks after this machine: its disk or its files.
    Machine,
}

/// A failed call. Nothing was saved, unless the sentence says otherwise; what was saved before stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The request cannot be done.
    #[error("{0}")]
    Refused(String),
    /// There is no device in this folder.
    #[error(
        "This device is not connected ({} does not exist). Connect it with a one-time link: lotbook-device connect LINK.",
        .0.display()
    )]
    NotConnected(PathBuf),
    /// A file of the device cannot be read or written.
    #[error("{file} cannot be used: {reason}. Nothing was changed.", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The stock book failed.
    #[error("{}", store_sentence(.error, .file))]
    Store {
        /// The error.
        error: StoreError,
        /// The database.
        file: PathBuf,
    },
    /// The exchange with the server failed.
    #[error("{}", server_sentence(.0))]
    Server(TransportError),
    /// Another process of this device is syncing.
    #[error("Another process syncs this device already. Saved work stays on this device and is sent by it.")]
    Elsewhere,
}

impl DeviceError {
    /// An error of the stock book in `file`.
    pub(crate) fn of_store(error: StoreError, file: &std::path::Path) -> Self {
        Self::Store { error, file: file.to_owned() }
    }

    /// An error of a save into `file`.
    pub(crate) fn of_record(error: RecordError, file: &std::path::Path) -> Self {
        match error {
            RecordError::Refused(refusal) => refusal.into(),
            RecordError::Store(error) => Self::of_store(error, file),
        }
    }

    /// An error of a round on `file`.
    pub(crate) fn of_round(error: RoundFailure, file: &std::path::Path) -> Self {
        match error {
            RoundFailure::Elsewhere => Self::Elsewhere,
            RoundFailure::Round(RoundError::Store(error)) => Self::of_store(error, file),
            RoundFailure::Round(RoundError::Transport(error)) => Self::Server(error),
        }
    }

    /// The error that an engine on `file` shows.
    pub(crate) fn of_sync(error: SyncError, file: &std::path::Path) -> Self {
        match error {
            SyncError::Round(error) => Self::of_round(error, file),
            SyncError::Store(error) => Self::of_store(error, file),
            SyncError::Abandoned | SyncError::NotLoaded(_) => Self::Server(TransportError::TimedOut),
        }
    }

    /// Whose turn it is.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Refused(_) | Self::NotConnected(_) | Self::Store { error: StoreError::Gone, .. } => {
                Remedy::Correct
            }
            Self::Store { error: StoreError::NoAnswer(_), .. } | Self::Elsewhere => Remedy::Wait,
            Self::File { .. } | Self::Store { .. } => Remedy::Machine,
            Self::Server(error) => match error {
                TransportError::Unreachable
                | TransportError::TimedOut
                | TransportError::Busy { .. }
                | TransportError::Garbled
                | TransportError::SignInPage => Remedy::Wait,
                TransportError::SignInNeeded
                | TransportError::UpgradeNeeded
                | TransportError::OtherSite(_)
                | TransportError::Refused { .. } => Remedy::Administrator,
            },
        }
    }
}

impl From<Refusal> for DeviceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.message)
    }
}

fn store_sentence(error: &StoreError, file: &std::path::Path) -> String {
    let file = file.display();
    match error {
        StoreError::Full => {
            format!(
                "There is no space left for {file}, so nothing was saved. Free some space, then do it again."
            )
        }
        StoreError::Occupied => {
            format!(
                "{file} was written by a newer version of lotbook-device. Install that one; nothing was changed."
            )
        }
        StoreError::Unavailable(reason) => {
            format!("The stock book {file} cannot be used: {reason}. Nothing was saved.")
        }
        StoreError::NoAnswer(millis) => {
            format!(
                "Another process kept {file} busy for {} s, so nothing was saved. Do it again.",
                millis / 1_000
            )
        }
        StoreError::Undecided => format!(
            "The disk did not confirm the save in {file}: it may be stored. Look at lotbook-device queue before you do it again."
        ),
        StoreError::Corrupt(reason) => format!(
            "The stock book {file} is damaged ({reason}); nothing was changed. Keep a copy of its folder, which may hold work \
             that was not sent, and connect with a new link and another --home."
        ),
        StoreError::Gone => "There is no such entry in the queue (or no longer).".to_owned(),
    }
}

fn server_sentence(error: &TransportError) -> String {
    let problem = match error {
        TransportError::Unreachable => "The server cannot be reached".to_owned(),
        TransportError::TimedOut => "The server gave no answer in time".to_owned(),
        TransportError::Busy { retry_after_millis: Some(millis) } => {
            format!("The server is busy and asks to wait for {} s", millis.div_ceil(1_000))
        }
        TransportError::Busy { retry_after_millis: None } => "The server is busy".to_owned(),
        TransportError::Garbled => "The answer was not the server's own, or not all of it".to_owned(),
        TransportError::SignInPage => {
            "A sign-in page stands in front of the server: sign in to the network first".to_owned()
        }
        TransportError::SignInNeeded => {
            "The server does not know this device any more: connect it with a new one-time link".to_owned()
        }
        TransportError::UpgradeNeeded => {
            "This version of lotbook-device is too old for the server: install a newer one".to_owned()
        }
        TransportError::OtherSite(OtherSite { held, asked }) => format!(
            "This device holds the stock of site {held}, and the link or token is of site {asked}: use a link of site \
             {held}, or another --home"
        ),
        TransportError::Refused { status, message } => {
            let message = message.trim_end_matches('.');
            format!("The server refused the request ({status}): {message}")
        }
    };
    format!("{problem}. Saved work stays on this device.")
}
