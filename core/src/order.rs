//! Sorting and gathering that cost little program.
//!
//! The standard library's sort is compiled anew for each type and each order, 1 to 5 KB of wasm
//! every time, and collecting into an ordered map sorts too. Here the one sort is of places, and
//! what is compiled anew only moves things to their places. It is stable, and takes
//! O(n log n) comparisons like theirs; the lists are short enough for its one more allocation.

use core::cmp::Ordering;

/// Sorting in place, stable.
pub trait Arrange<T> {
    /// By an order.
    fn arrange_by(&mut self, order: impl FnMut(&T, &T) -> Ordering);

    /// By the things' own order.
    fn arrange(&mut self)
    where
        T: Ord,
    {
        self.arrange_by(T::cmp);
    }

    /// By a key of each, which is asked for at every comparison.
    fn arrange_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.arrange_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl<T> Arrange<T> for [T] {
    fn arrange_by(&mut self, mut order: impl FnMut(&T, &T) -> Ordering) {
        let mut places = places(self.len(), &mut |a, b| match (self.get(a), self.get(b)) {
            (Some(a), Some(b)) => order(a, b),
            _ => Ordering::Equal,
        });
        // Each cycle of the permutation is walked once; a place that points to itself is done.
        for start in 0..places.len() {
            let mut at = start;
            while let Some(place) = places.get_mut(at) {
                let from = core::mem::replace(place, at);
                if from == start || from == at {
                    break;
                }
                self.swap(at, from);
                at = from;
            }
        }
    }
}

/// The places in their order.
fn places(len: usize, order: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|&a, &b| order(a, b));
    places
}

/// Gathering into a collection one by one.
pub trait Gather: Iterator + Sized {
    /// Like `collect`, without the sort that ordered maps and sets begin with.
    fn gather<C: Default + Extend<Self::Item>>(self) -> C {
        let mut collection = C::default();
        collection.extend(self);
        collection
    }
}

impl<I: Iterator> Gather for I {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(mut list in prop::collection::vec((0_u8..6, any::<u16>()), 0..60)) {
            let mut expected = list.clone();
            expected.sort_by_key(|(key, _)| *key);
            list.arrange_by_key(|(key, _)| *key);
            prop_assert_eq!(&list, &expected);
            expected.sort_unstable();
            list.arrange();
            prop_assert_eq!(list, expected);
        }
    }
}
