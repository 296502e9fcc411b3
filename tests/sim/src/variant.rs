//! Deliberately broken variants: what careless engines do. A simulation that does not catch them proves nothing.

/// What is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// Nothing: Lotbook as it is.
    #[default]
    None,
    /// The queue record is deleted when it is sent.
    DeleteBeforeAck,
    /// Any answer that is not an error counts as an acknowledgement.
    AnyAnswerIsAck,
    /// A request that is refused for want of a sign-in drops what it carried.
    DropOnSignIn,
    /// The cursor is stored before the rows it stands for.
    CursorBeforeRows,
    /// `seq` is read first and used later, outside one transaction.
    SeqFromMax,
    /// Receipts are stored in a transaction after the effects'.
    ReceiptsApart,
    /// The server keeps no receipts to compare with.
    NoDedupe,
    /// The server gives out revisions before commits, so that a pull passes over a late one.
    LateCommit,
    /// Devices keep no journal of what was acknowledged.
    NoJournal,
    /// A snapshot adds rows and takes none away.
    SnapshotOnlyAdds,
    /// Rows that leave the scope are not taken back.
    NoRemovals,
    /// Undoing deletes the queue record, sent or not.
    UndoDeletes,
    /// A frozen holder keeps its turn.
    NoSteal,
    /// A round that hangs is waited for.
    NoWatchdog,
    /// After a failure, the next attempt waits for the user.
    NoRetry,
    /// A mutation that was refused is sent again, and again.
    RefusedStaysPending,
    /// An action is drafted twice: once to be checked, once to be saved.
    ChecksAnother,
    /// Rows are shown with the queue as it was when it was last read.
    StaleQueue,
    /// Rows are shown without the mutations that wait.
    NoFold,
    /// Nobody compares rows, and devices lose some by themselves.
    NoAudit,
    /// Nobody compares rows, but nothing happens that only comparing finds out: not broken, a control for the variants that the
    /// audit would put right.
    Control,
}

impl Variant {
    /// Every broken one.
    pub const BROKEN: [Self; 20] = [
        Self::DeleteBeforeAck,
        Self::AnyAnswerIsAck,
        Self::DropOnSignIn,
        Self::CursorBeforeRows,
        Self::SeqFromMax,
        Self::ReceiptsApart,
        Self::NoDedupe,
        Self::LateCommit,
        Self::NoJournal,
        Self::SnapshotOnlyAdds,
        Self::NoRemovals,
        Self::UndoDeletes,
        Self::NoSteal,
        Self::NoWatchdog,
        Self::NoRetry,
        Self::RefusedStaysPending,
        Self::NoAudit,
        Self::ChecksAnother,
        Self::StaleQueue,
        Self::NoFold,
    ];

    /// What it is called on the command line, and what is broken.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("none", "nothing"),
            Self::DeleteBeforeAck => ("delete-before-ack", "the queue record goes when it is sent"),
            Self::AnyAnswerIsAck => {
                ("any-answer-is-ack", "whatever answers, a portal's page too, acknowledges")
            }
            Self::DropOnSignIn => ("drop-on-sign-in", "a 401 drops what the request carried"),
            Self::CursorBeforeRows => ("cursor-before-rows", "the cursor is stored before its rows"),
            Self::SeqFromMax => ("seq-from-max", "seq is max + 1, read outside the transaction"),
            Self::ReceiptsApart => ("receipts-apart", "receipts are stored after the effects' transaction"),
            Self::NoDedupe => ("no-dedupe", "the server forgets receipts"),
            Self::LateCommit => ("late-commit", "a pull passes over a commit that comes late"),
            Self::NoJournal => ("no-journal", "acknowledged mutations are forgotten"),
            Self::SnapshotOnlyAdds => ("snapshot-only-adds", "a snapshot takes no row away"),
            Self::NoRemovals => ("no-removals", "rows that leave the scope stay"),
            Self::UndoDeletes => ("undo-deletes", "undoing deletes the record, sent or not"),
            Self::NoSteal => ("no-steal", "a frozen holder keeps its turn"),
            Self::NoWatchdog => ("no-watchdog", "a hanging round is waited for"),
            Self::NoRetry => ("no-retry", "after a failure nothing happens by itself"),
            Self::RefusedStaysPending => ("refused-stays-pending", "a refused mutation is sent for ever"),
            Self::ChecksAnother => ("checks-another", "one draft is checked and another saved"),
            Self::StaleQueue => ("stale-queue", "rows are shown with a queue of another version"),
            Self::NoFold => ("no-fold", "rows are shown without pending mutations"),
            Self::NoAudit => ("no-audit", "rows are never compared with the server's"),
            Self::Control => ("control", "nothing; no audit, and no rows that go by themselves"),
        }
    }

    /// Whether rows are compared.
    pub fn has_audit(self) -> bool {
        self.rots() && self != Self::NoAudit
    }

    /// Whether things happen that only an audit finds out: rows that go by themselves, servers put back by copying files.
    pub fn rots(self) -> bool {
        !matches!(
            self,
            Self::CursorBeforeRows
                | Self::LateCommit
                | Self::SnapshotOnlyAdds
                | Self::NoRemovals
                | Self::Control
        )
    }
}
