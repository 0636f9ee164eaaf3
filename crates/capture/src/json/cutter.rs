//! Cuts JSON text into its top-level objects: lines, pretty-printed documents, objects side by
//! side, arrays of objects, all in any mixture and with damage in between.

use memchr::memchr;

use super::brackets;
use super::marker;
use super::resync;
use super::scan::{self, Scan};
use crate::checkpoint::JsonState;
use crate::cut::{Cut, Until};
use crate::options::TornTail;
use crate::problems::{FRAME_TOO_LARGE, NOT_JSON, TORN_RECORD, TORN_TAIL};

/// How far the end of a line is looked for before the value is scanned byte by byte.
const LINE_BYTES: usize = 4 << 20;

/// The cutter of JSON text.
///
/// A line that begins with `{` and ends with `}` is taken for one object unless something on it
/// looks like a second one; whether it is valid is left to the decoder, so a broken line is one
/// rejected frame. Everything else is scanned to the end of the value.
#[derive(Debug)]
pub(crate) struct JsonCutter {
    max_bytes: usize,
    /// Offset of the bytes that are shown next.
    offset: u64,
    /// Up to here values are scanned, because their line is no single object.
    scan_until: u64,
    /// Up to here no line ends.
    no_end_until: u64,
    array: ArrayState,
    documents: bool,
    torn_tail: TornTail,
}

/// Where the cutter stands in a top-level array, whose elements are records.
#[derive(Clone, Copy, Debug, Default)]
struct ArrayState {
    depth: u32,
    /// No comma came since the last element.
    after_element: bool,
    seen: bool,
}

impl JsonCutter {
    pub fn new(offset: u64, max_bytes: usize) -> Self {
        Self {
            max_bytes: max_bytes.max(1),
            offset,
            scan_until: 0,
            no_end_until: 0,
            array: ArrayState::default(),
            documents: false,
            torn_tail: TornTail::Reject,
        }
    }

    /// Goes on where a checkpoint stands.
    pub fn resumed(offset: u64, state: JsonState, max_bytes: usize) -> Self {
        let mut cutter = Self::new(offset, max_bytes);
        cutter.array = ArrayState {
            depth: state.array_depth,
            after_element: state.after_element,
            seen: state.array_depth > 0,
        };
        cutter
    }

    /// What must be known to go on in front of the bytes that are shown next.
    pub fn state(&self) -> JsonState {
        JsonState {
            array_depth: self.array.depth,
            after_element: self.array.after_element,
        }
    }

    /// Says what becomes of a record that the end of the file cuts off: rejected unless told.
    pub fn set_torn_tail(&mut self, torn_tail: TornTail) {
        self.torn_tail = torn_tail;
    }

    fn waits(&self) -> bool {
        self.torn_tail == TornTail::Wait
    }

    /// Whether a value so far took several lines or shared one.
    pub fn saw_documents(&self) -> bool {
        self.documents
    }

    /// Whether there was a top-level array.
    pub fn saw_array(&self) -> bool {
        self.array.seen
    }

    /// Looks at the front of `bytes`; `at_end` says that nothing follows them.
    pub fn next(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        let cut = self.look(bytes, at_end);
        self.offset += match &cut {
            Cut::Need(_) | Cut::Wait(..) | Cut::End => 0,
            Cut::Skip(len) | Cut::Reject(_, len, _) | Cut::RejectUntil(_, len, _, _) => *len as u64,
            Cut::Record { end, .. } => *end as u64,
        };
        cut
    }

    /// Says that bytes were skipped without the cutter.
    pub fn skipped(&mut self, count: u64) {
        self.offset += count;
    }

    fn look(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        match bytes.first() {
            None if at_end => Cut::End,
            None => Cut::Need(1),
            Some(b'{') => self.object(bytes, at_end),
            Some(b'[') => self.open_array(bytes, at_end),
            Some(b']') if self.array.depth > 0 => {
                self.array.depth -= 1;
                Cut::Skip(1)
            }
            Some(b',') => {
                self.array.after_element = false;
                Cut::Skip(1)
            }
            Some(0xef) if !at_end && bytes.len() < 3 && BOM.starts_with(bytes) => Cut::Need(3),
            Some(0xef) if bytes.starts_with(BOM) => Cut::Skip(BOM.len()),
            Some(first) if is_blank(*first) => {
                Cut::Skip(bytes.iter().take_while(|byte| is_blank(**byte)).count())
            }
            Some(_) => self.junk(bytes, at_end),
        }
    }

    fn open_array(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        let inside = bytes[1..].iter().position(|byte| !is_blank(*byte));
        match inside.map(|place| bytes[1 + place]) {
            Some(b'{' | b'[' | b']') => {
                self.array.depth = self.array.depth.saturating_add(1);
                self.array.after_element = false;
                self.array.seen = true;
                Cut::Skip(1)
            }
            Some(_) => self.junk(bytes, at_end),
            None if at_end && self.waits() => Cut::Wait(TORN_TAIL, cut_off("array", 1)),
            None if at_end => Cut::Reject(TORN_TAIL, 1, cut_off("array", 1)),
            None if bytes.len() >= self.max_bytes => Cut::Skip(1),
            None => Cut::Need(2 * bytes.len()),
        }
    }

    fn object(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        if self.array.after_element {
            // Two objects without a comma: the array was cut off, lines follow.
            self.array.depth = 0;
            self.array.after_element = false;
        }
        let cut = if self.array.depth == 0 && self.offset >= self.scan_until {
            self.line(bytes, at_end)
        } else {
            self.scan(bytes, at_end)
        };
        if let Cut::Record { .. } = cut {
            self.array.after_element = self.array.depth > 0;
        }
        cut
    }

    /// The way of nearly all records: one object per line.
    fn line(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        let size = self.max_bytes.min(LINE_BYTES);
        let view = &bytes[..bytes.len().min(size)];
        let searched = self.no_end_until.saturating_sub(self.offset) as usize;
        let rest = view.get(searched..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest).map(|end| searched + end) else {
            self.no_end_until = self.offset + view.len() as u64;
            if view.len() < size && !at_end {
                return Cut::Need((2 * bytes.len()).min(size));
            }
            self.scan_until = self.offset + view.len() as u64;
            return self.scan(bytes, at_end);
        };
        let next = bytes.get(end + 1);
        if next.is_none() && !at_end {
            return Cut::Need(end + 2);
        }
        let goes_on = next.is_some_and(|next| !matches!(next, b'{' | b'[' | b'\n' | b'\r' | 0));
        let line = trim_end(&view[..end]);
        // What comes later may show that the line is only the beginning of an object.
        let may_go_on = self.waits() && matches!(next, None | Some(0));
        // Brackets tell at a third of the cost that a value is closed (`cargo xtask bench 10,000`).
        let is_open = || brackets::value_len(line).is_none() && scan::value(line) == Scan::Open;
        let goes_on = goes_on || may_go_on && is_open();
        if !goes_on && line.ends_with(b"}") && !marker::may_be_several(line) {
            return record(line.len());
        }
        self.scan_until = self.offset + end as u64;
        self.scan(bytes, at_end)
    }

    /// Scans a value byte by byte.
    fn scan(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        let full = bytes.len() > self.max_bytes;
        let view = &bytes[..bytes.len().min(self.max_bytes)];
        let at_end = at_end && !full;
        match scan::value(view) {
            Scan::Complete(end) => {
                self.documents |= self.array.depth == 0 && !ends_line(&bytes[end..])
                    || memchr(b'\n', &view[..end]).is_some();
                record(end)
            }
            Scan::Open if at_end && self.waits() => wait(view),
            Scan::Open if at_end => self.torn(view, true, true),
            Scan::Open if full => Cut::RejectUntil(
                FRAME_TOO_LARGE,
                view.len(),
                format!("expected a record of at most {} bytes", self.max_bytes),
                Until::NextRecord,
            ),
            Scan::Open => Cut::Need(2 * bytes.len()),
            // Padding up to the end of the file, in the place of what is not written yet.
            Scan::Broken(at) if self.waits() && !full && is_padding(&view[at..]) => {
                if at_end {
                    wait(view)
                } else {
                    Cut::Need(2 * bytes.len())
                }
            }
            Scan::Broken(at) => match self.torn(view, at_end, false) {
                Cut::Need(_) if full => Cut::RejectUntil(
                    TORN_RECORD,
                    view.len(),
                    format!("a record is broken after {at} bytes"),
                    Until::NextRecord,
                ),
                cut => cut,
            },
        }
    }

    /// Rejects a torn record up to the next beginning of one.
    fn torn(&mut self, view: &[u8], at_end: bool, open: bool) -> Cut {
        let line_end = resync::line_end(view);
        if line_end.is_none() && !at_end {
            return Cut::Need(2 * view.len());
        }
        let first_line = &view[..line_end.unwrap_or(view.len())];
        if let Some(place) = resync::glued(first_line) {
            self.scan_until = self.offset + first_line.len() as u64;
            return reject(TORN_RECORD, &view[..place]);
        }
        // A place at the very end of the view may not be told; more bytes will.
        let next = resync::next_record(view, 0);
        let appended = resync::appended(&view[..next.unwrap_or(view.len())]);
        if let Some(place) = appended.or(next) {
            return reject(TORN_RECORD, &view[..place]);
        }
        if !at_end {
            return Cut::Need(2 * view.len());
        }
        let ends_line = view.ends_with(b"\n");
        if self.waits() && !ends_line {
            return wait(view);
        }
        let code = if open || !ends_line {
            TORN_TAIL
        } else {
            TORN_RECORD
        };
        reject(code, view)
    }

    /// Rejects what begins no object or array, to the end of its line.
    fn junk(&mut self, bytes: &[u8], at_end: bool) -> Cut {
        let view = &bytes[..bytes.len().min(self.max_bytes)];
        let line_end = resync::line_end(view);
        let end = match line_end {
            Some(end) => end,
            None if at_end && view.len() == bytes.len() => view.len(),
            None if view.len() < self.max_bytes => return Cut::Need(2 * bytes.len()),
            None => {
                let message = "expected a JSON object, found a long line of something else";
                return Cut::RejectUntil(NOT_JSON, view.len(), message.to_owned(), Until::NextLine);
            }
        };
        let line = &view[..end];
        let glued = resync::glued(line);
        if glued.is_some() {
            self.scan_until = self.offset + end as u64;
        }
        let line = trim_end(&line[..glued.unwrap_or(end)]);
        let found = String::from_utf8_lossy(&line[..line.len().min(24)]);
        let message = format!("expected a JSON object, found `{}`", found.escape_debug());
        if self.waits() && line_end.is_none() && glued.is_none() {
            return Cut::Wait(NOT_JSON, message);
        }
        Cut::Reject(NOT_JSON, line.len(), message)
    }
}

const BOM: &[u8] = "\u{feff}".as_bytes();

/// White space, padding, and the record separator of JSON text sequences.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x1e)
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !is_blank(*byte));
    &bytes[..end.map_or(0, |end| end + 1)]
}

/// Whether nothing but blanks stands before the next line break, as far as can be seen.
fn ends_line(rest: &[u8]) -> bool {
    let next = rest
        .iter()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | 0));
    matches!(next, None | Some(b'\n'))
}

fn record(end: usize) -> Cut {
    Cut::Record {
        start: 0,
        end,
        compressed: false,
    }
}

fn reject(code: crate::frame::RejectCode, bytes: &[u8]) -> Cut {
    let len = trim_end(bytes).len();
    Cut::Reject(code, len, cut_off("record", len))
}

fn wait(bytes: &[u8]) -> Cut {
    Cut::Wait(TORN_TAIL, cut_off("record", trim_end(bytes).len()))
}

fn is_padding(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn cut_off(what: &str, len: usize) -> String {
    format!("a JSON {what} is cut off or broken, {len} bytes")
}
