//! Parquet's RLE / bit-packing hybrid: runs of one value, and groups of eight packed ones.
//!
//! Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, "Run Length
//! Encoding / Bit-Packing Hybrid".

use std::ops::Range;

use super::bits;

/// Values in a packed group.
const GROUP: usize = 8;
/// A run shorter than this is packed with its neighbours: ending a packed run and beginning a new one
/// costs more than it saves.
const MIN_RUN: usize = 2 * GROUP;

/// [`MIN_RUN`] of values of a width: a group of long ones takes more than ending a run.
fn min_run(width: u32) -> usize {
    match width {
        0..8 => MIN_RUN,
        _ => GROUP,
    }
}

/// Bits that values below `count` need.
pub(crate) fn bit_width(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

/// Appends values, all of which fit `width` bits (at most 32).
pub(crate) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed = 0;
    let mut at = 0;
    while at < values.len() {
        let run = run_length(&values[at..]);
        if run < min_run(width) {
            // Only whole groups can be followed by something else.
            at += run.next_multiple_of(GROUP).min(values.len() - at);
            continue;
        }
        if packed < at {
            pack(&values[packed..at], width, out);
        }
        put_varint(run as u64 * 2, out);
        let bytes = values[at].to_le_bytes();
        out.extend_from_slice(&bytes[..width.div_ceil(8) as usize]);
        at += run;
        packed = at;
    }
    if packed < at {
        pack(&values[packed..at], width, out);
    }
}

/// As [`encode`], of one value so many times.
pub(super) fn encode_same(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    if count < MIN_RUN {
        return encode(&[value; MIN_RUN][..count], width, out);
    }
    put_varint(count as u64 * 2, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// Appends `count` codes of a dictionary of so many entries, after their width. Of one entry the codes
/// need not be there.
pub(super) fn encode_codes(codes: &[u32], count: usize, entries: usize, out: &mut Vec<u8>) {
    let width = bit_width(entries);
    out.push(width as u8);
    match entries {
        1 => encode_same(0, count, width, out),
        _ => encode(codes, width, out),
    }
}

/// Appends truths as values of one bit. Runs begin and end where groups do.
pub(super) fn encode_truths(truths: &[bool], out: &mut Vec<u8>) {
    let mut groups = Vec::with_capacity(truths.len().div_ceil(GROUP));
    bits::pack_truths(truths, &mut groups);
    // Of the last group only some bits are truths.
    let all_of_last = u8::MAX >> (groups.len() * GROUP - truths.len());
    let last = groups.len().saturating_sub(1);
    let same = |group: usize| match groups[group] {
        0 => Some(false),
        bits if bits == if group == last { all_of_last } else { u8::MAX } => Some(true),
        _ => None,
    };
    let put_packed = |range: Range<usize>, out: &mut Vec<u8>| {
        if !range.is_empty() {
            put_varint(range.len() as u64 * 2 + 1, out);
            out.extend_from_slice(&groups[range]);
        }
    };
    let (mut packed, mut at) = (0, 0);
    while at < groups.len() {
        let value = same(at);
        let run = (at..groups.len()).take_while(|group| same(*group) == value);
        let end = at + run.count();
        if let Some(value) = value
            && end - at >= MIN_RUN / GROUP
        {
            put_packed(packed..at, out);
            let count = (end * GROUP).min(truths.len()) - at * GROUP;
            encode_same(u32::from(value), count, 1, out);
            packed = end;
        }
        at = end;
    }
    put_packed(packed..groups.len(), out);
}

/// How many values at the front are the same.
fn run_length(values: &[u32]) -> usize {
    let first = values[0];
    let end = values.iter().position(|value| *value != first);
    end.unwrap_or(values.len())
}

/// Appends one packed run; a group that is not whole is filled with zeros.
fn pack(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let groups = values.len().div_ceil(GROUP);
    put_varint(groups as u64 * 2 + 1, out);
    let end = out.len() + groups * width as usize;
    bits::pack(values.iter().map(|value| u64::from(*value)), width, out);
    out.resize(end, 0);
}

pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes by the letter of the format.
    fn decode(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut values = Vec::new();
        while values.len() < count {
            let mut header = 0_u64;
            let mut shift = 0;
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let len = (header >> 1) as usize;
            if header & 1 == 0 {
                let size = width.div_ceil(8) as usize;
                let mut value = [0; 4];
                value[..size].copy_from_slice(&bytes[..size]);
                bytes = &bytes[size..];
                values.extend(std::iter::repeat_n(u32::from_le_bytes(value), len));
            } else {
                for index in 0..len * GROUP {
                    let mut value = 0;
                    for bit in 0..width as usize {
                        let place = index * width as usize + bit;
                        value |= u32::from(bytes[place / 8] >> (place % 8) & 1) << bit;
                    }
                    values.push(value);
                }
                bytes = &bytes[len * width as usize..];
            }
        }
        assert!(bytes.is_empty());
        assert!(values[count..].iter().all(|padding| *padding == 0));
        values.truncate(count);
        values
    }

    #[track_caller]
    fn check(values: &[u32], width: u32) {
        let mut out = Vec::new();
        encode(values, width, &mut out);
        assert_eq!(decode(&out, width, values.len()), values);
    }

    #[test]
    fn widths_hold_all_values_below_a_count() {
        let widths = [0, 1, 2, 3, 256, 257].map(bit_width);
        assert_eq!(widths, [0, 0, 1, 2, 8, 9]);
    }

    #[test]
    fn one_value_is_encoded_as_many_are() {
        for (value, width) in [(1, 1), (0, 0), (300, 9)] {
            for count in [0, 1, 7, 8, 15, 16, 17, 1000] {
                let [mut expected, mut out] = [Vec::new(), Vec::new()];
                encode(&vec![value; count], width, &mut expected);
                encode_same(value, count, width, &mut out);
                assert_eq!(out, expected, "{count} times {value}");
            }
        }
    }

    #[test]
    fn runs_are_short() {
        let mut out = Vec::new();
        encode(&[5; 1000], 3, &mut out);
        assert_eq!(out, [0xd0, 0x0f, 5]);
    }

    proptest! {
        #[test]
        fn truths_come_back(
            runs in prop::collection::vec((any::<bool>(), 1..60_usize), 0..20),
        ) {
            let runs = runs.into_iter();
            let truths: Vec<bool> =
                runs.flat_map(|(truth, len)| std::iter::repeat_n(truth, len)).collect();
            let mut out = Vec::new();
            encode_truths(&truths, &mut out);
            let expected: Vec<u32> = truths.iter().map(|truth| u32::from(*truth)).collect();
            assert_eq!(decode(&out, 1, truths.len()), expected);
        }

        #[test]
        fn values_come_back(
            runs in prop::collection::vec((any::<u32>(), 1..40_usize), 0..60),
            width in 0..=32_u32,
        ) {
            let mask = u32::MAX.checked_shr(32 - width).unwrap_or(0);
            let values: Vec<u32> = runs
                .into_iter()
                .flat_map(|(value, len)| std::iter::repeat_n(value & mask, len))
                .collect();
            check(&values, width);
        }
    }
}
