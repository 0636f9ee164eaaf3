//! Scanning of JSON string bodies, eight bytes at a time.

/// A `u64` with the lowest bit of each byte set.
const ONES: u64 = 0x0101_0101_0101_0101;
/// A `u64` with the highest bit of each byte set.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Finds the first quote, backslash or control character at or after `at`; the length of `bytes`
/// if there is none.
#[inline]
pub(super) fn string_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        // Borrows run upwards only, so the lowest bit set is a true hit.
        let hits = (quote.wrapping_sub(ONES)
            | backslash.wrapping_sub(ONES)
            | word.wrapping_sub(ONES * 0x20))
            & !word
            & HIGH;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: usize) {
        assert_eq!(string_special(input, 0), expected, "{input:?}");
    }

    #[test]
    fn finds_each_special_byte_at_each_place() {
        for special in (0u8..0x20).chain([b'"', b'\\']) {
            for place in 0..40 {
                for fill in [b' ', b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut text = vec![fill; 40];
                    check(&text, 40);
                    text[place] = special;
                    check(&text, place);
                }
            }
        }
    }

    #[test]
    fn the_first_of_several_wins() {
        check(b"abcdefg\"\\\n......", 7);
        check(b"\x01\"\\", 0);
        check(b"", 0);
    }
}
