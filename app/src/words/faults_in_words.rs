//! Error sentences in the language of the screens. The errors themselves have only short texts for logs.

use client::{RoundFailure, SyncError};
use sync::{OtherSite, RoundError, StoreError, TransportError, UnsentError};

use super::language::{grouped, t, tf};
use crate::rest::NotLoaded;

/// The error of a page or a task whose code could not be loaded.
pub(crate) fn not_loaded(_: NotLoaded) -> String {
    t("Part of Lotbook couldn't load. Go online, then try again.").to_owned()
}

/// The error of reading or storing on the device.
pub(crate) fn store_fault(error: &StoreError) -> String {
    match error {
        StoreError::Full => t("Storage is full. Free some space, then try again.").to_owned(),
        StoreError::Occupied => t("Another app version is open. Close other windows and reload.").to_owned(),
        StoreError::Unavailable(why) => tf("This device's storage cannot be used: {why}", &[("why", why)]),
        StoreError::NoAnswer(_) => t("Storage isn't responding. Close other windows and reload.").to_owned(),
        StoreError::Undecided => {
            t("This may be saved. Reload and check \"Waiting to sync\" before entering it again.").to_owned()
        }
        StoreError::Corrupt(why) => tf("This device has an unreadable record: {why}", &[("why", why)]),
        StoreError::Gone => t("Already synced. Reverse it instead.").to_owned(),
    }
}

/// The error of a request to the server.
pub(crate) fn transport_fault(error: &TransportError) -> String {
    let sentence = match error {
        TransportError::Unreachable => t("Can't reach the server."),
        TransportError::TimedOut => t("The server didn't answer in time."),
        TransportError::Busy { .. } => t("The server is busy."),
        TransportError::SignInNeeded => t("Connect again to sync the work saved on this device."),
        TransportError::SignInPage => t("A sign-in page is blocking the server. Sign in there."),
        TransportError::UpgradeNeeded => t("This app is too old for the server. Update it to sync."),
        TransportError::Garbled => t("The network is blocking the server. Check the Wi-Fi."),
        TransportError::OtherSite(OtherSite { held, asked }) => {
            return tf(
                "This browser holds the stock of site {held}, but is connected to site {asked}. Connect it to site {held} again.",
                &[("held", held), ("asked", asked)],
            );
        }
        TransportError::Refused { message, .. } => {
            return tf("The server refused the request: {why}", &[("why", message)]);
        }
    };
    sentence.to_owned()
}

/// The reason why a sync ended early.
pub(crate) fn round_fault(error: &RoundError) -> String {
    match error {
        RoundError::Store(error) => store_fault(error),
        RoundError::Transport(error) => transport_fault(error),
    }
}

/// The reason why a sync was incomplete. Even without space for rows, mutations may still be saved.
pub(crate) fn sync_failure(failure: &RoundFailure) -> String {
    match failure {
        RoundFailure::Elsewhere => t("Another window is syncing.").to_owned(),
        RoundFailure::Round(RoundError::Store(StoreError::Full)) => {
            t("Device full: stock list not updated. Free some space.").to_owned()
        }
        RoundFailure::Round(error) => round_fault(error),
    }
}

/// Why the last sync failed.
pub(crate) fn sync_error(error: &SyncError) -> String {
    match error {
        SyncError::Round(failure) => sync_failure(failure),
        SyncError::Store(error) => store_fault(error),
        SyncError::Abandoned => t("The last sync didn't finish. Retrying automatically.").to_owned(),
        SyncError::NotLoaded(_) => not_loaded(NotLoaded),
    }
}

/// The error of a file of unsent changes.
pub(crate) fn file_fault(error: &UnsentError) -> String {
    match error {
        UnsentError::Unreadable(why) => tf(
            "This isn't a complete backup of unsent work ({why}). Choose a file saved with \"Back up unsent work\".",
            &[("why", why)],
        ),
        UnsentError::Newer(version) => tf(
            "This file is from a newer app (version {version}). Update Lotbook, then try again.",
            &[("version", version)],
        ),
        UnsentError::BadEntry { seq, reason } => tf(
            "This version can't read entry {number} of the file ({why}). Update the app, then try again.",
            &[("number", seq), ("why", reason)],
        ),
        UnsentError::OtherSite(OtherSite { held, asked }) => tf(
            "This file has work of site {asked}; this browser holds the stock of site {held}. Restore it in a browser of site {asked}.",
            &[("held", held), ("asked", asked)],
        ),
        UnsentError::TooOld => t(
            "This file has work that is older than 180 days and may have been booked. Send it to the server's operator, whose command import-unsent books nothing twice.",
        )
        .to_owned(),
        UnsentError::TooLong(entries) => {
            tf("The file has {entries} entries; at most 100,000 fit.", &[("entries", &grouped(*entries))])
        }
        UnsentError::Store(error) => store_fault(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every error with its sentence.
    fn sentences() -> Vec<(String, String)> {
        let why = || "the disk is gone".to_owned();
        let sites = || OtherSite { held: "north".to_owned(), asked: "south".to_owned() };
        let store = [
            StoreError::Full,
            StoreError::Occupied,
            StoreError::Unavailable(why()),
            StoreError::NoAnswer(10_000),
            StoreError::Undecided,
            StoreError::Corrupt(why()),
            StoreError::Gone,
        ];
        let transport = [
            TransportError::Unreachable,
            TransportError::TimedOut,
            TransportError::Busy { retry_after_millis: None },
            TransportError::SignInNeeded,
            TransportError::SignInPage,
            TransportError::UpgradeNeeded,
            TransportError::OtherSite(sites()),
            TransportError::Garbled,
            TransportError::Refused { status: 400, message: why() },
        ];
        let file = [
            UnsentError::Unreadable(why()),
            UnsentError::Newer(9),
            UnsentError::BadEntry { seq: 7, reason: why() },
            UnsentError::OtherSite(sites()),
            UnsentError::TooOld,
            UnsentError::TooLong(100_001),
        ];
        let store = store.iter().map(|error| (store_fault(error), error.to_string()));
        let transport = transport.iter().map(|error| (transport_fault(error), error.to_string()));
        let file = file.iter().map(|error| (file_fault(error), error.to_string()));
        let elsewhere = RoundFailure::Elsewhere;
        let round = [(sync_failure(&elsewhere), elsewhere.to_string())];
        store.chain(transport).chain(file).chain(round).collect()
    }

    #[test]
    fn people_get_sentences_and_logs_get_errors() {
        for (sentence, error) in sentences() {
            let is_sentence = |text: &str| text.starts_with(char::is_uppercase);
            assert!(is_sentence(&sentence) && !is_sentence(&error), "{sentence:?} for {error:?}");
            assert!(!error.contains(['"', '.']), "{error:?} is more than a technical text");
        }
    }

    #[test]
    fn every_failure_has_its_own_sentence_and_contains_its_reason() {
        let sentences = sentences();
        for (at, (sentence, error)) in sentences.iter().enumerate() {
            assert!(sentences[..at].iter().all(|(other, _)| other != sentence), "{sentence}");
            let reason = "the disk is gone";
            assert_eq!(sentence.contains(reason), error.contains(reason), "{sentence}");
        }
    }
}
