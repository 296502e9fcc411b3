//! A queue with a lane for each key, served in turn: who has many items waiting delays only himself.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Items in lanes.
#[derive(Debug)]
pub(crate) struct FairQueue<K, T> {
    lanes: HashMap<K, VecDeque<T>>,
    /// The lanes that have items; the next one first.
    turns: VecDeque<K>,
    max_lane_items: usize,
}

impl<K: Clone + Eq + Hash, T> FairQueue<K, T> {
    pub(crate) fn new(max_lane_items: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), max_lane_items }
    }

    /// Appends to the lane of `key`. Returns the item if the lane is full.
    pub(crate) fn push(&mut self, key: K, item: T) -> Result<(), T> {
        let lane = self.lanes.entry(key.clone()).or_default();
        if lane.len() >= self.max_lane_items {
            return Err(item);
        }
        if lane.is_empty() {
            self.turns.push_back(key);
        }
        lane.push_back(item);
        Ok(())
    }

    /// The first item of the lane whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let key = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&key)?;
        let item = lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&key);
        } else {
            self.turns.push_back(key);
        }
        item
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_turns_and_each_keeps_its_order() {
        let mut queue = FairQueue::new(3);
        for (key, item) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            assert_eq!(queue.push(key, item), Ok(()));
        }
        assert_eq!(queue.push('a', 7), Err(7), "the lane is full");
        let served: Vec<i32> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(served, [1, 4, 5, 2, 6, 3]);
        assert!(queue.is_empty() && queue.lanes.is_empty());
    }
}
