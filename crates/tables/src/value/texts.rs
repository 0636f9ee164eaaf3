//! Distinct texts, numbered from 0 in the order in which they came.

use hashbrown::HashTable;

use crate::part::Strings;
use crate::schema::ends::offset;

/// A dictionary of texts. Whoever asks brings the hash, which is the same function for all texts
/// of one dictionary.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    bytes: Vec<u8>,
    /// End in `bytes` and hash of each text.
    entries: Vec<(u32, u64)>,
    codes: HashTable<u32>,
}

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all texts and of what is kept of each.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len() + self.entries.len() * size_of::<(u32, u64)>()
    }

    /// Bytes of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The text of a code.
    pub(crate) fn get(&self, code: u32) -> &[u8] {
        get(&self.bytes, &self.entries, code)
    }

    /// The hash of a text, as it was given.
    pub(crate) fn hash(&self, code: u32) -> u64 {
        self.entries[code as usize].1
    }

    /// The code of a text; a new one if it has none yet.
    pub(crate) fn intern(&mut self, hash: u64, text: &[u8]) -> u32 {
        let Self {
            bytes,
            entries,
            codes,
        } = self;
        let is_same = |code: &u32| get(bytes, entries, *code) == text;
        if let Some(code) = codes.find(hash, is_same) {
            return *code;
        }
        let code = u32::try_from(entries.len()).expect("there are fewer texts than rows");
        bytes.extend_from_slice(text);
        let end = u32::try_from(bytes.len()).expect("chunks and parts are smaller");
        entries.push((end, hash));
        codes.insert_unique(hash, code, |code| entries[*code as usize].1);
        code
    }

    /// Forgets the text that came last.
    pub(crate) fn pop(&mut self) {
        let Some((_, hash)) = self.entries.pop() else {
            return;
        };
        let last = self.entries.len() as u32;
        if let Ok(found) = self.codes.find_entry(hash, |code| *code == last) {
            found.remove();
        }
        let end = self.entries.last().map_or(0, |(end, _)| *end);
        self.bytes.truncate(end as usize);
    }

    /// The dictionary of a column; never empty, so that code 0 is valid for null rows too.
    pub(crate) fn into_strings(self) -> Strings {
        let ends = self.entries.iter().map(|(end, _)| offset(*end as usize));
        let mut offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        if offsets.len() == 1 {
            offsets.push(0);
        }
        Strings {
            offsets,
            bytes: self.bytes,
        }
    }
}

fn get<'a>(bytes: &'a [u8], entries: &[(u32, u64)], code: u32) -> &'a [u8] {
    let code = code as usize;
    let start = code.checked_sub(1).map_or(0, |before| entries[before].0);
    &bytes[start as usize..entries[code].0 as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_codes_even_when_hashes_collide() {
        let mut texts = Texts::default();
        let codes = ["a", "", "b", "a", "", "ab"].map(|text| texts.intern(7, text.as_bytes()));
        assert_eq!(codes, [0, 1, 2, 0, 1, 3]);
        assert_eq!(texts.get(3), b"ab");
        assert_eq!(texts.text_bytes(), 4);
        texts.pop();
        assert_eq!((texts.len(), texts.text_bytes()), (3, 2));
        assert_eq!(texts.intern(7, b"ab"), 3);
        let strings = texts.into_strings();
        assert_eq!(
            (strings.offsets, strings.bytes),
            (vec![0, 1, 1, 2, 4], b"abab".to_vec())
        );
        assert_eq!(Texts::default().into_strings().offsets, [0, 0]);
    }
}
