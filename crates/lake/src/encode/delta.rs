//! Parquet's delta encoding of whole numbers, in blocks of the sizes that the Parquet library uses.
//!
//! Format: <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, "Delta Encoding".

use super::bits;
use super::hybrid::put_varint;

/// Deltas of a group, which have one width.
const GROUP: usize = 64;
/// Groups of a block, whose deltas are counted from the least of them.
const GROUPS: usize = 4;
const BLOCK: usize = GROUP * GROUPS;

/// Appends values.
pub(super) fn encode(values: &[i64], out: &mut Vec<u8>) {
    put_varint(BLOCK as u64, out);
    put_varint(GROUPS as u64, out);
    put_varint(values.len() as u64, out);
    let (mut last, rest) = match values {
        [] => (0, values),
        [first, rest @ ..] => (*first, rest),
    };
    put_zigzag(last, out);
    for block in rest.chunks(BLOCK) {
        let mut deltas = [0_i64; BLOCK];
        let deltas = &mut deltas[..block.len()];
        let mut least = i64::MAX;
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = value.wrapping_sub(last);
            last = *value;
            least = least.min(*delta);
        }
        put_zigzag(least, out);
        let widths = out.len();
        // Groups that no delta is left for have no width and no bytes.
        out.extend_from_slice(&[0; GROUPS]);
        for (group, deltas) in deltas.chunks(GROUP).enumerate() {
            let deltas = deltas.iter();
            let deltas = deltas.map(|delta| delta.wrapping_sub(least).cast_unsigned());
            let all = deltas.clone().fold(0, |all, delta| all | delta);
            let width = u64::BITS - all.leading_zeros();
            out[widths + group] = width as u8;
            let end = out.len() + GROUP / 8 * width as usize;
            bits::pack(deltas, width, out);
            out.resize(end, 0);
        }
    }
}

fn put_zigzag(value: i64, out: &mut Vec<u8>) {
    put_varint((value << 1 ^ value >> 63).cast_unsigned(), out);
}
