//! Numbers of so many bits one after another, the lowest bit first.

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

/// Eight truths as one byte, the first as its lowest bit.
pub(crate) fn byte(truths: [bool; 8]) -> u8 {
    // Moves bit 0 of byte n to bit 56 + n.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    (u64::from_le_bytes(truths.map(u8::from)).wrapping_mul(GATHER) >> 56) as u8
}

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
