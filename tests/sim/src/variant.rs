//! Deliberately broken variants with typical bugs of sync engines. The simulation must detect each of them.

/// The broken behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variant {
    /// None: Lotbook as shipped.
    #[default]
    None,
    /// The queue record is deleted when it is sent.
    DeleteBeforeAck,
    /// Any answer that is not an error counts as an acknowledgement.
    AnyAnswerIsAck,
    /// A request that is refused because it needs a sign-in drops its mutations.
    DropOnSignIn,
    /// The cursor is stored before its rows.
    CursorBeforeRows,
    /// `seq` is read first and used later, not in one transaction.
    SeqFromMax,
    /// Receipts are stored in a separate transaction after the effects.
    ReceiptsApart,
    /// The server stores no receipts to detect duplicates.
    NoDedupe,
    /// The server assigns revisions before commits, so that a pull skips a late commit.
    LateCommit,
    /// Devices keep no journal of acknowledged mutations.
    NoJournal,
    /// A snapshot adds rows and removes none.
    SnapshotOnlyAdds,
    /// Rows that leave the scope are not removed.
    NoRemovals,
    /// A withdrawal deletes the queue record, whether it was sent or not.
    UndoDeletes,
    /// A frozen holder keeps its turn.
    NoSteal,
    /// A hung round is never abandoned.
    NoWatchdog,
    /// After a failure, there is no automatic retry.
    NoRetry,
    /// A refused mutation is sent again, forever.
    RefusedStaysPending,
    /// An action is drafted twice: once to be checked, once to be saved.
    ChecksAnother,
    /// Rows are shown with an outdated queue.
    StaleQueue,
    /// Rows are shown without pending mutations.
    NoFold,
    /// Stock work does not say which revision its device had, so none of it is late for a count.
    NoBase,
    /// Reversals do not say which mutation they reverse, so none is late for a count.
    NoSubject,
    /// The last report of an unknown code overwrites the earlier ones.
    LastReportWins,
    /// Unknown codes that a product has come back.
    CodesComeBack,
    /// A request names the site of the device's token, not of its data.
    SiteOfToken,
    /// Everything counts as signed by the supervisor.
    NoRoles,
    /// Rows are not compared, and devices lose some.
    NoAudit,
    /// Rows are not compared, but without faults that only a comparison detects: not broken, a control for
    /// the variants whose effects the audit would repair.
    Control,
}

impl Variant {
    /// Every broken variant, each with a seed that detected it. After a change of the faults it may take another seed.
    pub const BROKEN: [(Self, u64); 26] = [
        (Self::DeleteBeforeAck, 1),
        (Self::AnyAnswerIsAck, 353),
        (Self::DropOnSignIn, 5),
        (Self::CursorBeforeRows, 115),
        (Self::SeqFromMax, 10),
        (Self::ReceiptsApart, 1),
        (Self::NoDedupe, 1),
        (Self::LateCommit, 6),
        (Self::NoJournal, 9),
        (Self::SnapshotOnlyAdds, 11),
        (Self::NoRemovals, 6),
        (Self::UndoDeletes, 3),
        (Self::NoSteal, 64),
        (Self::NoWatchdog, 56),
        (Self::NoRetry, 2),
        (Self::RefusedStaysPending, 1),
        (Self::NoAudit, 195),
        (Self::ChecksAnother, 1),
        (Self::StaleQueue, 1),
        (Self::NoFold, 3),
        (Self::NoBase, 49),
        (Self::NoSubject, 210),
        (Self::LastReportWins, 2),
        (Self::CodesComeBack, 7),
        (Self::SiteOfToken, 5),
        (Self::NoRoles, 2),
    ];

    /// Its name on the command line, and a description.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("none", "nothing"),
            Self::DeleteBeforeAck => ("delete-before-ack", "the queue record is deleted when it is sent"),
            Self::AnyAnswerIsAck => ("any-answer-is-ack", "any answer acknowledges, even a portal's page"),
            Self::DropOnSignIn => ("drop-on-sign-in", "a 401 drops the mutations of the request"),
            Self::CursorBeforeRows => ("cursor-before-rows", "the cursor is stored before its rows"),
            Self::SeqFromMax => ("seq-from-max", "seq is max + 1, read outside the transaction"),
            Self::ReceiptsApart => ("receipts-apart", "receipts are stored after the effects' transaction"),
            Self::NoDedupe => ("no-dedupe", "the server forgets receipts"),
            Self::LateCommit => ("late-commit", "a pull skips a late commit"),
            Self::NoJournal => ("no-journal", "acknowledged mutations are forgotten"),
            Self::SnapshotOnlyAdds => ("snapshot-only-adds", "a snapshot removes no rows"),
            Self::NoRemovals => ("no-removals", "rows that leave the scope stay"),
            Self::UndoDeletes => ("undo-deletes", "undoing deletes the record, sent or not"),
            Self::NoSteal => ("no-steal", "a frozen holder keeps the lock"),
            Self::NoWatchdog => ("no-watchdog", "a hanging round is never abandoned"),
            Self::NoRetry => ("no-retry", "no retry after a failure"),
            Self::RefusedStaysPending => ("refused-stays-pending", "a refused mutation is sent for ever"),
            Self::ChecksAnother => ("checks-another", "one draft is checked and another saved"),
            Self::StaleQueue => ("stale-queue", "rows are shown with a queue of another version"),
            Self::NoFold => ("no-fold", "rows are shown without pending mutations"),
            Self::NoBase => ("no-base", "stock work does not say which counts its device had seen"),
            Self::NoSubject => ("no-subject", "reversals do not say which mutation they reverse"),
            Self::LastReportWins => ("last-report-wins", "a report of a code overwrites earlier ones"),
            Self::CodesComeBack => ("codes-come-back", "unknown codes that a product has come back"),
            Self::SiteOfToken => ("site-of-token", "a device names the site of its token, not of its data"),
            Self::NoRoles => ("no-roles", "everything counts as signed by the supervisor"),
            Self::NoAudit => ("no-audit", "rows are never compared with the server's"),
            Self::Control => ("control", "nothing; no audit, and no rows that go by themselves"),
        }
    }

    /// Whether the bug is in what the server stores, so that it has to be detected on every engine.
    pub fn is_of_server(self) -> bool {
        matches!(self, Self::ReceiptsApart | Self::NoDedupe | Self::LastReportWins | Self::CodesComeBack)
    }

    /// Whether a site may know its people: not in the others, whose seeds would detect something else.
    pub fn has_people(self) -> bool {
        matches!(self, Self::None | Self::NoRoles)
    }

    /// Whether rows are compared.
    pub fn has_audit(self) -> bool {
        self.rots() && self != Self::NoAudit
    }

    /// Whether faults happen that only an audit detects: lost rows, servers restored by copying files.
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
