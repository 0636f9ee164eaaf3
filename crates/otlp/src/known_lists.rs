//! Attribute lists that come again byte for byte, which need no decoding.
//!
//! Most points have the attributes of a point before, written alike, and mostly the list that followed
//! the same list before. So the bytes of that one are compared first; where they are the same, its
//! attributes are copied (bench `stages`, `visit`).

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::ops::Range;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{Attributes, KeyValue, Value};

/// Bytes of lists that are kept. Where more would be, all are forgotten.
const KEPT_BYTES: usize = 1 << 20;
/// Bytes of the longest list that is kept.
const LIST_BYTES: usize = 16 << 10;

/// Lists that were decoded before, of one decoder. Bounded, whatever the frames hold.
#[derive(Debug)]
pub(crate) struct KnownLists {
    /// The lists as they stand in frames.
    bytes: Vec<u8>,
    /// Keys and texts, one after another as they are decoded.
    texts: String,
    entries: Vec<Entry>,
    lists: Vec<List>,
    numbers: HashTable<u32>,
    /// Nobody can write lists whose hashes are the same.
    seed: u64,
    /// The list that came last.
    last: Option<u32>,
}

#[derive(Debug)]
struct List {
    bytes: Range<usize>,
    texts: Range<usize>,
    entries: Range<usize>,
    hash: u64,
    /// The list that followed this one.
    next: u32,
}

/// An attribute; its key and text are the next ones in [`KnownLists::texts`].
#[derive(Clone, Copy, Debug)]
struct Entry {
    key_len: usize,
    value: Plain,
}

#[derive(Clone, Copy, Debug)]
enum Plain {
    Empty,
    /// Its length.
    String(usize),
    Bool(bool),
    Int(i64),
    Double(f64),
}

impl Default for KnownLists {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            texts: String::new(),
            entries: Vec::new(),
            lists: Vec::new(),
            numbers: HashTable::new(),
            seed: RandomState::new().build_hasher().finish(),
            last: None,
        }
    }
}

impl KnownLists {
    /// The number of the list that is expected next, and its length, if `bytes` begin with it. A byte
    /// of `going_on` behind it would belong to the list, which is then another one.
    #[inline]
    pub(crate) fn expected(&mut self, bytes: &[u8], going_on: Option<u8>) -> Option<(usize, u32)> {
        let number = self.last.map_or(0, |last| self.lists[last as usize].next);
        let list = self.lists.get(number as usize)?;
        let known = &self.bytes[list.bytes.clone()];
        let goes_on = going_on.is_some() && bytes.get(known.len()).copied() == going_on;
        if goes_on || !bytes.starts_with(known) {
            return None;
        }
        self.last = Some(number);
        Some((known.len(), number))
    }

    /// The attributes of a list, whose number is good until [`Self::keep`] is called.
    pub(crate) fn attributes<'b>(&self, number: u32, bump: &'b Bump) -> Attributes<'b> {
        let list = &self.lists[number as usize];
        let mut texts: &'b str = bump.alloc_str(&self.texts[list.texts.clone()]);
        let mut take = |len| {
            let (text, rest) = texts.split_at(len);
            texts = rest;
            text
        };
        let entries = &self.entries[list.entries.clone()];
        let mut attributes = BumpVec::with_capacity_in(entries.len(), bump);
        attributes.extend(entries.iter().map(|entry| KeyValue {
            key: take(entry.key_len),
            value: match entry.value {
                Plain::Empty => Value::Empty,
                Plain::String(len) => Value::String(take(len)),
                Plain::Bool(truth) => Value::Bool(truth),
                Plain::Int(int) => Value::Int(int),
                Plain::Double(double) => Value::Double(double),
            },
        }));
        attributes.into_bump_slice()
    }

    /// Keeps a list that was decoded without anything to be noted. `bytes` are all that its attributes
    /// depend on.
    pub(crate) fn keep(&mut self, bytes: &[u8], attributes: Attributes<'_>) {
        if bytes.is_empty() || bytes.len() > LIST_BYTES || !attributes.iter().all(is_plain) {
            return;
        }
        let hash = xxh3_64_with_seed(bytes, self.seed);
        let is_same = |number: &u32| {
            let list = &self.lists[*number as usize];
            self.bytes[list.bytes.clone()] == *bytes
        };
        let known = self.numbers.find(hash, is_same).copied();
        let number = known.unwrap_or_else(|| self.add(hash, bytes, attributes));
        if let Some(last) = self.last {
            self.lists[last as usize].next = number;
        }
        self.last = Some(number);
    }

    fn add(&mut self, hash: u64, bytes: &[u8], attributes: Attributes<'_>) -> u32 {
        if self.bytes.len() + bytes.len() > KEPT_BYTES {
            *self = Self::default();
        }
        let start = (self.bytes.len(), self.texts.len(), self.entries.len());
        self.bytes.extend_from_slice(bytes);
        for attribute in attributes {
            self.texts.push_str(attribute.key);
            let value = match attribute.value {
                Value::String(text) => {
                    self.texts.push_str(text);
                    Plain::String(text.len())
                }
                Value::Bool(truth) => Plain::Bool(truth),
                Value::Int(int) => Plain::Int(int),
                Value::Double(double) => Plain::Double(double),
                _ => Plain::Empty,
            };
            self.entries.push(Entry {
                key_len: attribute.key.len(),
                value,
            });
        }
        let number = self.lists.len() as u32;
        self.lists.push(List {
            bytes: start.0..self.bytes.len(),
            texts: start.1..self.texts.len(),
            entries: start.2..self.entries.len(),
            hash,
            next: number + 1,
        });
        let lists = &self.lists;
        self.numbers
            .insert_unique(hash, number, |number| lists[*number as usize].hash);
        number
    }
}

/// Lists and maps would have to be kept as trees; they are rare here.
fn is_plain(attribute: &KeyValue<'_>) -> bool {
    !matches!(
        attribute.value,
        Value::Bytes(_) | Value::Array(_) | Value::KeyValueList(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute<'a>(key: &'a str, value: Value<'a>) -> KeyValue<'a> {
        KeyValue { key, value }
    }

    #[test]
    fn what_follows_a_list_is_expected_behind_it() {
        let bump = Bump::new();
        let mut lists = KnownLists::default();
        let one = [
            attribute("a", Value::String("\u{e9}")),
            attribute("", Value::Empty),
            attribute("b", Value::Bool(true)),
        ];
        let two = [
            attribute("n", Value::Int(-1)),
            attribute("x", Value::Double(0.5)),
        ];
        let expected = |lists: &mut KnownLists, bytes, going_on| {
            let (len, number) = lists.expected(bytes, going_on)?;
            Some((len, lists.attributes(number, &bump)))
        };
        assert_eq!(expected(&mut lists, b"one", None), None);
        for (bytes, list) in [(b"one", &one[..]), (b"two", &two), (b"one", &one)] {
            lists.keep(bytes, list);
        }
        assert_eq!(expected(&mut lists, b"one", None), None);
        assert_eq!(expected(&mut lists, b"two+", Some(b'+')), None);
        assert_eq!(expected(&mut lists, b"two+", None), Some((3, &two[..])));
        assert_eq!(
            expected(&mut lists, b"one", Some(b'+')),
            Some((3, &one[..]))
        );
    }

    #[test]
    fn lists_of_anything_else_are_not_kept() {
        let mut lists = KnownLists::default();
        lists.keep(b"a", &[attribute("a", Value::Array(&[]))]);
        lists.keep(b"", &[]);
        lists.keep(&[0; LIST_BYTES + 1], &[]);
        assert_eq!(lists.expected(b"a", None), None);
        assert!(lists.lists.is_empty());
    }

    #[test]
    fn however_many_lists_come_few_are_kept() {
        let bump = Bump::new();
        let mut lists = KnownLists::default();
        let text = "x".repeat(10_000);
        for number in 0..1_000_u32 {
            let bytes = [number.to_le_bytes().as_slice(), text.as_bytes()].concat();
            lists.keep(&bytes, &[attribute(&text, Value::Empty)]);
            assert!(lists.bytes.len() <= KEPT_BYTES);
            assert!(lists.texts.len() <= KEPT_BYTES);
        }
        let last = [999_u32.to_le_bytes().as_slice(), text.as_bytes()].concat();
        lists.keep(&last, &[attribute(&text, Value::Empty)]);
        let (len, found) = lists.expected(&last, None).unwrap();
        let found = lists.attributes(found, &bump);
        assert_eq!((len, found[0].key), (last.len(), text.as_str()));
    }
}
