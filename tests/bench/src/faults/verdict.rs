//! Counts of lost, duplicated, reordered and stuck mutations of one run.

use std::collections::BTreeMap;

use serde::Serialize;

/// Identifies one mutation of a run: the quantity, in thousandths, that it picks of the run's lot.
pub(crate) type Marker = i64;
/// Marker of the one mutation that the server refuses.
pub(crate) const POISON: Marker = 0;

/// Observations of a run, from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Mutations that the subject reported as saved, in that order.
    pub(crate) saved: Vec<Marker>,
    /// Mutations without a report: they may be booked or not.
    pub(crate) unsaid: Vec<Marker>,
    /// Bookings of the server in ledger order, with repeats.
    pub(crate) booked: Vec<Marker>,
    /// Mutations that the subject still holds to be sent.
    pub(crate) pending: Vec<Marker>,
    /// Mutations that the subject shows as waiting for a person, with a reason.
    pub(crate) attention: Vec<Marker>,
    /// Number of rows that the subject lacks, has in an older revision, or should not have.
    pub(crate) wrong_rows: usize,
    /// Longest time until the subject reported a save.
    pub(crate) slowest_save_millis: u64,
}

/// The counts of one run; defined in the module `faults`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Longest time until the subject reported a save, including the way to the form.
    pub(crate) slowest_save_millis: u64,
    /// Mutations reported as saved.
    pub(crate) saved: usize,
    /// Saved mutations that are neither booked nor held nor shown to a person, plus wrong rows.
    pub(crate) lost: usize,
    /// Bookings beyond one per saved mutation.
    pub(crate) duplicated: usize,
    /// Bookings directly after one that was saved later.
    pub(crate) reordered: usize,
    /// Saved mutations that are still to be sent.
    pub(crate) stuck: usize,
}

impl Counts {
    /// Whether nothing went wrong.
    pub(crate) fn is_zero(self) -> bool {
        let Self { lost, duplicated, reordered, stuck, .. } = self;
        [lost, duplicated, reordered, stuck] == [0; 4]
    }
}

impl Seen {
    /// Counts what went wrong.
    pub(crate) fn counts(&self) -> Counts {
        let Self { saved, unsaid, booked, pending, attention, wrong_rows, slowest_save_millis } = self;
        let position: BTreeMap<Marker, usize> = saved.iter().copied().zip(0..).collect();
        let is_gone =
            |marker: &&Marker| ![booked, pending, attention].iter().any(|held| held.contains(marker));
        let distinct = |marker: &&Marker| booked.contains(marker);
        let mut firsts: Vec<usize> = Vec::new();
        for at in booked.iter().filter_map(|marker| position.get(marker)) {
            if !firsts.contains(at) {
                firsts.push(*at);
            }
        }
        Counts {
            slowest_save_millis: *slowest_save_millis,
            saved: saved.len(),
            lost: saved.iter().filter(is_gone).count() + wrong_rows,
            duplicated: booked.len() - saved.iter().chain(unsaid).filter(distinct).count(),
            reordered: firsts.windows(2).filter(|pair| pair.first() > pair.last()).count(),
            stuck: saved.iter().filter(|marker| pending.contains(marker)).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(saved: &[Marker], booked: &[Marker]) -> Seen {
        Seen { saved: saved.to_vec(), booked: booked.to_vec(), ..Seen::default() }
    }

    #[test]
    fn mutations_saved_and_booked_once_in_order_count_nothing() {
        assert!(seen(&[1, 2, 3], &[1, 2, 3]).counts().is_zero());
    }

    #[test]
    fn missing_mutations_are_lost_unless_held_or_shown() {
        assert_eq!(seen(&[1, 2, 3], &[1]).counts(), Counts { saved: 3, lost: 2, ..Counts::default() });
        let held = Seen { pending: vec![2], attention: vec![3], ..seen(&[1, 2, 3], &[1]) };
        assert_eq!(held.counts(), Counts { saved: 3, stuck: 1, ..Counts::default() });
        let rows = Seen { wrong_rows: 4, ..seen(&[1], &[1]) };
        assert_eq!(rows.counts().lost, 4);
    }

    #[test]
    fn repeated_and_unsaved_bookings_are_duplicated() {
        assert_eq!(
            seen(&[1, 2], &[1, 2, 1, 1]).counts(),
            Counts { saved: 2, duplicated: 2, ..Counts::default() }
        );
        assert_eq!(seen(&[1], &[1, 2]).counts(), Counts { saved: 1, duplicated: 1, ..Counts::default() });
        let unsaid = Seen { unsaid: vec![2], ..seen(&[1], &[1, 2]) };
        assert!(unsaid.counts().is_zero());
    }

    #[test]
    fn overtaking_mutations_are_reordered_and_repeated_ones_are_not() {
        assert_eq!(seen(&[1, 2, 3, 4], &[2, 1, 4, 3]).counts().reordered, 2);
        let again = seen(&[1, 2, 3], &[1, 2, 1, 3]).counts();
        assert_eq!(again, Counts { saved: 3, duplicated: 1, ..Counts::default() });
    }
}
