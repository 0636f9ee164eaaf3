//! Finds the bracket that closes a value, in blocks of 64 bytes at once.
//!
//! Members of envelopes are whole requests: each byte of them comes by here while no other thread can
//! read. So only what decides where a value ends is looked at, strings and the number of open
//! brackets; all else is for the decoder to say. The masks are those of simdjson (Langdale and Lemire,
//! "Parsing Gigabytes of JSON per Second", 2019, section 3.1). A block is one vector, two or four, as the
//! processor at hand has them: what is inlined into `dispatch!`, and nothing else, is compiled for each kind
//! of processor (`cargo bench -p otolith-ingest --bench stages`).

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

const BLOCK_BYTES: usize = 64;

/// Bytes up to and with the bracket that closes the one at the start of `bytes`; none if it is not
/// closed, or a string before holds a line break.
pub(super) fn value_len(bytes: &[u8]) -> Option<usize> {
    value_len_at(Level::new(), bytes)
}

fn value_len_at(level: Level, bytes: &[u8]) -> Option<usize> {
    dispatch!(level, simd => walk(simd, bytes))
}

#[inline(always)]
fn walk<S: Simd>(simd: S, bytes: &[u8]) -> Option<usize> {
    let mut scan = Scan::default();
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    for (number, block) in blocks.iter().enumerate() {
        match scan.block(simd, block) {
            Step::Goes => {}
            Step::Ends(place) => return Some(number * BLOCK_BYTES + place + 1),
            Step::Broken => return None,
        }
    }
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    match scan.block(simd, &last) {
        Step::Ends(place) => Some(blocks.len() * BLOCK_BYTES + place + 1),
        Step::Goes | Step::Broken => None,
    }
}

/// What is known at the end of a block.
#[derive(Default)]
struct Scan {
    /// Open brackets.
    depth: usize,
    /// All bits if a string goes on, else none.
    in_string: u64,
    /// 1 if a backslash escapes the first byte of the next block.
    escapes: u64,
}

enum Step {
    Goes,
    Ends(usize),
    Broken,
}

impl Scan {
    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, block: &[u8; BLOCK_BYTES]) -> Step {
        let masks = Masks::of(simd, block);
        let quotes = masks.quotes & !self.escaped(masks.backslashes);
        let strings = prefix_xor(quotes) ^ self.in_string;
        self.in_string = 0_u64.wrapping_sub(strings >> 63);
        let (opening, closing) = (masks.opening & !strings, masks.closing & !strings);
        let is_broken = masks.line_breaks & strings;
        let (opened, closed) = (opening.count_ones() as usize, closing.count_ones() as usize);
        if closed < self.depth && is_broken == 0 {
            self.depth = self.depth + opened - closed;
            return Step::Goes;
        }
        let mut places = opening | closing | is_broken;
        while places != 0 {
            let place = places.trailing_zeros();
            let bit = 1_u64 << place;
            if is_broken & bit != 0 {
                return Step::Broken;
            }
            self.depth = match opening & bit {
                0 => self.depth.saturating_sub(1),
                _ => self.depth + 1,
            };
            if self.depth == 0 {
                return Step::Ends(place as usize);
            }
            places &= places - 1;
        }
        Step::Goes
    }

    /// The bytes that a backslash escapes: those behind an odd number of backslashes.
    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        if backslashes == 0 {
            return std::mem::take(&mut self.escapes);
        }
        let backslashes = backslashes & !self.escapes;
        let follows = backslashes << 1 | self.escapes;
        let odd_starts = backslashes & !EVEN & !follows;
        // The carry of the sum runs through a sequence of backslashes to the byte behind it.
        let (ends, overflows) = odd_starts.overflowing_add(backslashes);
        self.escapes = u64::from(overflows);
        (EVEN ^ ends << 1) & follows
    }
}

/// A bit is set if an odd number of bits up to it is: from an opening quote up to the closing one.
#[inline(always)]
const fn prefix_xor(mut bits: u64) -> u64 {
    let mut distance = 1;
    while distance < 64 {
        bits ^= bits << distance;
        distance *= 2;
    }
    bits
}

/// Which bytes of a block are what.
struct Masks {
    quotes: u64,
    backslashes: u64,
    /// `{` or `[`.
    opening: u64,
    /// `}` or `]`.
    closing: u64,
    line_breaks: u64,
}

/// Brackets and braces differ in this bit.
const BRACE: u8 = 0x20;

impl Masks {
    #[inline(always)]
    fn of<S: Simd>(simd: S, block: &[u8; BLOCK_BYTES]) -> Self {
        let bytes = u8x64::from_slice(simd, block);
        let braces = bytes | BRACE;
        let bits = |bytes: u8x64<S>, byte: u8| bytes.simd_eq(byte).to_bitmask();
        Self {
            quotes: bits(bytes, b'"'),
            backslashes: bits(bytes, b'\\'),
            opening: bits(braces, b'{'),
            closing: bits(braces, b'}'),
            line_breaks: bits(bytes, b'\n'),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scan::{self, Scan};
    use super::{BLOCK_BYTES, Level, value_len, value_len_at};

    #[test]
    fn values_end_with_their_bracket() {
        let check =
            |text: &str, expected| assert_eq!(value_len(text.as_bytes()), expected, "{text}");
        check("{}", Some(2));
        check("{}{}", Some(2));
        check(r#"[{"a":"}]"},[1,null]] x"#, Some(21));
        check(r#"{"a\"}":"\\"}"#, Some(13));
        check("{\n\"a\" :\n[\n] }", Some(13));
        check("{", None);
        check(r#"{"a":"}"#, None);
        check("{\"a\n\":1}", None);
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        check(&deep, Some(20_000));
        check(&deep[..19_999], None);
    }

    fn json() -> impl Strategy<Value = String> {
        let text = r#"("([a-z{}\[\], :]|\\\\|\\"|\\n){0,90}")"#;
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("-1.5e3".to_owned()),
            prop::string::string_regex(text).unwrap(),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| {
            let list = prop::collection::vec(inner, 0..6);
            prop_oneof![
                list.clone()
                    .prop_map(|items| format!("[{}]", items.join(", "))),
                list.prop_map(|items| {
                    let member = |item: &String| format!("\"\\\\k\":{item}");
                    let members: Vec<String> = items.iter().map(member).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_end_where_a_scan_byte_by_byte_finds_it(
            value in json(),
            rest in "[\\]}\"{ a-z]{0,80}",
            cut in 0..BLOCK_BYTES * 2,
        ) {
            let text = format!("[{value}]{rest}");
            let expected = scan::value(text.as_bytes());
            prop_assert_eq!(expected, Scan::Complete(value.len() + 2));
            prop_assert_eq!(value_len(text.as_bytes()), Some(value.len() + 2));
            // Whatever the processor has more than others.
            let least = value_len_at(Level::baseline(), text.as_bytes());
            prop_assert_eq!(least, Some(value.len() + 2));
            let cut = &text.as_bytes()[..cut.min(value.len() + 1)];
            prop_assert_eq!(value_len(cut), None);
        }
    }
}
