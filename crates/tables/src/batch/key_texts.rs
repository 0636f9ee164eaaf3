//! The texts of one key of one batch, as long as they repeat.

use crate::value::series::text_hash;
use crate::value::texts::Texts;

/// Texts that are collected before they are judged.
const TRIED: usize = 256;

/// Codes for the texts of a key. A key whose texts turn out to be mostly different gets no codes
/// any more: looking up what is not there costs more than writing it twice.
#[derive(Debug, Default)]
pub(crate) struct KeyTexts {
    texts: Texts,
    /// Code of the text that was asked for last; the next one is often the same.
    last: u32,
    asked: usize,
    is_distinct: bool,
}

impl KeyTexts {
    /// The code of a text, or `None` if the key has no codes any more; and whether that changed
    /// something that [`Self::undo`] takes back. `key` is the key's hash.
    pub(crate) fn code(&mut self, key: u64, text: &str) -> (Option<u32>, bool) {
        if self.is_distinct {
            return (None, false);
        }
        self.asked += 1;
        let bytes = text.as_bytes();
        let len = self.texts.len();
        if (self.last as usize) < len && self.texts.get(self.last) == bytes {
            return (Some(self.last), false);
        }
        if len >= TRIED && len * 2 > self.asked {
            self.is_distinct = true;
            return (None, true);
        }
        self.last = self.texts.intern(text_hash(key, text), bytes);
        (Some(self.last), self.texts.len() > len)
    }

    /// Takes back the last change.
    pub(crate) fn undo(&mut self) {
        if self.is_distinct {
            self.is_distinct = false;
            self.asked -= 1;
        } else {
            self.texts.pop();
        }
    }

    /// Counts that a code was asked for, whose answer is known.
    pub(crate) fn ask_again(&mut self) {
        self.asked += 1;
    }

    /// Takes back that a code was asked for.
    pub(crate) fn forget_one(&mut self) {
        self.asked -= 1;
    }

    /// How many codes there are.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The text of a code.
    pub(crate) fn get(&self, code: u32) -> &[u8] {
        self.texts.get(code)
    }

    /// The hash of the text of a code, see [`text_hash`].
    pub(crate) fn hash(&self, code: u32) -> u64 {
        self.texts.hash(code)
    }

    pub(crate) fn len_bytes(&self) -> usize {
        self.texts.len_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_distinct_texts_gives_up() {
        let mut texts = KeyTexts::default();
        let codes = (0..1000).filter_map(|n| texts.code(1, &n.to_string()).0);
        assert_eq!(codes.count(), TRIED);
        assert_eq!(texts.code(1, "0"), (None, false));
        texts.undo();
        assert_eq!(texts.code(1, "255"), (Some(255), false));
        assert_eq!(texts.code(1, "x"), (None, true));
    }

    #[test]
    fn a_key_of_repeating_texts_goes_on() {
        let mut texts = KeyTexts::default();
        for n in 0..1000 {
            let text = n.to_string();
            let codes = [(); 3].map(|()| texts.code(1, &text));
            assert_eq!(codes, [(Some(n), true), (Some(n), false), (Some(n), false)]);
        }
        assert_eq!(texts.get(7), b"7");
    }
}
