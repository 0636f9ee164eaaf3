//! Numbers of so many bits or bytes one after another, the lowest first.

/// Appends values, all of which fit `width` bits (at most 64); the last byte is filled with zeros.
pub(super) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut bits, mut count) = (0_u64, 0);
    for value in values {
        bits |= value << count;
        count += width;
        if count >= u64::BITS {
            out.extend_from_slice(&bits.to_le_bytes());
            count -= u64::BITS;
            bits = value.checked_shr(width - count).unwrap_or(0);
        }
    }
    let rest = count.div_ceil(8) as usize;
    out.extend_from_slice(&bits.to_le_bytes()[..rest]);
}

/// Appends numbers. Room for all is made first: growing inside of the loop costs more than copying.
pub(crate) fn append<const N: usize, T: Copy>(
    out: &mut Vec<u8>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) {
    let start = out.len();
    out.resize(start + values.len() * N, 0);
    let (places, _) = out[start..].as_chunks_mut();
    for (place, value) in places.iter_mut().zip(values) {
        *place = bytes(*value);
    }
}

/// Eight truths as one byte, the first as its lowest bit.
pub(crate) fn byte(truths: [bool; 8]) -> u8 {
    // Moves bit 0 of byte n to bit 56 + n.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    (u64::from_le_bytes(truths.map(u8::from)).wrapping_mul(GATHER) >> 56) as u8
}

/// What [`byte`] makes a byte of.
pub(crate) fn truths(byte: u8) -> [bool; 8] {
    TRUTHS[usize::from(byte)]
}

const TRUTHS: [[bool; 8]; 256] = {
    let mut all = [[false; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        all[at / 8][at % 8] = (at / 8) >> (at % 8) & 1 == 1;
        at += 1;
    }
    all
};

/// Appends truths as bits; the last byte is filled with zeros.
pub(crate) fn pack_truths(truths: &[bool], out: &mut Vec<u8>) {
    let (eights, rest) = truths.as_chunks();
    out.extend(eights.iter().map(|truths| byte(*truths)));
    if !rest.is_empty() {
        let mut last = [false; 8];
        last[..rest.len()].copy_from_slice(rest);
        out.push(byte(last));
    }
}
