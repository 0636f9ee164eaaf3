//! Where reading can go on after a torn record.

use memchr::{memchr, memchr2_iter, memmem, memrchr};

use super::marker;
use super::scan::{self, Scan};

/// How many beginnings inside one line are tried before the line is given up.
const MAX_TRIES: usize = 16;

/// The place of a whole record behind a torn one on the same line.
pub(super) fn glued(line: &[u8]) -> Option<usize> {
    marker::all(line)
        .take(MAX_TRIES)
        .find(|place| matches!(scan::value(&line[*place..]), Scan::Complete(_)))
}

/// How an object begins that was written with an indent of two.
const INDENTED: &[u8] = b"{\n  \"";

/// The place of an indented object that was appended to a torn one, in the middle of a line: an
/// object that is part of another has its members further in than the line it begins on.
pub(super) fn appended(bytes: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, INDENTED).find(|place| {
        let line = memrchr(b'\n', &bytes[..*place]).map_or(0, |end| end + 1);
        bytes[line..*place].starts_with(b"  ")
    })
}

/// The first place after `from` where a line begins with a bracket, or where padding begins.
pub(crate) fn next_record(bytes: &[u8], from: usize) -> Option<usize> {
    for place in memchr2_iter(b'\n', 0, bytes.get(from..)?) {
        let place = from + place;
        if bytes[place] == 0 {
            return Some(place);
        }
        if matches!(bytes.get(place + 1), Some(b'{' | b'[')) {
            return Some(place + 1);
        }
    }
    None
}

/// The end of the line at the start of `bytes`: a line break, or padding.
pub(super) fn line_end(bytes: &[u8]) -> Option<usize> {
    let end = memchr(b'\n', bytes);
    let line = &bytes[..end.unwrap_or(bytes.len())];
    memchr(0, line).or(end)
}
