//! How records begin: the texts by which a record glued to a torn one is found.

use memchr::memchr_iter;

/// A beginning of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// `{"resourceSpans"` and its kind.
    Request,
    /// `{"ts"`, `{"path"`, `{"payload"`: how envelopes begin.
    Envelope,
}

/// The marker at the start of `bytes`, which begins with `{`.
pub(super) fn at(bytes: &[u8]) -> Option<Marker> {
    let key = bytes.get(1..)?.trim_ascii_start().strip_prefix(b"\"")?;
    if let Some(rest) = key.strip_prefix(b"resource") {
        let rest = rest.strip_prefix(b"_").unwrap_or(rest);
        let signals: [&[u8]; 4] = [b"pans\"", b"etrics\"", b"ogs\"", b"rofiles\""];
        let signal = matches!(
            rest.first(),
            Some(b'S' | b's' | b'M' | b'm' | b'L' | b'l' | b'P' | b'p')
        );
        return (signal && signals.iter().any(|word| rest[1..].starts_with(word)))
            .then_some(Marker::Request);
    }
    let envelopes: [&[u8]; 3] = [b"ts\"", b"path\"", b"payload\""];
    envelopes
        .iter()
        .any(|word| key.starts_with(word))
        .then_some(Marker::Envelope)
}

/// The places after the first byte where a record seems to begin.
pub(super) fn all(line: &[u8]) -> impl Iterator<Item = usize> {
    memchr_iter(b'{', line).filter(|place| *place > 0 && at(&line[*place..]).is_some())
}

/// Whether a line that looks like one object, from its first and last byte, may be more than
/// that: several objects side by side, or a torn record with another one behind it.
///
/// Cheap, because it looks at each `{` and not at each byte. May be wrong in the cautious
/// direction only: where a string holds such text.
pub(super) fn may_be_several(line: &[u8]) -> bool {
    let mut inner_requests_allowed = match at(line) {
        Some(Marker::Request) => 0,
        _ => 1,
    };
    for place in memchr_iter(b'{', line).skip(1) {
        let before = line[..place]
            .iter()
            .rev()
            .find(|byte| !byte.is_ascii_whitespace());
        if before == Some(&b'}') {
            return true;
        }
        match at(&line[place..]) {
            None => {}
            Some(Marker::Request) if inner_requests_allowed > 0 => inner_requests_allowed -= 1,
            Some(_) => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Marker, at, may_be_several};

    #[test]
    fn beginnings_of_records_are_known() {
        let check = |text: &str, expected| assert_eq!(at(text.as_bytes()), expected, "{text}");
        check(r#"{"resourceSpans":"#, Some(Marker::Request));
        check(r#"{ "resource_logs":"#, Some(Marker::Request));
        check(r#"{"resource":"#, None);
        check(r#"{"resourceX":"#, None);
        check(r#"{"path": "#, Some(Marker::Envelope));
        check(r#"{"traceId":"#, None);
        check("{", None);
        check(r#"{"resource"#, None);
    }

    #[test]
    fn lines_of_one_object_are_told_from_others() {
        let check = |text: &str, expected| {
            assert_eq!(may_be_several(text.as_bytes()), expected, "{text}");
        };
        check(
            r#"{"resourceSpans":[{"resource":{}},{"scopeSpans":[{}]}]}"#,
            false,
        );
        check(
            r#"{"path":"/v1/logs","payload":{"resourceLogs":[{}]}}"#,
            false,
        );
        check(r#"{"a":1}{"a":2}"#, true);
        check("{\"a\":1} \t{\"a\":2}", true);
        check(r#"{"resourceSpans":[{"res{"resourceSpans":[]}"#, true);
        check(r#"{"resourceSpans":[{"resourceSpans":[]}"#, true);
        check(r#"{"ts":"x","pa{"ts":"y"}"#, true);
    }
}
