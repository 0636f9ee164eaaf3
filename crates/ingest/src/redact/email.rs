//! Finds e-mail addresses in texts, also where they are percent-encoded or JSON-escaped.
//!
//! What counts: a local part, an at sign (`@`, `%40`, `\u0040`, `\x40`) and a domain of at least two
//! labels whose last one looks like a top-level domain. Characters of either part may be encoded
//! themselves. The search takes time linear in the text: what is before an at sign is looked at
//! once, and so is what is behind it.

use std::ops::Range;

use memchr::{memchr3, memrchr};

/// Characters of local parts besides letters and digits. Those that more often stand around an
/// address than in one (`=`, `/`, `?`, braces, back quotes) are left out.
const LOCAL_MARKS: &str = "._%+-'!#$&*~^";
/// Longest quoted local part that is looked for, in bytes.
const QUOTED_BYTES: usize = 66;
/// How often a percent sign may itself be encoded.
const PERCENT_LEVELS: usize = 3;

/// The first address at or behind a byte offset that is a character boundary.
pub(super) fn next(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // Nothing before the floor belongs to an address any more.
    let (mut floor, mut at) = (from, from);
    loop {
        let sign = at + memchr3(b'@', b'%', b'\\', &bytes[at..])?;
        let Some(len) = at_sign(&bytes[sign..]) else {
            at = sign + 1;
            continue;
        };
        let domain = sign + len;
        if let Some(start) = local_start(text, floor, sign)
            && let Some(end) = domain_end(text, domain)
        {
            return Some(start..end);
        }
        (floor, at) = (domain, domain);
    }
}

/// Appends a text with every address replaced; tells how many there were.
pub(super) fn replace<'r>(
    text: &str,
    out: &mut impl Extend<char>,
    mut replacement: impl FnMut(&str) -> &'r str,
) -> u64 {
    let (mut from, mut count) = (0, 0);
    while let Some(found) = next(text, from) {
        out.extend(text[from..found.start].chars());
        out.extend(replacement(&text[found.clone()]).chars());
        from = found.end;
        count += 1;
    }
    out.extend(text[from..].chars());
    count
}

/// Writes an address without encoding and in lower case, so that its spellings are one.
pub(super) fn plain(address: &str, out: &mut String) {
    let mut at = 0;
    while let Some((next, char)) = unit(address, at, address.len()) {
        out.extend(char.to_lowercase());
        at = next;
    }
}

/// Length of the at sign that the bytes begin with.
fn at_sign(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'@', ..] => Some(1),
        [b'%', ..] => percent(bytes)
            .filter(|(_, byte)| *byte == b'@')
            .map(|(len, _)| len),
        [b'\\', b'u' | b'U', b'0', b'0', b'4', b'0', ..] => Some(6),
        [b'\\', b'x' | b'X', b'4', b'0', ..] => Some(4),
        _ => None,
    }
}

/// Where the local part that ends before an at sign begins.
fn local_start(text: &str, floor: usize, sign: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = sign;
    // Of an escaped at sign in escaped text there are more backslashes before.
    while bytes[sign] == b'\\' && end > floor && bytes[end - 1] == b'\\' {
        end -= 1;
    }
    if end > floor && bytes[end - 1] == b'"' {
        return quoted_start(bytes, floor, end);
    }
    let may_belong = |byte: &&u8| {
        byte.is_ascii_alphanumeric()
            || !byte.is_ascii()
            || **byte == b'\\'
            || LOCAL_MARKS.as_bytes().contains(byte)
    };
    let run = bytes[floor..end].iter().rev().take_while(may_belong);
    let first = end - run.count();
    // Where words are not spaced, only the last of them would be meant.
    let last_is_dense = text[..end].chars().next_back().is_some_and(is_dense);
    let (mut start, mut at) = (first, first);
    while let Some((next, char)) = unit(text, at, end) {
        let belongs = char.is_alphanumeric() && (last_is_dense || !is_dense(char))
            || LOCAL_MARKS.contains(char);
        let may_lead = char.is_alphanumeric() || char == '_';
        if !belongs || (at == start && !may_lead) {
            start = next;
        }
        at = next;
    }
    (start < end).then_some(start)
}

/// Where a local part in quotes begins, given its end.
fn quoted_start(bytes: &[u8], floor: usize, end: usize) -> Option<usize> {
    let window = floor.max(end.saturating_sub(QUOTED_BYTES));
    let mut start = window + memrchr(b'"', &bytes[window..end - 1])?;
    while start > floor && bytes[start - 1] == b'\\' {
        start -= 1;
    }
    Some(start)
}

/// Letters of scripts that put no spaces between words.
fn is_dense(char: char) -> bool {
    char >= '\u{2E80}'
}

/// What the letters of a label are.
#[derive(Clone, Copy, PartialEq)]
enum Letters {
    None,
    Ascii,
    Other,
    Mixed,
}

/// Where the domain that begins behind an at sign ends, if it is one.
fn domain_end(text: &str, from: usize) -> Option<usize> {
    const PUNYCODE: &[u8] = b"xn--";
    let mut end = None;
    let mut at = from;
    let (mut labels, mut len, mut letters, mut punycode) = (0, 0, Letters::None, 0);
    let mut last = '.';
    while let Some((next, char)) = unit(text, at, text.len()) {
        match char {
            '.' if last == '.' || last == '-' => break,
            '.' => {
                labels += 1;
                (len, letters, punycode) = (0, Letters::None, 0);
            }
            '-' if last == '.' => break,
            char if char == '-' || char.is_alphanumeric() => {
                let expected = PUNYCODE.get(len).copied().map(char::from);
                if punycode == len && expected == Some(char.to_ascii_lowercase()) {
                    punycode += 1;
                }
                len += 1;
                let kind = match char {
                    char if char.is_ascii_alphabetic() => Letters::Ascii,
                    char if char.is_ascii() => Letters::Mixed,
                    _ => Letters::Other,
                };
                letters = match letters {
                    Letters::None => kind,
                    same if same == kind => same,
                    _ => Letters::Mixed,
                };
                let is_punycode = punycode == PUNYCODE.len() && len > punycode && char != '-';
                if labels > 0 && len > 1 && (letters != Letters::Mixed || is_punycode) {
                    end = Some(next);
                }
            }
            _ => break,
        }
        last = char;
        at = next;
    }
    end
}

/// The character at a place, decoded, and where it ends.
fn unit(text: &str, at: usize, end: usize) -> Option<(usize, char)> {
    let rest = &text[at..end];
    let first = rest.chars().next()?;
    let decoded = match first {
        '%' => percent_char(rest.as_bytes()),
        '\\' => Some(escape(rest.as_bytes())),
        _ => None,
    };
    let (len, char) = decoded.unwrap_or((first.len_utf8(), first));
    Some((at + len, char))
}

/// A percent-encoded byte, also of a percent sign that is encoded again.
fn percent(bytes: &[u8]) -> Option<(usize, u8)> {
    let mut at = 1;
    for _ in 0..PERCENT_LEVELS {
        match bytes.get(at..at + 4) {
            Some([b'2', b'5', high, low]) if is_hex(*high) && is_hex(*low) => at += 2,
            _ => break,
        }
    }
    let digits = bytes.get(at..at + 2)?;
    let byte = hex(digits)?;
    Some((at + 2, u8::try_from(byte).ok()?))
}

/// A percent-encoded character of one to four bytes.
fn percent_char(bytes: &[u8]) -> Option<(usize, char)> {
    let mut encoded = [0; 4];
    let mut at = 0;
    for count in 0..encoded.len() {
        let (len, byte) = bytes
            .get(at..)
            .filter(|rest| rest.first() == Some(&b'%'))
            .and_then(percent)?;
        encoded[count] = byte;
        at += len;
        if let Ok(text) = str::from_utf8(&encoded[..=count]) {
            return text.chars().next().map(|char| (at, char));
        }
    }
    None
}

/// What a run of backslashes and the characters behind it mean. Several backslashes are those of
/// escaped text that was escaped again.
fn escape(bytes: &[u8]) -> (usize, char) {
    let slashes = bytes.iter().take_while(|byte| **byte == b'\\').count();
    let digits = |count| bytes.get(slashes + 1..slashes + 1 + count).and_then(hex);
    match bytes.get(slashes) {
        Some(b'u' | b'U') if let Some(code) = digits(4) => {
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            (slashes + 5, char)
        }
        Some(b'x' | b'X') if let Some(code) = digits(2) => {
            (slashes + 3, char::from_u32(code).unwrap_or('\\'))
        }
        Some(b'n' | b't' | b'r' | b'b' | b'f') => (slashes + 1, '\n'),
        _ => (slashes, '\\'),
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all = digits.iter().all(|digit| is_hex(*digit));
    let text = str::from_utf8(digits).ok().filter(|_| all)?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Addresses of a text in angle brackets, in the text as it stands.
    fn marked(text: &str) -> String {
        let (mut out, mut from) = (String::new(), 0);
        while let Some(found) = next(text, from) {
            out += &text[from..found.start];
            out += &format!("\u{ab}{}\u{bb}", &text[found.clone()]);
            from = found.end;
        }
        out + &text[from..]
    }

    fn check(expected: &str) {
        let text = expected.replace(['\u{ab}', '\u{bb}'], "");
        assert_eq!(marked(&text), expected);
    }

    fn check_plain(address: &str, expected: &str) {
        let mut out = String::new();
        plain(address, &mut out);
        assert_eq!(out, expected);
        assert_eq!(next(address, 0), Some(0..address.len()), "{address}");
    }

    #[test]
    fn addresses_are_found_in_texts() {
        check("«ann@example.org»");
        check("mail «ann.b+tag@mail.example.org», then <«o'brien@x.co.uk»>.");
        check("mailto:«ann@example.org»?subject=x&cc=«bob@example.org»");
        check("https://«ann@example.org»/path");
        check("**«ann@example.org»** '«bob@example.org»' (`«carl@example.org»`)");
        check("\"«\"john smith\"@example.org» x");
        check("key=«ann@example.org»;other=«b_c@example.org»");
        check("«ann@example.com»-foo «ann@a-b.example.com».");
        check("«ann@x.xn--p1ai» «m\u{fc}ller@b\u{fc}cher.de» «\u{438}@\u{43f}.\u{440}\u{444}»");
        check("«git@github.com»:a/b.git «ANN@EXAMPLE.ORG»");
    }

    #[test]
    fn unspaced_scripts_end_an_address() {
        check("\u{8bf7}«ann@example.org»\u{56de}\u{590d}");
        check("«\u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a}»");
    }

    #[test]
    fn encoded_addresses_are_found() {
        check("q=%22«ann%40example.org»%22&x");
        check("a%20«ann%2Bx%40example%2Eorg»");
        check("«ann%2540example.org»");
        check(r#"{\"to\":\"«ann\u0040example.org»\"}"#);
        check(r#"hi\n«ann@example.org»\nbye \u003c«bob@example.org»\u003e"#);
        check(r#"hi\\n«ann\\u0040example.org»\\t"#);
        check(r"C:\«ann@example.org»\x");
        check(r"«m\u00fcller@example.org» \x22«ann\x40example.org»");
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in [
            "",
            "@",
            "a@",
            "@b.org",
            "a@b",
            "a@localhost",
            "react@18.2.0",
            "a@1.2.3.4",
            "a@.org",
            "a@b..org",
            "a@-b.org",
            "@scope/pkg",
            "100%",
            "%40",
            r"\u0040",
            "a b@ c.org",
            "@@@",
            "a@b.c",
            "%25%25%40",
            r"\\\\\",
            "\u{20ac}@\u{20ac}.\u{20ac}",
        ] {
            assert_eq!(next(text, 0), None, "{text}");
        }
    }

    #[test]
    fn spellings_of_an_address_are_one() {
        check_plain("Ann@Example.ORG", "ann@example.org");
        check_plain("ann%40example.org", "ann@example.org");
        check_plain(r"ann\u0040example.org", "ann@example.org");
        check_plain(r"m\\u00fcller%40example.org", "m\u{fc}ller@example.org");
        check_plain("m%C3%BCller@example.org", "m\u{fc}ller@example.org");
        check_plain("ann%252Bx%2540example.org", "ann+x@example.org");
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for piece in [
            "a@",
            "\\",
            "%25",
            "a%40",
            "\"@",
            "@a.",
            "a.",
            "\\u0040",
            "\u{20ac}@",
            "%2",
            "a@b.",
        ] {
            let text = piece.repeat(1 << 18);
            let mut from = 0;
            while let Some(found) = next(&text, from) {
                assert!(found.end > from);
                from = found.end;
            }
        }
    }

    /// Pieces of which texts are made that come close to addresses.
    fn pieces() -> impl Strategy<Value = String> {
        let pieces = [
            "@",
            "%40",
            "%25",
            "%",
            "\\",
            "\\u0040",
            "\\u00e9",
            "\\x4",
            "u00",
            "40",
            "\"",
            ".",
            "-",
            "_",
            "a",
            "b1",
            "org",
            "xn--",
            "\u{e9}",
            "\u{8bf7}",
            "\u{1f600}",
            " ",
            "<",
            "n",
        ];
        let pieces = prop::sample::select(pieces.to_vec());
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_searched(text in pieces()) {
            let mut from = 0;
            while let Some(found) = next(&text, from) {
                prop_assert!(from <= found.start && found.start < found.end);
                let mut address = String::new();
                plain(&text[found.clone()], &mut address);
                prop_assert!(address.contains('@'), "{address}");
                from = found.end;
            }
        }

        #[test]
        fn an_address_is_found_in_any_text(
            before in pieces(),
            after in pieces(),
            address in "[a-z0-9][a-z0-9._+-]{0,8}@([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?[.]){1,2}[a-z]{2,5}",
        ) {
            let text = format!("{before} {address} {after}");
            let mut out = String::new();
            let count = replace(&text, &mut out, |_| "*");
            prop_assert!(count > 0 && !out.contains(&address), "{out}");
        }
    }
}
