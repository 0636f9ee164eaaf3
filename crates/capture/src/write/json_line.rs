//! JSON documents of several lines onto one.

use memchr::memchr2;

/// Appends a JSON document without the line ends between its tokens. One inside of a string, which
/// JSON forbids and lenient readers take, is escaped. All else stays byte for byte.
pub(super) fn push(document: &[u8], out: &mut Vec<u8>) {
    let document = document.trim_ascii();
    if memchr2(b'\n', b'\r', document).is_none() {
        out.extend_from_slice(document);
        return;
    }
    let (mut in_string, mut escaped) = (false, false);
    for &byte in document {
        match byte {
            b'\n' if in_string => out.extend_from_slice(b"\\n"),
            b'\r' if in_string => out.extend_from_slice(b"\\r"),
            b'\n' | b'\r' => {}
            _ => out.push(byte),
        }
        if in_string && !escaped {
            escaped = byte == b'\\';
            in_string = byte != b'"';
        } else {
            escaped = false;
            in_string |= byte == b'"';
        }
    }
}

#[cfg(test)]
mod tests {
    fn check(document: &str, expected: &str) {
        let mut out = Vec::new();
        super::push(document.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn line_ends_between_tokens_go_and_all_else_stays() {
        check(" {\"a\": 1}\r\n", "{\"a\": 1}");
        check("{\n  \"a\": [\r\n1,\n2]\n}\n", "{  \"a\": [1,2]}");
        check(
            "{\"a\":\"x\\\"\ny\",\n\"b\\\\\":1}",
            r#"{"a":"x\"\ny","b\\":1}"#,
        );
        check("{\"a\":\"\\\\\",\n\"b\":2}", r#"{"a":"\\","b":2}"#);
    }
}
