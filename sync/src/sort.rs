//! One sort for all lists of a screen. Each instance of the standard library's sort adds some kilobytes of
//! code to the download, one for each type and order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Sorts by `compare`; the sort is stable. Lists with hundreds of thousands of entries justify a sort of
/// their own.
pub fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut sources = order(items.len(), &|a, b| compare(&items[a], &items[b]));
    for at in 0..items.len() {
        // The item for this place may have been swapped to the place of an earlier item's source.
        let mut source = sources[at];
        while source < at {
            source = sources[source];
        }
        sources[at] = source;
        items.swap(at, source);
    }
}

/// The indices `0..count`, sorted by `compare`.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

/// A set of the items. `collect` would sort them first, with another instance of the sort.
pub fn set_of<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_as_the_standard_library_does() {
        for count in [0, 1, 2, 3, 20, 21, 500] {
            // Every remainder occurs several times, so that the test covers the order of equal items.
            let mut items: Vec<(usize, usize)> = (0..count).map(|n| (n * 7_919 % 31, n)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            sort_by(&mut items, |a, b| a.0.cmp(&b.0));
            assert_eq!(items, expected);
            items.reverse();
            sort_by(&mut items, |a, b| a.1.cmp(&b.1));
            assert!(items.is_sorted_by_key(|item| item.1));
        }
    }

    #[test]
    fn a_set_has_each_item_once() {
        assert!(set_of([3, 1, 3, 2]).into_iter().eq([1, 2, 3]));
    }
}
