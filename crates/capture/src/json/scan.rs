//! Finds where a JSON value ends, without decoding it.
//!
//! The scan knows strings, brackets and the little grammar that shows a torn value early: where
//! an object may begin, and that no string holds a line break. Everything else is left to the
//! decoder.

/// Open brackets whose kinds are remembered, more than the deepest value that is ever decoded
/// needs. Beyond it brackets are only counted: that a record is too deep is for the decoder to say.
const KNOWN_DEPTH: usize = 1024;

/// Where the scan of a value ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The value ends before this byte.
    Complete(usize),
    /// The bytes end inside the value.
    Open,
    /// The value is broken at this byte.
    Broken(usize),
}

/// Scans the object or array at the start of `bytes`.
pub(crate) fn value(bytes: &[u8]) -> Scan {
    let mut open = Open {
        depth: 0,
        objects: [0; KNOWN_DEPTH / 64],
    };
    // The last token: a bracket, `:`, `,`, or `v` for a string or other scalar.
    let mut last = b':';
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match *byte {
            b'"' => {
                if matches!(last, b'v' | b'}' | b']') {
                    return Scan::Broken(at);
                }
                match string_end(bytes, at + 1) {
                    Some(end) if bytes[end] == b'"' => at = end,
                    Some(end) => return Scan::Broken(end),
                    None => return Scan::Open,
                }
                last = b'v';
            }
            bracket @ (b'{' | b'[') => {
                let may_begin = match last {
                    b':' => true,
                    b'[' => true,
                    b',' => open.is_object() != Some(true),
                    _ => false,
                };
                if !may_begin {
                    return Scan::Broken(at);
                }
                open.push(bracket == b'{');
                last = bracket;
            }
            bracket @ (b'}' | b']') => {
                let fits = open
                    .is_object()
                    .is_none_or(|object| object == (bracket == b'}'));
                if open.depth == 0 || !fits {
                    return Scan::Broken(at);
                }
                open.depth -= 1;
                if open.depth == 0 {
                    return Scan::Complete(at + 1);
                }
                last = bracket;
            }
            token @ (b':' | b',') => last = token,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            0 => return Scan::Broken(at),
            _ => {
                if matches!(last, b'}' | b']') {
                    return Scan::Broken(at);
                }
                last = b'v';
            }
        }
        at += 1;
    }
    Scan::Open
}

/// The kinds of the open brackets, one bit each.
struct Open {
    depth: usize,
    objects: [u64; KNOWN_DEPTH / 64],
}

impl Open {
    /// Whether the innermost bracket is that of an object; `None` if there is none or it lies
    /// too deep to be known.
    fn is_object(&self) -> Option<bool> {
        let top = self.depth.checked_sub(1)?;
        let word = self.objects.get(top / 64)?;
        Some(word >> (top % 64) & 1 == 1)
    }

    fn push(&mut self, object: bool) {
        if let Some(word) = self.objects.get_mut(self.depth / 64) {
            let bit = self.depth % 64;
            *word = *word & !(1 << bit) | u64::from(object) << bit;
        }
        self.depth += 1;
    }
}

/// The place of the quote that ends a string whose content begins at `at`, or of a line break
/// that no string may hold; none if the bytes end before.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = next_special(bytes, at)?;
        if bytes[at] != b'\\' {
            return Some(at);
        }
        at += 2;
    }
}

/// The next quote, backslash or line break, eight bytes at a time: strings of captures are short.
fn next_special(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let hits = zero_bytes(word ^ repeat(b'"'))
            | zero_bytes(word ^ repeat(b'\\'))
            | zero_bytes(word ^ repeat(b'\n'));
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
        .map(|place| at + place)
}

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte that is zero; bits above the lowest such byte may be wrong.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeat(1)) & !word & repeat(0x80)
}

#[cfg(test)]
mod tests {
    use super::{Scan, value};

    fn check(text: &str, expected: Scan) {
        assert_eq!(value(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn balanced_values_are_complete() {
        check("{}", Scan::Complete(2));
        check("{}{}", Scan::Complete(2));
        check(r#"[{"a":"}]"},[1,2.5e3,null]] x"#, Scan::Complete(27));
        check(r#"{"a\"}":"\\"}"#, Scan::Complete(13));
        check("{\n \"a\" :\n [\n ] }", Scan::Complete(16));
    }

    #[test]
    fn cut_values_are_open() {
        for text in ["{", r#"{"a"#, r#"{"a\"#, r#"{"a":["#, r#"{"a":1"#] {
            check(text, Scan::Open);
        }
    }

    #[test]
    fn torn_values_are_broken_where_it_shows() {
        check("{]", Scan::Broken(1));
        check("{\"a\n\"", Scan::Broken(3));
        check(r#"{"a":1{"b""#, Scan::Broken(6));
        check(r#"{"a":1,{"b""#, Scan::Broken(7));
        check(r#"{"a":[1}"#, Scan::Broken(7));
        check(r#"{"a":{} "b""#, Scan::Broken(8));
        check("{\"a\":\0", Scan::Broken(5));
    }

    #[test]
    fn depth_has_no_bound() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1024, 1025, 100_000] {
            check(&deep(depth), Scan::Complete(2 * depth));
        }
        let wrong = format!("{}}}", "[".repeat(1024));
        check(&wrong, Scan::Broken(1024));
    }
}
