//! Looks attribute keys up: exact ones, and beginnings of keys.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3DefaultBuilder;

/// What a key belongs to, by its exact spelling or by the longest beginning that fits.
#[derive(Clone, Debug, Default)]
pub(super) struct Matcher<T> {
    /// Looked into, never walked.
    exact: HashMap<String, T, Xxh3DefaultBuilder>,
    /// Sorted by text.
    prefixes: Vec<Prefix<T>>,
}

#[derive(Clone, Debug)]
struct Prefix<T> {
    text: String,
    value: T,
    /// Number of the longest other prefix that this one begins with.
    parent: Option<usize>,
}

impl<T: Copy + Default> Matcher<T> {
    /// Makes a matcher of keys, or beginnings where `is_prefix`. Of equal ones the first counts.
    pub fn new<'a>(patterns: impl IntoIterator<Item = (&'a str, bool, T)>) -> Self {
        let mut matcher = Self::default();
        let mut prefixes = Vec::new();
        for (text, is_prefix, value) in patterns {
            if is_prefix {
                prefixes.push((text.to_owned(), value));
            } else {
                matcher.exact.entry(text.to_owned()).or_insert(value);
            }
        }
        prefixes.sort_by(|(a, _), (b, _)| a.cmp(b));
        prefixes.dedup_by(|(later, _), (first, _)| later == first);
        for (text, value) in prefixes {
            let last = matcher.prefixes.len().checked_sub(1);
            let parent = matcher.longest(last, &text);
            matcher.prefixes.push(Prefix {
                text,
                value,
                parent,
            });
        }
        matcher
    }

    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }

    /// What a key belongs to.
    #[inline]
    pub fn get(&self, key: &str) -> Option<T> {
        if let Some(value) = self.exact.get(key) {
            return Some(*value);
        }
        // What begins the key sorts before it, and nothing between the two but what begins alike.
        let after = self.prefixes.partition_point(|p| p.text.as_str() <= key);
        let found = self.longest(after.checked_sub(1), key)?;
        Some(self.prefixes[found].value)
    }

    /// The longest prefix of a key among a prefix and its parents.
    fn longest(&self, mut candidate: Option<usize>, key: &str) -> Option<usize> {
        while let Some(number) = candidate {
            if key.starts_with(&self.prefixes[number].text) {
                break;
            }
            candidate = self.prefixes[number].parent;
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_keys_come_first_then_the_longest_beginning() {
        let matcher = Matcher::new([
            ("a.b", false, 1),
            ("a.", true, 2),
            ("a.b.", true, 3),
            ("a.b.x", true, 4),
            ("b", true, 5),
            ("a.", true, 6),
            ("a.b", false, 7),
        ]);
        for (key, expected) in [
            ("a.b", Some(1)),
            ("a.", Some(2)),
            ("a.z", Some(2)),
            ("a.b.", Some(3)),
            ("a.b.z", Some(3)),
            ("a.b.xyz", Some(4)),
            ("a.c.b", Some(2)),
            ("b", Some(5)),
            ("bcd", Some(5)),
            ("a", None),
            ("", None),
            ("c", None),
        ] {
            assert_eq!(matcher.get(key), expected, "{key}");
        }
    }

    #[test]
    fn an_empty_beginning_fits_every_key() {
        let matcher = Matcher::new([("", true, 1), ("b", true, 2)]);
        assert_eq!(
            ["", "a", "b", "c"].map(|key| matcher.get(key)),
            [Some(1), Some(1), Some(2), Some(1)]
        );
        assert!(Matcher::<u8>::new([]).is_empty());
    }
}
