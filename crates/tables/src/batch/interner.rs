//! Numbers for byte strings that come again and again, mostly in the same order.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Numbers distinct byte strings from 0 in order of appearance.
///
/// An emitter repeats the same keys in the same order, so the string that followed the last one
/// before is tried first; only a wrong guess costs a lookup.
#[derive(Debug)]
pub(crate) struct Interner {
    entries: Vec<Entry>,
    numbers: HashTable<u32>,
    /// Nobody can write strings whose hashes are the same.
    seed: u64,
    /// Guess for the first string of a sequence.
    first: u32,
    /// Guess for the next string of the running sequence.
    guess: u32,
    /// The last string of the running sequence.
    last: Option<u32>,
    len_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    bytes: Box<[u8]>,
    hash: u64,
    /// Guess for the string that follows. May point beyond the end after a truncation.
    next: u32,
}

impl Default for Interner {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            numbers: HashTable::new(),
            seed: RandomState::new().build_hasher().finish(),
            first: 0,
            guess: 0,
            last: None,
            len_bytes: 0,
        }
    }
}

impl Interner {
    /// Begins a sequence, such as the attributes of an item.
    pub(crate) fn restart(&mut self) {
        self.last = None;
        self.guess = self.first;
    }

    /// Number of a string, and whether it is new.
    #[inline(always)]
    pub(crate) fn intern(&mut self, bytes: &[u8]) -> (u32, bool) {
        let guess = self.guess;
        if let Some(entry) = self.entries.get(guess as usize)
            && is_same(&entry.bytes, bytes)
        {
            self.last = Some(guess);
            self.guess = entry.next;
            return (guess, false);
        }
        self.intern_other(bytes)
    }

    /// As [`Self::intern`] where the guess is wrong.
    #[inline(never)]
    fn intern_other(&mut self, bytes: &[u8]) -> (u32, bool) {
        let (number, new) = self.look_up(bytes);
        match self.last {
            Some(last) => self.entries[last as usize].next = number,
            None => self.first = number,
        }
        self.last = Some(number);
        self.guess = self.entries[number as usize].next;
        (number, new)
    }

    fn look_up(&mut self, bytes: &[u8]) -> (u32, bool) {
        let hash = xxh3_64_with_seed(bytes, self.seed);
        let entries = &self.entries;
        let is_same = |number: &u32| *entries[*number as usize].bytes == *bytes;
        if let Some(number) = self.numbers.find(hash, is_same) {
            return (*number, false);
        }
        let number = u32::try_from(self.entries.len()).expect("a chunk has fewer distinct strings");
        self.entries.push(Entry {
            bytes: bytes.into(),
            hash,
            next: number.wrapping_add(1),
        });
        let entries = &self.entries;
        self.numbers
            .insert_unique(hash, number, |number| entries[*number as usize].hash);
        self.len_bytes += bytes.len();
        (number, true)
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        &self.entries[number as usize].bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all distinct strings.
    pub(crate) fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Forgets the strings from number `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.entries.len() > len
            && let Some(entry) = self.entries.pop()
        {
            self.len_bytes -= entry.bytes.len();
            let number = self.entries.len() as u32;
            if let Ok(found) = self.numbers.find_entry(entry.hash, |at| *at == number) {
                found.remove();
            }
        }
        self.restart();
    }
}

/// Whether two strings are the same. Keys are short: to compare them by eights costs less than a
/// call (`cargo bench -p otolith-ingest --bench convert`).
#[inline(always)]
fn is_same(one: &[u8], two: &[u8]) -> bool {
    const SHORT_BYTES: usize = 32;
    if one.len() != two.len() {
        return false;
    }
    let (Some(one_end), Some(two_end)) = (one.last_chunk::<8>(), two.last_chunk::<8>()) else {
        return one == two;
    };
    if one.len() > SHORT_BYTES {
        return one == two;
    }
    let (ones, _) = one.as_chunks::<8>();
    let (twos, _) = two.as_chunks::<8>();
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    word(one_end) == word(two_end)
        && ones
            .iter()
            .zip(twos)
            .all(|(one, two)| word(one) == word(two))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_numbers_whatever_the_order() {
        let mut interner = Interner::default();
        for (text, expected) in [
            ("a", (0, true)),
            ("b", (1, true)),
            ("a", (0, false)),
            ("c", (2, true)),
            ("b", (1, false)),
        ] {
            assert_eq!(interner.intern(text.as_bytes()), expected, "{text}");
        }
        interner.restart();
        assert_eq!(interner.intern(b"c"), (2, false));
        assert_eq!(interner.get(1), b"b");
    }

    #[test]
    fn strings_are_the_same_if_every_byte_is() {
        for len in 0..70 {
            let one: Vec<u8> = (0..len).collect();
            assert!(is_same(&one, &one.clone()));
            assert!(!is_same(&one, &[&one[..], b"x"].concat()));
            for at in 0..one.len() {
                let mut other = one.clone();
                other[at] ^= 1;
                assert!(!is_same(&one, &other), "{len} {at}");
            }
        }
    }

    #[test]
    fn truncated_strings_are_new_again() {
        let mut interner = Interner::default();
        interner.intern(b"a");
        interner.intern(b"b");
        interner.truncate(1);
        assert_eq!(interner.len_bytes(), 1);
        assert_eq!(interner.intern(b"c"), (1, true));
        assert_eq!(interner.intern(b"b"), (2, true));
        assert_eq!(interner.intern(b"a"), (0, false));
    }
}
