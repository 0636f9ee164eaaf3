//! Unique keys in attribute lists: of repeated keys the last value is kept, in the first place.

use std::collections::HashMap;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use crate::model::KeyValue;

/// Lists longer than this find repeated keys by hash map, shorter ones by comparing.
const COMPARED_KEYS: usize = 48;

/// A list of attributes in which a later value for a key replaces the earlier one.
///
/// Takes constant time per key, whatever the keys; allocates beside the list only when a long
/// list seems to repeat a key.
pub(crate) struct UniqueList<'b> {
    pub(crate) entries: BumpVec<'b, KeyValue<'b>>,
    /// One bit per hash of a key in `entries`: a bit that is not set proves the key new.
    seen: [u64; 4],
    /// Places of keys, once there are too many to compare. Looked into, never walked.
    places: Option<HashMap<&'b str, usize>>,
}

impl<'b> UniqueList<'b> {
    /// Makes an empty list with room for some entries.
    pub(crate) fn with_capacity(capacity: usize, bump: &'b Bump) -> Self {
        Self {
            entries: BumpVec::with_capacity_in(capacity, bump),
            seen: [0; 4],
            places: None,
        }
    }

    /// Adds an attribute; true if it replaced the value of an earlier one with the same key.
    #[inline(always)]
    pub(crate) fn push(&mut self, attribute: KeyValue<'b>) -> bool {
        let hash = quick_hash(attribute.key.as_bytes());
        let (word, bit) = (&mut self.seen[hash >> 6], 1u64 << (hash & 63));
        let maybe_known = *word & bit != 0;
        *word |= bit;
        if maybe_known && let Some(place) = self.place(attribute.key) {
            self.entries[place].value = attribute.value;
            return true;
        }
        if let Some(places) = &mut self.places {
            places.insert(attribute.key, self.entries.len());
        }
        self.entries.push(attribute);
        false
    }

    fn place(&mut self, key: &str) -> Option<usize> {
        if self.entries.len() <= COMPARED_KEYS {
            return self.entries.iter().position(|entry| entry.key == key);
        }
        let entries = &self.entries;
        let places = self.places.get_or_insert_with(|| {
            let keys = entries.iter().map(|entry| entry.key);
            keys.enumerate().map(|(place, key)| (key, place)).collect()
        });
        places.get(key).copied()
    }
}

/// A hash of 8 bits out of a key's length and both its ends.
#[inline]
fn quick_hash(key: &[u8]) -> usize {
    let ends = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => key
            .iter()
            .fold(0, |word: u64, byte| word << 8 | u64::from(*byte)),
    };
    let mixed = (ends ^ key.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// Pushes `keys` with their positions as values.
    fn check(keys: &[&str], expected: &[(&str, i64)]) {
        let bump = Bump::new();
        let mut list = UniqueList::with_capacity(0, &bump);
        let mut replaced = 0;
        for (i, &key) in keys.iter().enumerate() {
            let value = Value::Int(i as i64);
            replaced += usize::from(list.push(KeyValue { key, value }));
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|&(key, i)| KeyValue {
                key,
                value: Value::Int(i),
            })
            .collect();
        assert_eq!(list.entries.as_slice(), expected);
        assert_eq!(replaced, keys.len() - expected.len());
    }

    #[test]
    fn the_last_value_takes_the_first_place() {
        check(&[], &[]);
        check(&["a", "b"], &[("a", 0), ("b", 1)]);
        check(&["a", "b", "a"], &[("a", 2), ("b", 1)]);
        check(&["a", "", "", "a", ""], &[("a", 3), ("", 4)]);
    }

    #[test]
    fn long_lists_are_treated_alike() {
        let keys: Vec<String> = (0..1000).map(|i| format!("key.{i}.long")).collect();
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut expected: Vec<_> = keys.iter().copied().zip(0..).collect();
        check(&keys, &expected);
        keys.push("key.500.long");
        keys.push("key.999.long");
        expected[500].1 = 1000;
        expected[999].1 = 1001;
        check(&keys, &expected);
    }
}
