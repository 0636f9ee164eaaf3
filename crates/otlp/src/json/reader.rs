//! A pull reader over the text of one frame: strict JSON, borrowed strings, no tree.

use std::borrow::Cow;

use bumpalo::Bump;
use otolith_capture::RejectCode;

use super::fault::{Fault, NOTE_CODES, Note, Stop};
use super::usual::UsualMembers;
use crate::known_lists::KnownLists;
use crate::problems::{BAD_JSON, BAD_VALUE};
use crate::sink::NoteCode;

/// A place in the text, and the notes made up to there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) offset: usize,
    notes: [u32; NOTE_CODES.len()],
}

/// Reads the JSON text of one frame from front to back, or again from a place it was at before.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// Memory for member names and quoted numbers that were written with escapes.
    pub(super) names: &'a Bump,
    /// Attribute lists of points that were read before.
    pub(super) lists: &'a mut KnownLists,
    /// How objects were written that were read before.
    pub(super) usual: UsualMembers<'a>,
    pub(super) pos: usize,
    fault: Option<Fault>,
    notes: [u32; NOTE_CODES.len()],
    /// Open brackets while a value is skipped: true for objects.
    pub(super) nesting: Vec<bool>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, names: &'a Bump, lists: &'a mut KnownLists) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            names,
            lists,
            usual: UsualMembers::default(),
            pos: 0,
            fault: None,
            notes: [0; NOTE_CODES.len()],
            nesting: Vec::new(),
        }
    }

    /// The byte offset of what is read next.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.pos
    }

    /// Goes to an offset that [`Self::offset`] returned before, or one past ASCII read since.
    pub(super) fn go_to(&mut self, offset: usize) {
        self.pos = offset;
    }

    /// Remembers this place.
    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark {
            offset: self.pos,
            notes: self.notes,
        }
    }

    /// Whether nothing was noted since a place.
    pub(super) fn is_unnoted_since(&self, mark: &Mark) -> bool {
        self.notes == mark.notes
    }

    /// Goes back to a place and forgets the notes made since.
    pub(super) fn go_back(&mut self, mark: Mark) {
        self.pos = mark.offset;
        self.notes = mark.notes;
    }

    /// The text from an earlier offset to here.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.pos).unwrap_or_default()
    }

    /// The bytes that are not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or_default()
    }

    /// Counts a tolerated deviation.
    #[cold]
    pub(super) fn note(&mut self, note: Note) {
        self.notes[note as usize] += 1;
    }

    /// The notes so far with their counts.
    pub(super) fn notes(&self) -> impl Iterator<Item = (NoteCode, u32)> {
        NOTE_CODES.into_iter().zip(self.notes)
    }

    /// The reason of the last [`Stop`].
    #[cold]
    pub(super) fn take_fault(&mut self) -> Fault {
        self.fault.take().unwrap_or(Fault {
            code: BAD_JSON,
            offset: self.pos,
            message: Cow::Borrowed("unreadable"),
        })
    }

    /// Stops: the text is not JSON at the present place.
    #[cold]
    pub(super) fn syntax<T>(&mut self, expected: &'static str) -> Result<T, Stop> {
        let message = match self
            .text
            .get(self.pos..)
            .and_then(|rest| rest.chars().next())
        {
            None => Cow::Owned(format!("expected {expected}, found the end")),
            Some(found) => Cow::Owned(format!("expected {expected}, found {found:?}")),
        };
        self.stop(BAD_JSON, self.pos, message)
    }

    /// Stops: what stands at `offset` is JSON but not what the protocol allows there.
    #[cold]
    pub(super) fn stop<T>(
        &mut self,
        code: RejectCode,
        offset: usize,
        message: impl Into<Cow<'static, str>>,
    ) -> Result<T, Stop> {
        self.fault = Some(Fault {
            code,
            offset,
            message: message.into(),
        });
        Err(Stop)
    }

    /// Stops: the value that begins here is of the wrong kind (or no value at all).
    #[cold]
    pub(super) fn wrong_kind<T>(&mut self, expected: &'static str) -> Result<T, Stop> {
        let found = match self.peek() {
            b'{' => "an object",
            b'[' => "a list",
            b'"' => "a string",
            b't' | b'f' => "a truth value",
            b'n' => "null",
            b'-' | b'0'..=b'9' => "a number",
            _ => return self.syntax("a value"),
        };
        self.stop(
            BAD_VALUE,
            self.pos,
            format!("expected {expected}, found {found}"),
        )
    }

    /// The next byte; 0, which JSON allows nowhere, at the end.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.pos).copied().unwrap_or(0)
    }

    /// Whether all text was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// Skips white space.
    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.pos += 1;
        }
    }

    /// Takes `literal` if it comes next.
    #[inline]
    pub(super) fn eat<const N: usize>(&mut self, literal: &[u8; N]) -> bool {
        let found = self.rest().first_chunk() == Some(literal);
        if found {
            self.pos += N;
        }
        found
    }

    /// Takes `literal` if it comes next.
    pub(super) fn eat_slice(&mut self, literal: &[u8]) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.pos += literal.len();
        }
        found
    }

    /// Takes a `null` if one comes next.
    ///
    /// # Errors
    ///
    /// Stops at another word that begins with `n`.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool, Stop> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        if self.eat(b"null") {
            return Ok(true);
        }
        self.syntax("a value")
    }

    /// Enters an object; false at `null`, which stands for an absent one.
    #[inline]
    pub(super) fn object(&mut self) -> Result<bool, Stop> {
        if self.peek() == b'{' {
            self.pos += 1;
            return Ok(true);
        }
        if self.null()? {
            return Ok(false);
        }
        self.wrong_kind("an object")
    }

    /// Enters a list; false at `null`, which stands for an absent one.
    #[inline]
    pub(super) fn list(&mut self) -> Result<bool, Stop> {
        if self.peek() == b'[' {
            self.pos += 1;
            return Ok(true);
        }
        if self.null()? {
            return Ok(false);
        }
        self.wrong_kind("a list")
    }

    /// Goes to the value of the next member of an object and returns its name, or leaves the
    /// object. `first` is true before the first call and kept by the caller.
    #[inline]
    pub(super) fn member(&mut self, first: &mut bool) -> Result<Option<&'a str>, Stop> {
        self.space();
        match self.peek() {
            b'}' => {
                self.pos += 1;
                return Ok(None);
            }
            b',' if !*first => {
                self.pos += 1;
                self.space();
            }
            b'"' if *first => *first = false,
            _ if *first => return self.syntax("a member or `}`"),
            _ => return self.syntax("`,` or `}`"),
        }
        if self.peek() != b'"' {
            return self.syntax("a member name");
        }
        let name = self.string(self.names)?;
        self.space();
        if self.peek() != b':' {
            return self.syntax("`:`");
        }
        self.pos += 1;
        self.space();
        Ok(Some(name))
    }

    /// Goes to the next element of a list, or leaves it and returns false. `first` is true
    /// before the first call and kept by the caller.
    #[inline]
    pub(super) fn element(&mut self, first: &mut bool) -> Result<bool, Stop> {
        self.space();
        match self.peek() {
            b']' => {
                self.pos += 1;
                Ok(false)
            }
            b',' if !*first => {
                self.pos += 1;
                self.space();
                Ok(true)
            }
            _ if *first => {
                *first = false;
                Ok(true)
            }
            _ => self.syntax("`,` or `]`"),
        }
    }

    /// Reads a number and returns its text.
    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a str, Stop> {
        let start = self.pos;
        if self.peek() == b'-' {
            self.pos += 1;
        }
        match self.peek() {
            b'0' => self.pos += 1,
            b'1'..=b'9' => self.digits(),
            _ => return self.syntax("a digit"),
        }
        if self.peek() == b'.' {
            self.pos += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.pos += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.pos += 1;
            }
            self.some_digits()?;
        }
        Ok(&self.text[start..self.pos])
    }

    fn some_digits(&mut self) -> Result<(), Stop> {
        if !self.peek().is_ascii_digit() {
            return self.syntax("a digit");
        }
        self.digits();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
    }
}
