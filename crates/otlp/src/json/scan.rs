//! Scanning of JSON string bodies, sixteen bytes at a time.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16};

/// Bytes that are looked at together: what every x86-64 and AArch64 has instructions for.
const LANE_BYTES: usize = 16;

/// Finds the first quote, backslash or control character at or after `at`; the length of `bytes`
/// if there is none.
///
/// Most strings are short: as many bytes at once as every processor can, without asking which it is.
#[inline]
pub(super) fn string_special(bytes: &[u8], at: usize) -> usize {
    dispatch!(Level::baseline(), simd => find(simd, bytes, at))
}

#[inline(always)]
fn find<S: Simd>(simd: S, bytes: &[u8], mut at: usize) -> usize {
    while let Some(lane) = bytes.get(at..).and_then(<[u8]>::first_chunk::<LANE_BYTES>) {
        let lane = u8x16::from_slice(simd, lane);
        let special = lane.simd_eq(b'"') | lane.simd_eq(b'\\');
        let hits = (special | lane.simd_lt(0x20)).to_bitmask();
        if hits != 0 {
            return at + hits.trailing_zeros() as usize;
        }
        at += LANE_BYTES;
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
            for place in 0..50 {
                for fill in [b' ', b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut text = vec![fill; 50];
                    check(&text, 50);
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
