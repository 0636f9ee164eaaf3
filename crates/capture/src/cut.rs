//! What a cutter says about the bytes at the front of the window.
//!
//! Cutters own no reader: they are shown bytes and answer. An answer other than [`Cut::Need`]
//! does not change when more bytes are shown, so how a file is read never changes its frames.

use crate::frame::RejectCode;

/// The answer of a cutter. Lengths count from the front of the bytes shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Undecided: at least this many bytes must be shown, or all there are.
    Need(usize),
    /// Blank or framing.
    Skip(usize),
    /// A record: its payload, and where what belongs to it ends.
    Record {
        start: usize,
        end: usize,
        compressed: bool,
    },
    /// These bytes are no frame.
    Reject(RejectCode, usize, String),
    /// These bytes are no frame, nor is what follows up to a place that is not in sight.
    RejectUntil(RejectCode, usize, String, Until),
    /// The end of the file cuts off what begins here, and its rest may still come. Answered only
    /// where a torn tail shall wait; the code and text are those of the reject it is otherwise.
    Wait(RejectCode, String),
    /// Nothing is left.
    End,
}

/// Where a reject ends whose end is not in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// After so many bytes more.
    Count(u64),
    /// Where a line begins with a bracket.
    NextRecord,
    /// At the next line.
    NextLine,
    /// At the end of the file.
    End,
}
