//! Files that are not cut: one message, or nothing that is known.

use crate::binary::message::{self, Look};
use crate::cut::{Cut, Until};
use crate::options::TornTail;
use crate::problems::{FRAME_TOO_LARGE, TORN_TAIL, UNRECOGNISED};
use crate::recognise::{self, LOOK_FIELDS};

/// How many bytes are shown of a file that is not recognised, enough to say what it looks like.
const SHOWN_BYTES: usize = 512;

/// Cuts a file that is one message.
pub(crate) fn message(bytes: &[u8], at_end: bool, max_bytes: usize, torn_tail: TornTail) -> Cut {
    if bytes.is_empty() {
        return if at_end { Cut::End } else { Cut::Need(1) };
    }
    if bytes.len() > max_bytes {
        let message = format!("expected one message of at most {max_bytes} bytes");
        return Cut::RejectUntil(FRAME_TOO_LARGE, max_bytes, message, Until::End);
    }
    if !at_end {
        return Cut::Need((2 * bytes.len()).min(max_bytes + 1));
    }
    let look = || message::look(bytes, &mut { LOOK_FIELDS });
    let end = match recognise::without_line_end(bytes) {
        Some([]) => return Cut::Skip(bytes.len()),
        Some(message) => message.len(),
        None if torn_tail == TornTail::Wait && look() == Look::Short => {
            let found = bytes.len();
            let message = format!("expected a whole message, found {found} bytes and the end");
            return Cut::Wait(TORN_TAIL, message);
        }
        None => bytes.len(),
    };
    Cut::Record {
        start: 0,
        end,
        compressed: false,
    }
}

/// Rejects a file that is not recognised.
pub(crate) fn unrecognised(bytes: &[u8], at_end: bool) -> Cut {
    match bytes {
        [] if at_end => Cut::End,
        [] => Cut::Need(1),
        _ if bytes.len() < SHOWN_BYTES && !at_end => Cut::Need(SHOWN_BYTES),
        _ => Cut::RejectUntil(
            UNRECOGNISED,
            bytes.len().min(SHOWN_BYTES),
            recognise::describe(bytes),
            Until::End,
        ),
    }
}

/// Waits for a beginning that tells the format.
pub(crate) fn unsure(bytes: &[u8]) -> Cut {
    let message = format!(
        "expected enough bytes to tell the format, found {} and the end",
        bytes.len()
    );
    Cut::Wait(TORN_TAIL, message)
}
