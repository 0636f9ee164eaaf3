//! Numbers for byte strings that come again and again, mostly in the same order.

use std::collections::HashMap;

/// Numbers distinct byte strings from 0 in order of appearance.
///
/// An emitter repeats the same keys in the same order, so the string that followed the last one
/// before is tried first; only a wrong guess costs a lookup.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    entries: Vec<Entry>,
    numbers: HashMap<Box<[u8]>, u32>,
    /// Guess for the first string of a sequence.
    first: u32,
    /// The last string of the running sequence.
    last: Option<u32>,
    len_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    bytes: Box<[u8]>,
    /// Guess for the string that follows. May point beyond the end after a truncation.
    next: u32,
}

impl Interner {
    /// Begins a sequence, such as the attributes of an item.
    pub(crate) fn restart(&mut self) {
        self.last = None;
    }

    /// Number of a string, and whether it is new.
    pub(crate) fn intern(&mut self, bytes: &[u8]) -> (u32, bool) {
        let guess = match self.last {
            Some(last) => self.entries[last as usize].next,
            None => self.first,
        };
        if let Some(entry) = self.entries.get(guess as usize)
            && *entry.bytes == *bytes
        {
            self.last = Some(guess);
            return (guess, false);
        }
        let (number, new) = self.look_up(bytes);
        match self.last {
            Some(last) => self.entries[last as usize].next = number,
            None => self.first = number,
        }
        self.last = Some(number);
        (number, new)
    }

    fn look_up(&mut self, bytes: &[u8]) -> (u32, bool) {
        if let Some(&number) = self.numbers.get(bytes) {
            return (number, false);
        }
        let number = u32::try_from(self.entries.len()).expect("a chunk has fewer distinct strings");
        self.entries.push(Entry {
            bytes: bytes.into(),
            next: number.wrapping_add(1),
        });
        self.numbers.insert(bytes.into(), number);
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
        for entry in self.entries.drain(len.min(self.entries.len())..) {
            self.len_bytes -= entry.bytes.len();
            self.numbers.remove(&entry.bytes);
        }
        self.last = None;
    }
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
