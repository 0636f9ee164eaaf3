//! Texts into codes.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use hashbrown::HashTable;
use otolith_tables::Strings;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Codes of the texts of a dictionary, by their hashes.
#[derive(Debug)]
pub(crate) struct TextCodes {
    codes: HashTable<u32>,
    hashes: Vec<u64>,
    /// Nobody can write texts whose hashes are the same.
    seed: u64,
}

impl Default for TextCodes {
    fn default() -> Self {
        Self {
            codes: HashTable::new(),
            hashes: Vec::new(),
            seed: RandomState::new().build_hasher().finish(),
        }
    }
}

impl TextCodes {
    /// The code of a text, which becomes one of `texts` if it is new; none if that would give them more
    /// bytes than offsets can tell.
    pub fn intern(&mut self, texts: &mut Strings, text: &[u8]) -> Option<u32> {
        let hash = xxh3_64_with_seed(text, self.seed);
        let is_same = |code: &u32| texts.get(*code as usize) == text;
        if let Some(code) = self.codes.find(hash, is_same) {
            return Some(*code);
        }
        let end = i32::try_from(texts.bytes.len() + text.len()).ok()?;
        let code = self.hashes.len() as u32;
        self.hashes.push(hash);
        let hashes = &self.hashes;
        self.codes
            .insert_unique(hash, code, |code| hashes[*code as usize]);
        texts.bytes.extend_from_slice(text);
        texts.offsets.push(end);
        Some(code)
    }
}
