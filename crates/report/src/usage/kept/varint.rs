//! Numbers in few bytes, and texts: LEB128, with the sign in the lowest bit where there is one.

/// Most bytes of a number.
const MOST_BYTES: usize = 10;
/// Set in every byte of a number but the last.
const MORE: u8 = 0x80;

pub(super) fn put(mut number: u64, to: &mut Vec<u8>) {
    while number >= u64::from(MORE) {
        to.push(number as u8 | MORE);
        number >>= 7;
    }
    to.push(number as u8);
}

pub(super) fn put_signed(number: i64, to: &mut Vec<u8>) {
    put(of_signed(number), to);
}

/// Small whatever the sign.
pub(super) fn of_signed(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// What [`of_signed`] was made of.
pub(super) fn signed(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

pub(super) fn put_text(text: &str, to: &mut Vec<u8>) {
    put(text.len() as u64, to);
    to.extend(text.as_bytes());
}

/// Reads what was put. Every method is `None` where bytes are missing or make no sense.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for (index, byte) in self.0.iter().take(MOST_BYTES).enumerate() {
            let bits = u64::from(byte & !MORE);
            number |= bits << (7 * index);
            if byte & MORE == 0 {
                self.0 = &self.0[index + 1..];
                // Of the tenth byte one bit has room.
                return (index + 1 < MOST_BYTES || bits <= 1).then_some(number);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        self.number().map(signed)
    }

    /// A number of things that take at least so many bytes each, as many as there is room for: it may
    /// decide how much memory is asked for.
    pub(super) fn count(&mut self, least_bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / least_bytes).then_some(count)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count(1)?;
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The place of one of `count` things.
    pub(super) fn place(&mut self, count: usize) -> Option<usize> {
        let place = usize::try_from(self.number()?).ok()?;
        (place < count).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(number: u64, signed: i64, text: String) {
            let mut bytes = Vec::new();
            put(number, &mut bytes);
            put_signed(signed, &mut bytes);
            put_text(&text, &mut bytes);
            let mut cursor = Cursor(&bytes);
            prop_assert_eq!(cursor.number(), Some(number));
            prop_assert_eq!(cursor.signed(), Some(signed));
            prop_assert_eq!(cursor.text(), Some(&*text));
            prop_assert!(cursor.0.is_empty());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut cursor = Cursor(&bytes);
            while cursor.text().is_some() && cursor.signed().is_some() {}
        }
    }

    #[test]
    fn what_is_cut_off_or_too_large_is_none() {
        assert_eq!(Cursor(&[0x80]).number(), None);
        assert_eq!(Cursor(&[0xff; 11]).number(), None);
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Cursor(&most).number(), Some(u64::MAX));
        let more = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(Cursor(&more).number(), None);
        assert_eq!(Cursor(&[5, b'a', b'b']).text(), None);
        assert_eq!(Cursor(&[1, 0xff]).text(), None);
    }
}
