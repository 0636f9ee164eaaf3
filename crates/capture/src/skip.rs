//! A reject whose end was not in sight when it began.

use std::io;

use memchr::memchr;

use crate::cut::Until;
use crate::inflate::Fault;
use crate::json::resync;
use crate::stream::Window;

pub(crate) struct Skip {
    pub fault: Fault,
    pub offset: u64,
    /// The first bytes.
    pub kept: Vec<u8>,
    pub len_bytes: u64,
    until: Until,
    kept_limit: usize,
    after_line_end: bool,
    done: bool,
    /// Whether the end of the file came before the end of the reject.
    cut_off: bool,
}

impl Skip {
    pub fn new(fault: Fault, offset: u64, until: Until, kept_limit: usize) -> Self {
        Self {
            fault,
            offset,
            kept: Vec::new(),
            len_bytes: 0,
            until,
            kept_limit,
            after_line_end: false,
            done: false,
            cut_off: false,
        }
    }

    /// Adds bytes to the reject.
    pub fn keep(&mut self, bytes: &[u8]) {
        let room = self.kept_limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len_bytes += bytes.len() as u64;
        if let Some(last) = bytes.last() {
            self.after_line_end = *last == b'\n';
        }
    }

    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the file ended where the reject still goes on.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// Takes what is in the window, up to the end of the reject; says how many bytes it took.
    pub fn take(&mut self, window: &mut Window) -> io::Result<u64> {
        if window.bytes().is_empty() && !window.at_end() {
            window.fill(1)?;
        }
        let bytes = window.bytes();
        let end = self.end_in(bytes);
        let len = end.unwrap_or(bytes.len());
        self.keep(&bytes[..len]);
        if let Until::Count(left) = &mut self.until {
            *left -= len as u64;
        }
        let at_end = len == 0 && window.at_end();
        self.done = end.is_some() || at_end;
        self.cut_off = end.is_none() && at_end && !matches!(self.until, Until::End);
        window.consume(len);
        Ok(len as u64)
    }

    /// Where the reject ends in `bytes`, if it does.
    fn end_in(&self, bytes: &[u8]) -> Option<usize> {
        match self.until {
            Until::Count(left) => usize::try_from(left)
                .ok()
                .filter(|left| *left <= bytes.len()),
            Until::NextLine => memchr(b'\n', bytes),
            Until::NextRecord
                if self.after_line_end && matches!(bytes.first(), Some(b'{' | b'[')) =>
            {
                Some(0)
            }
            Until::NextRecord => resync::next_record(bytes, 0),
            Until::End => None,
        }
    }
}
