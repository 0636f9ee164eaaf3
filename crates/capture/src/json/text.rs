//! Text of short JSON strings in envelopes.

use std::borrow::Cow;

/// The text of a JSON string with its quotes; none if the value is no valid string.
pub(super) fn of(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let inner = str::from_utf8(inner).ok()?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    unescape(inner).map(Cow::Owned)
}

fn unescape(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(place) = rest.find('\\') {
        text.push_str(&rest[..place]);
        let escape = *rest.as_bytes().get(place + 1)?;
        rest = rest.get(place + 2..)?;
        let plain = match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (unit, after) = unit(rest)?;
                rest = after;
                match pair(unit, rest) {
                    Some((wide, after)) => {
                        rest = after;
                        wide
                    }
                    None => char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                }
            }
            _ => return None,
        };
        text.push(plain);
    }
    text.push_str(rest);
    Some(text)
}

/// The four hexadecimal digits at the start.
fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// The character of a surrogate pair whose first half is `high`.
fn pair(high: u32, rest: &str) -> Option<(char, &str)> {
    let (low, rest) = unit(rest.strip_prefix("\\u")?)?;
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let wide = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
    Some((wide, rest))
}

#[cfg(test)]
mod tests {
    fn check(value: &str, expected: Option<&str>) {
        assert_eq!(super::of(value.as_bytes()).as_deref(), expected, "{value}");
    }

    #[test]
    fn strings_lose_their_escapes() {
        check(r#""/v1/logs""#, Some("/v1/logs"));
        check(r#""\/v1\/logs\n\"\\""#, Some("/v1/logs\n\"\\"));
        check(
            r#""\u00e9\ud83d\ude00 \ud83d""#,
            Some("\u{e9}\u{1f600} \u{fffd}"),
        );
    }

    #[test]
    fn what_is_no_string_has_no_text() {
        for value in ["1", "\"", r#""\x""#, r#""\u12""#, r#""\""#, r#""\u+123""#] {
            check(value, None);
        }
    }
}
