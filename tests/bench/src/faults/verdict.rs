//! What became of the mutations of one run, in four numbers.

use std::collections::BTreeMap;

use serde::Serialize;

/// Tells one mutation of a run from the others: the thousandths that it picks of the run's lot.
pub(crate) type Marker = i64;
/// Stands for the one mutation that the server refuses.
pub(crate) const POISON: Marker = 0;

/// All that was seen of a run, from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What the subject said is saved, in that order.
    pub(crate) saved: Vec<Marker>,
    /// What the subject has said nothing about: it may arrive or not.
    pub(crate) unsaid: Vec<Marker>,
    /// What the server booked, in that order; a marker stands there as often as it was booked.
    pub(crate) booked: Vec<Marker>,
    /// What the subject still holds to be sent.
    pub(crate) pending: Vec<Marker>,
    /// What the subject shows as waiting for a person, with a reason.
    pub(crate) attention: Vec<Marker>,
    /// Rows of the server that the subject should hold and does not, or should not hold and does.
    pub(crate) wrong_rows: usize,
    /// The longest that the subject took to say that something is saved.
    pub(crate) slowest_save_millis: u64,
}

/// The four numbers; see the module `faults`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// The longest that the subject took to say that something is saved, with the way to the form.
    pub(crate) slowest_save_millis: u64,
    /// What the subject said is saved.
    pub(crate) saved: usize,
    /// Saved, and neither booked nor held nor shown to a person; and wrong rows.
    pub(crate) lost: usize,
    /// Bookings beyond one for each saved mutation.
    pub(crate) duplicated: usize,
    /// Bookings right after one that was saved later.
    pub(crate) reordered: usize,
    /// Saved, and still held to be sent.
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
    fn what_was_saved_and_booked_once_in_order_counts_nothing() {
        assert!(seen(&[1, 2, 3], &[1, 2, 3]).counts().is_zero());
    }

    #[test]
    fn what_is_gone_is_lost_unless_it_is_held_or_shown() {
        assert_eq!(seen(&[1, 2, 3], &[1]).counts(), Counts { saved: 3, lost: 2, ..Counts::default() });
        let held = Seen { pending: vec![2], attention: vec![3], ..seen(&[1, 2, 3], &[1]) };
        assert_eq!(held.counts(), Counts { saved: 3, stuck: 1, ..Counts::default() });
        let rows = Seen { wrong_rows: 4, ..seen(&[1], &[1]) };
        assert_eq!(rows.counts().lost, 4);
    }

    #[test]
    fn what_is_booked_again_or_was_never_saved_is_duplicated() {
        assert_eq!(
            seen(&[1, 2], &[1, 2, 1, 1]).counts(),
            Counts { saved: 2, duplicated: 2, ..Counts::default() }
        );
        assert_eq!(seen(&[1], &[1, 2]).counts(), Counts { saved: 1, duplicated: 1, ..Counts::default() });
        let unsaid = Seen { unsaid: vec![2], ..seen(&[1], &[1, 2]) };
        assert!(unsaid.counts().is_zero());
    }

    #[test]
    fn what_overtakes_is_reordered_and_a_second_booking_does_not() {
        assert_eq!(seen(&[1, 2, 3, 4], &[2, 1, 4, 3]).counts().reordered, 2);
        let again = seen(&[1, 2, 3], &[1, 2, 1, 3]).counts();
        assert_eq!(again, Counts { saved: 3, duplicated: 1, ..Counts::default() });
    }
}
