//! Cuts messages with a length before each.

use super::header::{Framing, Header};
use super::message::Look;
use crate::cut::{Cut, Until};
use crate::frame::RejectCode;
use crate::options::TornTail;
use crate::problems::{BAD_LENGTH, FRAME_TOO_LARGE, TORN_TAIL};

/// How many fields of messages one search may look at, so that hostile bytes cannot make it
/// quadratic.
const SEARCH_FIELDS: usize = 8 << 20;

/// The cutter of length-prefixed messages.
///
/// A length is believed if the body behind it is a request as far as its outermost fields show,
/// or if another prefix follows the body. Otherwise reading goes on at the next place from which
/// lengths and messages agree, and what lies between is rejected.
#[derive(Debug)]
pub(crate) struct BinaryCutter {
    framing: Framing,
    max_bytes: usize,
    torn_tail: TornTail,
}

/// How far messages and lengths agree from some place on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    /// Whole messages.
    pub messages: usize,
    pub end: WalkEnd,
}

/// What ended a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalkEnd {
    /// The bytes, exactly.
    Exact,
    /// The bytes, inside a message or prefix that is well so far.
    Short,
    /// Something else than a message.
    Wrong,
    /// Enough messages were seen.
    Enough,
}

impl BinaryCutter {
    pub fn new(framing: Framing, max_bytes: usize) -> Self {
        Self {
            framing,
            max_bytes: max_bytes.max(1),
            torn_tail: TornTail::Reject,
        }
    }

    /// Says what becomes of a message that the end of the file cuts off: rejected unless told.
    pub fn set_torn_tail(&mut self, torn_tail: TornTail) {
        self.torn_tail = torn_tail;
    }

    fn waits(&self) -> bool {
        self.torn_tail == TornTail::Wait
    }

    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Looks at the front of `bytes`; `at_end` says that nothing follows them.
    pub fn next(&self, bytes: &[u8], at_end: bool) -> Cut {
        if bytes.is_empty() {
            return if at_end { Cut::End } else { Cut::Need(1) };
        }
        let (header, len, compressed) = match self.framing.header(bytes) {
            Header::Body(header, len, compressed) => (header, len, compressed),
            Header::Short if !at_end => return Cut::Need(16),
            Header::Short => return self.rest(bytes, TORN_TAIL),
            Header::Wrong => return self.resync(bytes, at_end, BAD_LENGTH),
        };
        if len == 0 {
            return self.padding(bytes, at_end, header);
        }
        let Some(end) = usize::try_from(len)
            .ok()
            .filter(|len| *len <= self.max_bytes)
            .map(|len| header + len)
        else {
            return self.oversized(bytes, at_end, header, len, compressed);
        };
        let Some(body) = bytes.get(header..end) else {
            if !at_end {
                return Cut::Need(end.min(2 * bytes.len()));
            }
            let look = self
                .framing
                .look(&bytes[header..], compressed, false, &mut { SEARCH_FIELDS });
            if look == Look::Wrong {
                return self.resync(bytes, at_end, BAD_LENGTH);
            }
            if self.waits() {
                // Not searched: what the message holds may look like messages.
                return wait(bytes);
            }
            return self.resync(bytes, at_end, TORN_TAIL);
        };
        let rest = &bytes[end..];
        let look = self
            .framing
            .look(body, compressed, true, &mut { SEARCH_FIELDS });
        let may_be_padded = look != Look::Whole || body.ends_with(&[0]);
        if may_be_padded && self.waits() && is_padding(rest) {
            // Padding up to the end of the file may stand for what is not written yet.
            if at_end && !rest.is_empty() {
                return wait(bytes);
            }
            if !at_end && bytes.len() < self.max_bytes {
                return Cut::Need(2 * bytes.len());
            }
        }
        if look != Look::Whole {
            match self.follows(rest, at_end) {
                None => return Cut::Need(bytes.len().max(end) + 64),
                Some(true) => {}
                Some(false) if self.waits() && self.follows(rest, false).is_none() => {
                    return wait(bytes);
                }
                Some(false) => return self.resync(bytes, at_end, BAD_LENGTH),
            }
        }
        Cut::Record {
            start: header,
            end,
            compressed,
        }
    }

    /// Whether a prefix follows a body, which makes its length believable; none if more bytes
    /// must be seen.
    fn follows(&self, rest: &[u8], at_end: bool) -> Option<bool> {
        if rest.is_empty() && at_end {
            return Some(true);
        }
        let (header, len, compressed) = match self.framing.header(rest) {
            Header::Body(_, 0, _) => return Some(true),
            Header::Body(header, len, compressed) => (header, len, compressed),
            Header::Short if at_end => return Some(false),
            Header::Short => return None,
            Header::Wrong => return Some(false),
        };
        if len > self.max_bytes as u64 {
            return Some(false);
        }
        let front = &rest[header..rest.len().min(header + 2)];
        if front.is_empty() && !at_end {
            return None;
        }
        let look = self.framing.look(front, compressed, false, &mut { 1 });
        Some(look != Look::Wrong && !front.is_empty())
    }

    /// Skips zeros, of which files are full that were allocated before they were written. An
    /// empty message looks the same and holds nothing.
    fn padding(&self, bytes: &[u8], at_end: bool, found: usize) -> Cut {
        let header = self.framing.min_header_len();
        let Some(zeros) = bytes.iter().position(|byte| *byte != 0) else {
            return if at_end {
                Cut::Skip(bytes.len())
            } else if bytes.len() > 2 * header {
                Cut::Skip(bytes.len() - header)
            } else {
                Cut::Need(4 * header)
            };
        };
        // The prefix after the padding may begin with zeros itself.
        for start in zeros.saturating_sub(header - 1).max(1)..=zeros {
            let walk = self.walk(&bytes[start..], 1, &mut { SEARCH_FIELDS });
            if walk.messages == 1 {
                return Cut::Skip(start);
            }
            let prefix_in_sight = matches!(
                self.framing.header(&bytes[start..]),
                Header::Body(_, len, _) if len <= self.max_bytes as u64
            );
            if walk.end == WalkEnd::Short && prefix_in_sight {
                if !at_end {
                    return Cut::Need(2 * bytes.len());
                }
                if self.waits() {
                    return wait(bytes);
                }
            }
        }
        if bytes.len() < zeros + 64 && !at_end {
            return Cut::Need(zeros + 64);
        }
        Cut::Skip((zeros - zeros % header).max(found))
    }

    /// A length beyond the limit: damaged, or a message that is too large.
    fn oversized(
        &self,
        bytes: &[u8],
        at_end: bool,
        header: usize,
        len: u64,
        compressed: bool,
    ) -> Cut {
        if !at_end && bytes.len() < self.max_bytes {
            return Cut::Need(2 * bytes.len());
        }
        let view = &bytes[..bytes.len().min(self.max_bytes)];
        let shown = view.get(header..).unwrap_or(&[]);
        let is_wrong = self
            .framing
            .look(shown, compressed, false, &mut { SEARCH_FIELDS })
            == Look::Wrong;
        let begins_well = !shown.is_empty() && !is_wrong;
        let fits = bytes.len() as u64 >= len.saturating_add(header as u64) || !at_end;
        if self.waits() && !is_wrong && !fits {
            return wait(bytes);
        }
        if !begins_well || !fits {
            return self.resync(bytes, at_end, BAD_LENGTH);
        }
        if let Some(place) = self.search(view) {
            return bad_length(place);
        }
        let count = len + header as u64 - view.len() as u64;
        let message = format!(
            "expected a message of at most {} bytes, found one of {len}",
            self.max_bytes
        );
        Cut::RejectUntil(FRAME_TOO_LARGE, view.len(), message, Until::Count(count))
    }

    /// Rejects up to the next place from which lengths and messages agree. Without one, the
    /// rest is rejected with `code`.
    fn resync(&self, bytes: &[u8], at_end: bool, code: RejectCode) -> Cut {
        if !at_end && bytes.len() < self.max_bytes {
            return Cut::Need(2 * bytes.len());
        }
        let view = &bytes[..bytes.len().min(self.max_bytes)];
        if let Some(place) = self.search(view) {
            return bad_length(place);
        }
        if at_end && view.len() == bytes.len() {
            return self.rest(bytes, code);
        }
        // A message may begin in sight and end out of sight.
        bad_length((view.len() / 2).max(1))
    }

    fn rest(&self, bytes: &[u8], code: RejectCode) -> Cut {
        let Some(last) = bytes.iter().rposition(|byte| *byte != 0) else {
            return Cut::Skip(bytes.len());
        };
        if code == TORN_TAIL && self.waits() {
            return wait(bytes);
        }
        Cut::Reject(code, last + 1, not_whole(bytes))
    }

    /// The next place from which lengths and messages agree.
    fn search(&self, bytes: &[u8]) -> Option<usize> {
        let mut fields = SEARCH_FIELDS;
        (1..bytes.len()).find(|place| self.agrees(&bytes[*place..], &mut fields))
    }

    /// Whether lengths and messages agree from here on, so that it is no accident.
    pub fn agrees(&self, bytes: &[u8], fields: &mut usize) -> bool {
        // Nested messages look like varint-delimited ones, so these have to show more.
        let enough = if self.framing == Framing::Varint {
            3
        } else {
            1
        };
        let walk = self.walk(bytes, 3, fields);
        match walk.end {
            WalkEnd::Exact | WalkEnd::Short => walk.messages >= enough,
            WalkEnd::Enough => true,
            WalkEnd::Wrong => walk.messages > enough,
        }
    }

    /// Walks from message to message, at most `enough` of them.
    pub fn walk(&self, bytes: &[u8], enough: usize, fields: &mut usize) -> Walk {
        let mut rest = bytes;
        let mut messages = 0;
        let end = loop {
            if messages == enough {
                break WalkEnd::Enough;
            }
            if rest.is_empty() {
                break WalkEnd::Exact;
            }
            let (header, len, compressed) = match self.framing.header(rest) {
                Header::Body(header, len, compressed)
                    if len > 0 && len <= self.max_bytes as u64 =>
                {
                    (header, len as usize, compressed)
                }
                Header::Short => break WalkEnd::Short,
                Header::Body(..) if messages > 0 && rest.iter().all(|byte| *byte == 0) => {
                    break WalkEnd::Exact;
                }
                Header::Body(..) | Header::Wrong => break WalkEnd::Wrong,
            };
            let body = rest.get(header..header + len);
            let shown = body.unwrap_or(&rest[header..]);
            match self.framing.look(shown, compressed, body.is_some(), fields) {
                Look::Whole => {}
                Look::Short => break WalkEnd::Short,
                Look::Wrong => break WalkEnd::Wrong,
            }
            messages += 1;
            rest = &rest[header + len..];
        };
        Walk { messages, end }
    }
}

fn is_padding(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn wait(bytes: &[u8]) -> Cut {
    Cut::Wait(TORN_TAIL, not_whole(bytes))
}

fn not_whole(bytes: &[u8]) -> String {
    format!(
        "expected a whole message, found {} bytes and the end",
        bytes.len()
    )
}

fn bad_length(place: usize) -> Cut {
    let message =
        format!("a length prefix is wrong; lengths and messages agree again after {place} bytes");
    Cut::Reject(BAD_LENGTH, place, message)
}
