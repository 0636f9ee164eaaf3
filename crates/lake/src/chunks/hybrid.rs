//! Parquet's RLE / bit-packing hybrid back into numbers.

use super::thrift::varint;

/// Appends `count` numbers of `width` bits (at most 32).
pub(super) fn decode(mut bytes: &[u8], width: u32, count: usize, out: &mut Vec<u32>) -> Option<()> {
    let end = out.len() + count;
    while out.len() < end {
        let missing = end - out.len();
        let header = varint(&mut bytes)?;
        let len = usize::try_from(header >> 1).ok()?;
        if header & 1 == 0 {
            let (number, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let mut value = [0; 4];
            value[..number.len()].copy_from_slice(number);
            let value = u32::from_le_bytes(value);
            out.resize(out.len() + len.min(missing), value);
        } else {
            let len_bytes = len.checked_mul(width as usize)?;
            // Some writers leave out the end of the last group.
            let (packed, rest) = bytes.split_at(len_bytes.min(bytes.len()));
            bytes = rest;
            let count = len.checked_mul(8)?.min(missing);
            if packed.len() < (count * width as usize).div_ceil(8) {
                return None;
            }
            unpack(packed, width, count, out);
        }
        if len == 0 {
            return None;
        }
    }
    Some(())
}

/// Appends packed numbers, of which there are so many.
fn unpack(packed: &[u8], width: u32, count: usize, out: &mut Vec<u32>) {
    let mask = u64::from(u32::MAX.checked_shr(32 - width).unwrap_or(0));
    let width = width as usize;
    out.extend((0..count).map(|index| {
        let bit = index * width;
        let bits = match packed[bit / 8..].first_chunk() {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => last_bits(&packed[bit / 8..]),
        };
        (bits >> (bit % 8) & mask) as u32
    }));
}

/// Fewer than eight bytes as a number.
fn last_bits(rest: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(bytes)
}

/// Which of `count` rows have a value, by their levels of one bit; empty if all do.
pub(super) fn validity(mut bytes: &[u8], count: usize, out: &mut Vec<bool>) -> Option<()> {
    out.clear();
    let all = bytes;
    let header = varint(&mut bytes)?;
    if header & 1 == 0 && header >> 1 >= count as u64 && bytes.first() == Some(&1) {
        return Some(());
    }
    let mut levels = Vec::new();
    decode(all, 1, count, &mut levels)?;
    if levels.iter().any(|level| *level > 1) {
        return None;
    }
    if levels.contains(&0) {
        out.extend(levels.iter().map(|level| *level == 1));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::hybrid::encode;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(
            runs in prop::collection::vec((any::<u32>(), 1..40_usize), 0..60),
            width in 0..=32_u32,
            cut in any::<prop::sample::Index>(),
        ) {
            let mask = u32::MAX.checked_shr(32 - width).unwrap_or(0);
            let runs = runs.into_iter();
            let values = runs.flat_map(|(value, len)| std::iter::repeat_n(value & mask, len));
            let values: Vec<u32> = values.collect();
            let mut bytes = Vec::new();
            encode(&values, width, &mut bytes);
            let mut found = vec![7];
            decode(&bytes, width, values.len(), &mut found).unwrap();
            prop_assert_eq!(&found[1..], &values);
            // Less is no more than less.
            let _ = decode(&bytes[..cut.index(bytes.len() + 1)], width, values.len(), &mut found);
        }
    }

    #[test]
    fn validity_is_empty_where_all_rows_have_values() {
        let mut out = vec![true];
        for levels in [vec![1; 30], [vec![1; 3], vec![0], vec![1; 3]].concat()] {
            let mut bytes = Vec::new();
            encode(&levels, 1, &mut bytes);
            validity(&bytes, levels.len(), &mut out).unwrap();
            let expected: Vec<bool> = levels.iter().map(|level| *level == 1).collect();
            assert_eq!(out.is_empty(), !expected.contains(&false));
            assert!(out.is_empty() || out == expected);
        }
        // Two runs that are all there is.
        validity(&[2, 1, 2, 1], 2, &mut out).unwrap();
        assert!(out.is_empty());
        assert_eq!(validity(&[2, 1], 2, &mut out), None);
        assert_eq!(validity(&[0, 1], 2, &mut out), None);
    }
}
