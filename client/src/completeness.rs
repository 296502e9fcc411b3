//! The part of the server's rows that is on a device.

use sync::{Cursor, Progress};

/// The part of the server's rows that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing yet.
    Empty,
    /// The first sync is running or was interrupted.
    Partial {
        /// Whole percent of the rows, 0 to 99.
        percent: u8,
    },
    /// Everything.
    Complete,
}

impl Completeness {
    /// By a stored cursor.
    pub fn of_cursor(cursor: &Cursor) -> Self {
        match cursor {
            Cursor::Start => Self::Empty,
            Cursor::Snapshot { progress, .. } => Self::of_snapshot(*progress),
            Cursor::Live { .. } => Self::Complete,
        }
    }

    /// By a running snapshot's progress: 99 % at most, because its last part completes it.
    pub fn of_snapshot(progress: Progress) -> Self {
        let percent = progress.done_rows.saturating_mul(100).checked_div(progress.total_rows).unwrap_or(0);
        Self::Partial { percent: u8::try_from(percent.min(99)).unwrap_or(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_whole_and_never_a_hundred() {
        let of = |done_rows, total_rows| Completeness::of_snapshot(Progress { done_rows, total_rows });
        assert_eq!(of(0, 0), Completeness::Partial { percent: 0 });
        assert_eq!(of(1, 3), Completeness::Partial { percent: 33 });
        assert_eq!(of(300, 300), Completeness::Partial { percent: 99 });
        assert_eq!(Completeness::of_cursor(&Cursor::Start), Completeness::Empty);
        assert_eq!(Completeness::of_cursor(&Cursor::Live { rev: 7 }), Completeness::Complete);
    }
}
