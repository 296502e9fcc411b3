//! The marked rows of a table. Pure.

use std::collections::BTreeSet;
use std::rc::Rc;

use uuid::Uuid;
use yew::prelude::*;

/// The ids of the marked rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    ids: BTreeSet<Uuid>,
    /// The start of the next range: the row marked last.
    anchor: Option<usize>,
}

/// A change of the marks.
#[derive(Clone, Debug)]
pub(crate) enum Marking {
    /// Marks a row, or removes its mark.
    Toggle(usize, Uuid),
    /// Marks the rows of a range that ends at this row.
    Through(usize, Vec<Uuid>),
    /// Marks exactly these rows.
    Only(Vec<Uuid>),
    /// Keeps the marks of these rows only: buttons must not act on rows that are no longer shown.
    Keep(BTreeSet<Uuid>),
}

impl Reducible for Marks {
    type Action = Marking;

    fn reduce(self: Rc<Self>, marking: Marking) -> Rc<Self> {
        let mut marks = (*self).clone();
        match marking {
            Marking::Toggle(row, id) => {
                if !marks.ids.remove(&id) {
                    marks.ids.insert(id);
                }
                marks.anchor = Some(row);
            }
            Marking::Through(row, ids) => {
                marks.ids.extend(ids);
                marks.anchor = Some(row);
            }
            Marking::Only(ids) => marks = Self { ids: ids.into_iter().collect(), anchor: None },
            Marking::Keep(shown) => {
                marks.ids.retain(|id| shown.contains(id));
                marks.anchor = None;
            }
        }
        Rc::new(marks)
    }
}

impl Marks {
    /// Number of marked rows.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether a row is marked.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.ids.contains(&id)
    }

    /// The first and the last row of a range up to `row`.
    pub(crate) fn range_to(&self, row: usize) -> (usize, usize) {
        let from = self.anchor.unwrap_or(row);
        (from.min(row), from.max(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> Vec<Uuid> {
        numbers.iter().copied().map(Uuid::from_u128).collect()
    }

    fn after(markings: Vec<Marking>) -> Rc<Marks> {
        markings.into_iter().fold(Rc::default(), Marks::reduce)
    }

    fn toggle(row: usize) -> Marking {
        Marking::Toggle(row, Uuid::from_u128(row as u128))
    }

    fn marked(marks: &Marks) -> Vec<u128> {
        marks.ids.iter().map(Uuid::as_u128).collect()
    }

    #[test]
    fn rows_are_marked_one_by_one_and_in_ranges() {
        assert_eq!(marked(&after(vec![toggle(1), toggle(0)])), [0, 1]);
        assert_eq!(marked(&after(vec![toggle(1), toggle(1)])), [] as [u128; 0]);
        let marks = after(vec![toggle(3)]);
        assert_eq!((marks.range_to(1), marks.range_to(5)), ((1, 3), (3, 5)));
        assert_eq!(Marks::default().range_to(2), (2, 2), "without a beginning");
        let marks = after(vec![toggle(3), Marking::Through(1, ids(&[1, 2, 3]))]);
        assert_eq!((marked(&marks), marks.range_to(0)), (vec![1, 2, 3], (0, 1)));
    }

    #[test]
    fn rows_that_are_not_shown_lose_their_marks() {
        let marks =
            after(vec![Marking::Only(ids(&[1, 2, 3])), Marking::Keep(ids(&[3, 2, 9]).into_iter().collect())]);
        assert_eq!(marked(&marks), [2, 3]);
        assert_eq!(after(vec![toggle(1), Marking::Only(Vec::new())]), Rc::default());
    }
}
