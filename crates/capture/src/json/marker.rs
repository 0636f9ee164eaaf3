//! How records begin: the texts by which a record glued to a torn one is found.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};
use memchr::{memchr_iter, memchr2_iter};

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

/// Bytes that are looked at together.
const BLOCK_BYTES: usize = 64;

/// Whether a line that looks like one object, from its first and last byte, may be more than
/// that: several objects side by side, or a torn record with another one behind it.
///
/// May be wrong in the cautious direction only, where a string holds such text, unless damage makes a
/// torn record look like an envelope, `{"":` with a request behind it. Every byte of every
/// capture comes by here before anything is decoded, so blocks in which nothing can begin are told
/// many bytes at once (`cargo bench -p otolith-ingest --bench convert`).
pub(super) fn may_be_several(line: &[u8]) -> bool {
    may_be_several_at(Level::new(), line)
}

fn may_be_several_at(level: Level, line: &[u8]) -> bool {
    dispatch!(level, simd => walk(simd, line))
}

#[inline(always)]
fn walk<S: Simd>(simd: S, line: &[u8]) -> bool {
    let mut inner_requests_allowed = match at(line) {
        Some(Marker::Request) => 0,
        _ => 1,
    };
    for start in (0..line.len()).step_by(BLOCK_BYTES) {
        let end = line.len().min(start + BLOCK_BYTES);
        let ahead = line[start..].first_chunk();
        if ahead.is_some_and(|bytes| !may_hold_beginning(simd, bytes)) {
            continue;
        }
        for place in memchr2_iter(b'{', b'}', &line[start..end]) {
            let rest = &line[start + place..];
            if rest[0] == b'}' {
                if rest[1..].trim_ascii_start().starts_with(b"{") {
                    return true;
                }
                continue;
            }
            let before = &line[..start + place];
            match at(rest) {
                _ if before.is_empty() => {}
                None => {}
                Some(Marker::Request) if inner_requests_allowed > 0 && ends_with_name(before) => {
                    inner_requests_allowed -= 1;
                }
                Some(_) => return true,
            }
        }
    }
    false
}

/// Whether the value of a member may follow, which a request inside of an envelope is.
fn ends_with_name(bytes: &[u8]) -> bool {
    let name = bytes.trim_ascii_end().strip_suffix(b":");
    name.is_some_and(|name| name.trim_ascii_end().ends_with(b"\""))
}

/// Whether an object may follow another one, or a [`Marker`] begin, before the last two bytes: true
/// if a brace has a space, another object, or a key with a likely first letter behind it.
#[inline(always)]
fn may_hold_beginning<S: Simd>(simd: S, bytes: &[u8; BLOCK_BYTES + 2]) -> bool {
    // The letters p, r, t and v differ in these bits.
    const LETTERS: u8 = 0b110;
    let from = |place| u8x64::from_slice(simd, &bytes[place..place + BLOCK_BYTES]);
    let (bytes, next, third) = (from(0), from(1), from(2));
    let is_brace = bytes.simd_eq(b'{') | bytes.simd_eq(b'}');
    let is_key = next.simd_eq(b'"') & (third & !LETTERS).simd_eq(b'p');
    let begins = next.simd_le(b' ') | next.simd_eq(b'{') | is_key;
    (is_brace & begins).any_true()
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES, Level, Marker, at, may_be_several, may_be_several_at};

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
        check(r#"{{"resourceSpans":[]}"#, true);
        check(r#"{:{"resourceSpans":[]}"#, true);
        check(r#"{"pa{"resourceSpans":[]}"#, true);
        check(r#"{"a": {"resourceSpans":[]}}"#, false);
    }

    #[test]
    fn what_makes_several_is_found_at_every_place() {
        let check = |inner: &str, expected| {
            for before in (0..2 * BLOCK_BYTES)
                .step_by(7)
                .chain(BLOCK_BYTES - 9..BLOCK_BYTES)
            {
                let (before, after) = ("x".repeat(before), "y".repeat(before % 5));
                let line = format!("{{\"{before}\":{inner}{after}}}");
                assert_eq!(may_be_several(line.as_bytes()), expected, "{line}");
                // Whatever the processor has more than others.
                let least = may_be_several_at(Level::baseline(), line.as_bytes());
                assert_eq!(least, expected, "{line}");
            }
        };
        check("{}{", true);
        check("{} \n{", true);
        check(&format!("{{}}{}{{", " ".repeat(BLOCK_BYTES)), true);
        check("{},{", false);
        check("{ \"ts\"", true);
        check("{\"path\":", true);
        check("{\"resourceLogs\":[]", false);
        check("[{\"resourceLogs\":[]", true);
        check("{\"resourceLogs\":[{\"resource_spans\":[]", true);
        check("{\"resource\":{\"traceId\":{\"pay\":1", false);
    }
}
