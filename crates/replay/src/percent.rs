//! Percent-encoding, of messages of gRPC and of headers in the environment.

/// Undoes percent-encoding; what is none stays as it is.
pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        match after.first_chunk().filter(|_| byte == b'%').and_then(hex) {
            Some(value) => {
                decoded.push(value);
                rest = &after[2..];
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    decoded
}

fn hex(&[high, low]: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? << 4 | digit(low)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let check = |text: &str, expected: &str| {
            assert_eq!(percent_decoded(text.as_bytes()), expected.as_bytes());
        };
        check("", "");
        check("a%20b%2C%c3%A4", "a b,\u{e4}");
        check("100%", "100%");
        check("%4%+1%zz", "%4%+1%zz");
    }
}
