//! Parquet's delta encoding of whole numbers back into numbers.
//!
//! Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, "Delta Encoding".

use super::thrift::varint;

/// Appends the numbers of a page, of which there are `count`.
pub(super) fn decode(mut bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Option<()> {
    let block = usize::try_from(varint(&mut bytes)?).ok()?;
    let minis = usize::try_from(varint(&mut bytes)?).ok()?;
    let total = usize::try_from(varint(&mut bytes)?).ok()?;
    let mut last = zigzag(&mut bytes)?;
    if total != count || minis == 0 || block % minis != 0 {
        return None;
    }
    let of_mini = block / minis;
    if of_mini == 0 || of_mini % 8 != 0 {
        return None;
    }
    if count == 0 {
        return Some(());
    }
    out.push(last);
    let mut missing = count - 1;
    while missing > 0 {
        let least = zigzag(&mut bytes)?;
        let (widths, rest) = bytes.split_at_checked(minis)?;
        bytes = rest;
        for width in widths {
            if missing == 0 {
                break;
            }
            let width = usize::from(*width);
            let some = of_mini.min(missing);
            missing -= some;
            if width == 0 {
                out.extend((0..some).map(|_| {
                    last = last.wrapping_add(least);
                    last
                }));
                continue;
            }
            let (packed, rest) = bytes.split_at_checked(of_mini.checked_mul(width)? / 8)?;
            bytes = rest;
            if width > 64 {
                return None;
            }
            out.extend((0..some).map(|index| {
                let delta = bits(packed, index * width, width).cast_signed();
                last = last.wrapping_add(least).wrapping_add(delta);
                last
            }));
        }
    }
    Some(())
}

/// `width` bits (1 to 64) at a place.
fn bits(packed: &[u8], at: usize, width: usize) -> u64 {
    let (rest, shift) = (&packed[at / 8..], at % 8);
    let mask = u64::MAX >> (64 - width);
    if width + shift <= 64
        && let Some(bytes) = rest.first_chunk()
    {
        return u64::from_le_bytes(*bytes) >> shift & mask;
    }
    let mut bytes = [0; 16];
    let some = rest.len().min(16);
    bytes[..some].copy_from_slice(&rest[..some]);
    (u128::from_le_bytes(bytes) >> shift) as u64 & mask
}

fn zigzag(bytes: &mut &[u8]) -> Option<i64> {
    let zigzag = varint(bytes)?;
    Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_fit_nothing_are_refused() {
        for header in [[0, 1, 2, 0], [128, 0, 2, 0], [7, 2, 2, 0], [4, 1, 2, 0]] {
            assert_eq!(decode(&header, 2, &mut Vec::new()), None, "{header:?}");
        }
    }

    #[test]
    fn deltas_of_every_width_come_back() {
        for width in 0..=64 {
            // Blocks of one group of eight, whose deltas are 0 and the greatest of the width.
            let greatest = u64::MAX.checked_shr(64 - width).unwrap_or(0);
            let mut bytes = vec![8, 1, 9, 0, 0, width as u8];
            let packed = (0..8).fold(vec![false; 0], |mut bits, value| {
                let value = if value % 2 == 0 { greatest } else { 0 };
                bits.extend((0..width).map(|bit| value >> bit & 1 == 1));
                bits
            });
            let byte = |bits: &[bool]| {
                bits.iter()
                    .rev()
                    .fold(0, |byte, b| byte << 1 | u8::from(*b))
            };
            bytes.extend(packed.chunks(8).map(byte));
            let mut found = Vec::new();
            decode(&bytes, 9, &mut found).unwrap();
            let step = greatest.cast_signed();
            let expected = (0..9_i64).map(|n| step.wrapping_mul((n + 1) / 2));
            assert_eq!(found, expected.collect::<Vec<_>>(), "{width}");
            assert_eq!(decode(&bytes[..bytes.len() - 1], 9, &mut found), None);
        }
    }
}
