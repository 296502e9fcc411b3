//! Explanations from the peers' documentation and source: why a fault cannot happen to a peer, and why it
//! lost work.

use super::cases::Fault;
use super::subject::{POUCHDB, RXDB, Subject, TANSTACK, WORKBOX};

/// The reason why a fault cannot happen to a subject. `None` if it can.
pub(super) fn not_applicable(fault: Fault, subject: Subject) -> Option<&'static str> {
    let Subject::Peer(peer) = subject else { return None };
    match (peer, fault) {
        (POUCHDB, _) => Some(
            "It replicates documents with a peer that speaks CouchDB's protocol; it has no documented way to send writes to \
             another server's API.",
        ),
        (TANSTACK | RXDB, Fault::WorkerStopped) => Some("No service worker takes part in its sending."),
        (TANSTACK | WORKBOX, Fault::CommitsWhilePulling) => Some("It pulls no rows."),
        (TANSTACK | WORKBOX, Fault::RowLeaves) => Some("It keeps no rows that could leave."),
        _ => None,
    }
}

/// The reason why a subject has nonzero counts under a fault, if it is known.
pub(super) fn why(fault: Fault, subject: Subject) -> Option<&'static str> {
    let Subject::Peer(peer) = subject else { return None };
    match (peer, fault) {
        (WORKBOX, Fault::SignedOut) => Some(
            "replayRequests() takes an entry out of the queue before it sends it, and puts it back only when fetch rejects; an \
             answer of 401 is an answer (Queue.ts).",
        ),
        (WORKBOX, Fault::Poison) => {
            Some("replayRequests() ignores the answer, so a refusal goes unnoticed (Queue.ts).")
        }
        (WORKBOX, Fault::HostileNetwork) => Some(
            "A new request is sent at once and overtakes those in the queue; a replay treats any answer as success, even a portal's \
             or a gateway's (Queue.ts). A new request whose answer breaks off in the body is not queued: the page gets an error, \
             although the server has booked it.",
        ),
        (WORKBOX, Fault::LeaderFrozen) => {
            Some("A new request is sent at once and overtakes those in the queue.")
        }
        (WORKBOX, Fault::AllAtOnce) => {
            Some("Two replay requests run two replays in parallel (replayRequests() in Queue.ts).")
        }
        (WORKBOX | TANSTACK, Fault::ServerRestored) => {
            Some("Acknowledged writes are not kept, so they cannot be sent again.")
        }
        (RXDB, Fault::ServerRestored) => Some(
            "Its checkpoint and the assumed master states say that the documents are on the server; nothing makes it push them \
             again.",
        ),
        (TANSTACK, Fault::SignedOut) => Some(
            "Its documentation has answers of 4xx thrown as NonRetriableError, which takes them out of the outbox; its policy does \
             the same for any message with 401 in it (RetryPolicy.ts).",
        ),
        (TANSTACK, Fault::Poison) => Some(
            "A NonRetriableError takes a transaction out of the outbox; the error reaches only a page that still awaits it \
             (TransactionExecutor.ts).",
        ),
        (TANSTACK, Fault::LeaderFrozen) => Some(
            "The frozen tab keeps the Web Lock, and only its holder sends the outbox (WebLocksLeader.ts).",
        ),
        (TANSTACK, Fault::ClockOff) => {
            Some("The outbox is ordered by createdAt, which is the device's clock (OutboxManager.ts).")
        }
        _ => None,
    }
}
