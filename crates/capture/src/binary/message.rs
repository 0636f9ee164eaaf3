//! Looks at the outermost fields of a protobuf message, to tell whether bytes are a request.
//!
//! Nothing is decoded. All three requests and their `*Data` twins have the same outermost
//! fields, so this does not tell the signal.

/// The end of a look at a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Its fields end exactly where the bytes end.
    Whole,
    /// The bytes end inside a field; all is well up to there.
    Short,
    /// No request begins like this.
    Wrong,
}

/// Looks at the outermost fields of `bytes`, at most `fields` of them.
pub(crate) fn look(bytes: &[u8], fields: &mut usize) -> Look {
    let mut rest = bytes;
    while !rest.is_empty() {
        if *fields == 0 {
            return Look::Wrong;
        }
        *fields -= 1;
        rest = match rest {
            // Resources; the dictionary of profiles.
            [0x0a | 0x12, rest @ ..] => rest,
            // The list of instrumentation libraries of old, field 1000.
            [0xc2, 0x3e, rest @ ..] => rest,
            [0xc2] => return Look::Short,
            _ => return Look::Wrong,
        };
        let (len, body) = match varint(rest) {
            Varint::Value(len, after) => (len, &rest[after..]),
            Varint::Short => return Look::Short,
            Varint::Wrong => return Look::Wrong,
        };
        // Resource, scope list, schema URL, old scope list.
        if len > 0
            && body
                .first()
                .is_some_and(|tag| !matches!(tag, 0x0a | 0x12 | 0x1a | 0xc2))
        {
            return Look::Wrong;
        }
        match usize::try_from(len).ok().and_then(|len| body.get(len..)) {
            Some(after) => rest = after,
            None => return Look::Short,
        }
    }
    Look::Whole
}

/// A base-128 number at the front of some bytes.
pub(crate) enum Varint {
    /// The number and how many bytes it takes.
    Value(u64, usize),
    Short,
    Wrong,
}

pub(crate) fn varint(bytes: &[u8]) -> Varint {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Varint::Value(value, place + 1);
        }
    }
    if bytes.len() < 10 {
        Varint::Short
    } else {
        Varint::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, look};

    fn check(bytes: &[u8], expected: Look) {
        assert_eq!(look(bytes, &mut 100), expected, "{bytes:02x?}");
    }

    #[test]
    fn messages_are_known_by_their_outermost_fields() {
        check(&[], Look::Whole);
        check(&[0x0a, 0], Look::Whole);
        check(&[0x0a, 2, 0x0a, 0, 0x0a, 0], Look::Whole);
        check(&[0xc2, 0x3e, 1, 0x12], Look::Whole);
        check(&[0x0a, 3, 0x0a], Look::Short);
        check(&[0x0a], Look::Short);
        check(&[0x0a, 0xff], Look::Short);
        check(&[0x0a, 2, 0x0a, 0, 0x0b], Look::Wrong);
        check(&[0x0a, 1, 0x08], Look::Wrong);
        check(b"{\"a\":1}", Look::Wrong);
        check(&[[0x0a].as_slice(), &[0xff; 12]].concat(), Look::Wrong);
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        assert_eq!(look(&[0x0a, 0, 0x0a, 0], &mut 1), Look::Wrong);
    }
}
